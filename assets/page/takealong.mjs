/**
 * What pages of charts give to take along: the link to what is seen, and the Python that makes its
 * figures again. The address is the state of the page, so the server writes the Python from it.
 *
 *   <div class="take-along"> <button data-copy="link"> <button data-copy="python" data-python data-name>
 *     <span role="status"> </div>
 */

import { reason } from "./answers.mjs";
import { copyLink, copyPython } from "./takeaway.mjs";

const TOLD_MS = 2500;
// Waiting shorter than this is not announced: a flash would be more noise than news.
const PATIENCE_MS = 90;

/** @type {WeakMap<Element, number>} */
const timers = new WeakMap();

/** Say something beside the button.
 * @param {HTMLElement} button @param {string} text
 * @param {number} [stays] milliseconds; 0 = until something else is said */
function tell(button, text, stays = TOLD_MS) {
  const told = button.closest(".take-along")?.querySelector("[role=status]");
  if (!told) return;
  clearTimeout(timers.get(told));
  told.textContent = text;
  if (stays) timers.set(told, setTimeout(() => (told.textContent = ""), stays));
}

/** @param {HTMLElement} button with data-python, the address, and data-name, that of a file */
async function python({ dataset }) {
  const { search } = window.location;
  const answer = await fetch(`${dataset.python}${search}`);
  if (!answer.ok) {
    const { error = "" } = await answer.json().catch(() => ({}));
    throw new Error(error || `The server answered ${answer.status}.`);
  }
  return copyPython(await answer.text(), dataset.name ?? "figure.py");
}

/** @param {HTMLElement} button */
async function copy(button) {
  const waiting = setTimeout(() => tell(button, "Writing the Python …", 0), PATIENCE_MS);
  try {
    const told = button.dataset.copy === "link" ? await copyLink() : await python(button);
    clearTimeout(waiting);
    tell(button, told);
  } catch (error) {
    clearTimeout(waiting);
    tell(button, `No Python to copy. ${reason(error)}`, 4 * TOLD_MS);
  }
}

document.addEventListener("click", (event) => {
  const button = /** @type {HTMLElement} */ (event.target)?.closest?.("button[data-copy]");
  if (button) void copy(/** @type {HTMLElement} */ (button));
});
