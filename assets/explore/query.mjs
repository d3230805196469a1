/** What the server is asked about a selection, and its answers. */

import { present } from "../page/present.mjs";
import { AnswerFault, reached } from "../page/answers.mjs";
import { encodeSelection } from "../canvas/selecting/selection.mjs";
import { writeWithout } from "../canvas/selecting/picks.mjs";

// The server turns askers away while it compares for others.
const MOST_TRIES = 8;
const PAUSE_MS = 3000;

/**
 * The parameters that name the spots of a view's selection, and those it is compared with.
 * @param {import("../canvas/state.mjs").State} state with a selection
 * @param {Record<string, string>} [more] of them those that are not ''
 */
export function selectionQuery(state, more = {}) {
  const query = new URLSearchParams({ sel: encodeSelection(present(state.selection, "A selection")) });
  if (state.versus) query.set("against", encodeSelection(state.versus));
  const hidden = state.hidden.size ? [writeWithout(state.color, state.hidden)] : [];
  for (const text of [...state.without, ...hidden]) query.append("without", text);
  for (const [name, value] of Object.entries(more)) if (value) query.set(name, value);
  return query.toString();
}

/** An answer of the server, waited for while it is busy.
 * @param {string} address @param {AbortSignal} [signal] @returns {Promise<Response>} */
export async function ask(address, signal) {
  for (let tried = 1; ; tried++) {
    const response = await reached(address, { signal });
    if (response.ok) return response;
    const { status } = response;
    if (status !== 503 || tried === MOST_TRIES) throw new AnswerFault(await faultOf(response), status);
    await pause(PAUSE_MS, signal);
  }
}

/** @param {Response} response @returns {Promise<string>} what was wrong, found and expected */
async function faultOf(response) {
  try {
    const { error, found, expected } = await response.json();
    return [error, found && `Found: ${found}.`, expected && `Expected: ${expected}.`]
      .filter(Boolean)
      .join(" ");
  } catch {
    return `The server answered ${response.status} ${response.statusText}.`;
  }
}

/** @param {number} milliseconds @param {AbortSignal} [signal] @returns {Promise<void>} */
function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}

/** Fetch a file and offer it under the name that the server gives it.
 * @param {string} address */
export async function saveFile(address) {
  const response = await ask(address);
  const [, name] = /filename="?([^";]+)/.exec(response.headers.get("Content-Disposition") ?? "") ?? [];
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await response.blob());
  link.download = name ?? "selection";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
