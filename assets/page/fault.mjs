/**
 * What went wrong, and the way on: a button that asks for the same once more. Whoever asked shows what
 * came of it, a new fault or none.
 */

import { reason, wayOn } from "./answers.mjs";
import { element } from "./dom.mjs";

const AGAIN = "Trying again …";

/** @typedef {{live?: boolean, back?: () => HTMLElement | null}} How live: false where what lies around
 *   is announced already; back: where the focus goes when all is well */

/**
 * @param {string} text
 * @param {(() => unknown) | undefined} retry resolves once it is known what came of it; none, no button
 * @param {How} [how] @returns {HTMLElement}
 */
export function faultLine(text, retry, how = {}) {
  const { live = true, back } = how;
  const words = element("span", { text });
  const node = element("span", { class: "ac-fault", role: live ? "alert" : null }, words);
  if (!retry) return node;
  const again = async () => {
    if (words.textContent === AGAIN) return;
    words.textContent = AGAIN;
    const around = ancestors(node);
    try {
      await retry();
    } finally {
      if (node.isConnected && words.textContent === AGAIN) node.remove();
      const { activeElement } = document;
      // What had the focus was taken away: it goes to the next fault, or to what now works.
      if (!activeElement || activeElement === document.body) {
        const home = around.find((each) => each.isConnected);
        /** @type {HTMLElement | null | undefined} */ (home?.querySelector(".ac-retry") ?? back?.())?.focus();
      }
    }
  };
  node.append(
    " ",
    element("button", { type: "button", class: "ac-link ac-retry", text: "Retry", onclick: () => { again(); } }),
  );
  return node;
}

/** @param {Element} node @returns {Element[]} from its parent on, as they are now */
function ancestors(node) {
  const found = [];
  for (let each = node.parentElement; each && each !== document.body; each = each.parentElement) found.push(each);
  return found;
}

/** The line of an error: with the button where asking again may help.
 * @param {unknown} error @param {() => unknown} retry @param {How} [how] */
export function faultOf(error, retry, how) {
  return faultLine(reason(error), wayOn(error, retry), how);
}

/** In place of what cannot be shown.
 * @param {string} text @param {(() => unknown) | undefined} retry
 * @param {How} [how] @returns {HTMLElement} */
export function faultBox(text, retry, how) {
  return element("div", { class: "ac-empty" }, element("p", {}, faultLine(text, retry, how)));
}
