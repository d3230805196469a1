/**
 * Explanations of terms. A "?" beside a term shows what it means until Escape, another click or
 * the next Tab; screen readers are told as soon as the "?" has the focus.
 *
 *   <button class="term-help" data-term="factor">   atlas_app/components/parts.py and termHelp() make them
 *   <section class="glossary" data-terms='{"factor": ["Factor", "A group of …"]}'>   in the shell
 */

import { element } from "../page/dom.mjs";

const NOTE = "term-note";
const MARGIN = 8;

/** @returns {Record<string, [string, string]>} term and explanation by key; {} without a shell */
function glossary() {
  const shell = /** @type {HTMLElement | null} */ (document.querySelector(".glossary"));
  return JSON.parse(shell?.dataset.terms ?? "{}");
}

/** A "?" that explains a term.
 * @param {string} key in the glossary @returns {HTMLButtonElement} */
export function termHelp(key) {
  const [name] = glossary()[key] ?? [key];
  return element("button", {
    type: "button",
    class: "term-help",
    "data-term": key,
    "aria-label": `What does “${name}” mean?`,
    "aria-expanded": "false",
  });
}

/** Words with a "?" beside them.
 * @param {Node | string} words @param {string} key */
export function withHelp(words, key) {
  return element("span", { class: "with-help" }, words, termHelp(key));
}

const note = element("div", { class: "term-note", id: NOTE, role: "tooltip", hidden: true });
/** @type {HTMLElement | null} */
let shownFor = null;
/** Where that was when its note was shown. */
let place = { left: 0, top: 0 };

/** @param {EventTarget | null} target @returns {HTMLElement | null} */
function helpOf(target) {
  return /** @type {any} */ (target)?.closest?.(".term-help") ?? null;
}

/** @param {HTMLElement} button */
function describe(button) {
  const [name, text] = glossary()[button.dataset.term ?? ""] ?? ["", ""];
  note.replaceChildren(element("b", { text: name }), ` ${text}`);
  button.setAttribute("aria-describedby", NOTE);
  if (!note.isConnected) document.body.append(note);
}

/** @param {HTMLElement} button */
function show(button) {
  hide();
  describe(button);
  shownFor = button;
  note.hidden = false;
  button.setAttribute("aria-expanded", "true");
  const from = button.getBoundingClientRect();
  place = from;
  const { offsetWidth: width, offsetHeight: height } = note;
  const most = document.documentElement.clientWidth - width - MARGIN;
  const left = Math.max(MARGIN, Math.min(from.left + from.width / 2 - width / 2, most));
  const below = from.bottom + MARGIN;
  const top = below + height <= window.innerHeight ? below : Math.max(from.top - height - MARGIN, 0);
  note.style.transform = `translate(${left}px, ${top}px)`;
}

function hide() {
  note.hidden = true;
  shownFor?.setAttribute("aria-expanded", "false");
  shownFor = null;
}

/** What scrolled may have been something else, or have moved before the note came. */
function hideIfMoved() {
  if (!shownFor) return;
  const { left, top } = shownFor.getBoundingClientRect();
  if (left !== place.left || top !== place.top) hide();
}

/** Listen for every "?" there is or will be. */
export function explainTerms() {
  // First of all: what a "?" stands in, as the head of a column, must not act on it too.
  document.addEventListener(
    "click",
    (event) => {
      const button = helpOf(event.target);
      if (!button) return hide();
      event.preventDefault();
      event.stopPropagation();
      if (shownFor === button) hide();
      else show(button);
    },
    { capture: true },
  );
  document.addEventListener("focusin", (event) => {
    const button = helpOf(event.target);
    if (shownFor && button !== shownFor) hide();
    if (button) describe(button);
  });
  document.addEventListener(
    "keydown",
    (event) => {
      if (event.key !== "Escape" || !shownFor) return;
      event.stopPropagation();
      hide();
    },
    { capture: true },
  );
  // It hangs in the window, not in the page.
  document.addEventListener("scroll", hideIfMoved, { capture: true, passive: true });
  window.addEventListener("resize", hide);
}
