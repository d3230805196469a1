/**
 * A part of the page that is asked of the server says so, unless the answer comes at once: it is
 * marked busy and fades (waiting.css), and a bar runs at the top of the window, wherever the page is
 * scrolled to.
 */

import { element } from "./dom.mjs";
import { PATIENCE_MS } from "./surround.mjs";
import { isClocked, readRequest } from "./dashrequest.mjs";

const SAID = "Loading";

/**
 * How many answers each part waits for.
 * @type {Map<Element, number>}
 */
const busy = new Map();
/** Answers that are late, of which the bar tells. */
let late = 0;
const bar = element("div", { class: "page-waiting" });
// There before anything is late and never hidden with the bar: screen readers tell of a status only
// where they know it already when its text changes.
const status = element("span", { class: "visually-hidden", role: "status" });
document.body.append(bar, status);

/** Tell of an answer while it is late.
 * @param {Promise<Response>} answer @param {string} body of the request
 * @returns {Promise<Response>} the answer, as it came */
export async function announce(answer, body) {
  const parts = partsOf(body);
  if (!parts) return answer;
  /** @type {(() => void) | undefined} */
  let stop;
  const timer = setTimeout(() => (stop = begin(parts)), PATIENCE_MS);
  const end = () => {
    clearTimeout(timer);
    stop?.();
  };
  try {
    const response = await answer;
    // It is read by Dash as well, which then draws it.
    response.clone().arrayBuffer().then(drawn, () => {}).then(end);
    return response;
  } catch (error) {
    end();
    throw error;
  }
}

/** @returns {Promise<void>} once what has just arrived was drawn */
function drawn() {
  return new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => resolve())));
}

/** @param {string[]} ids of elements @returns {() => void} to call when they are there */
function begin(ids) {
  const found = ids.flatMap((id) => document.getElementById(id) ?? []);
  // What stands in another part waits by itself, and what is around it can be used meanwhile.
  const marked = found.filter((node) => !found.some((other) => other !== node && node.contains(other)));
  for (const node of marked) mark(node, 1);
  count(1);
  return () => {
    for (const node of marked) mark(node, -1);
    count(-1);
  };
}

/** @param {Element} node @param {number} change */
function mark(node, change) {
  const now = (busy.get(node) ?? 0) + change;
  if (now > 0) {
    busy.set(node, now);
    node.setAttribute("aria-busy", "true");
    node.setAttribute("data-late", "true");
  } else {
    busy.delete(node);
    node.removeAttribute("aria-busy");
    // Kept, as what is to fade in again.
    node.setAttribute("data-late", "false");
  }
}

/** @param {number} change */
function count(change) {
  late += change;
  bar.classList.toggle("is-late", late > 0);
  status.textContent = late > 0 ? SAID : "";
}

/** The elements whose content Dash asks for; null where a clock asks, for which nobody waits.
 * @param {string} body of its request @returns {string[] | null} */
export function partsOf(body) {
  const request = readRequest(body);
  if (isClocked(request)) return null;
  return [request.outputs ?? []]
    .flat(2)
    .filter(({ property }) => property === "children")
    .map(({ id }) => id)
    .filter((id) => typeof id === "string");
}
