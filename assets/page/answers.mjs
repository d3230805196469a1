/** Asking the server, and whether asking again may help where no answer came. */

// Answers that are otherwise a little later: waited too long, too early, too many askers.
const LATER = [408, 425, 429];

/** An answer that is none. */
export class AnswerFault extends Error {
  /** @param {string} message @param {number} [status] of the answer; 0: none came */
  constructor(message, status = 0) {
    super(message);
    this.status = status;
  }
}

/** What went wrong, in words.
 * @param {unknown} error */
export function reason(error) {
  return error instanceof Error ? error.message : String(error);
}

/** Whether the same request may succeed a little later: no answer came, it broke off, or the fault is
 * the server's own. What it refused, it refuses again.
 * @param {unknown} error */
export function isPassing(error) {
  if (!(error instanceof AnswerFault)) return error instanceof TypeError || error instanceof SyntaxError;
  return error.status === 0 || error.status >= 500 || LATER.includes(error.status);
}

/** The way on from an error.
 * @param {unknown} error @param {() => unknown} again
 * @returns {(() => unknown) | undefined} `again` where that may help */
export function wayOn(error, again) {
  return isPassing(error) ? again : undefined;
}

/** `fetch` that says in words that nothing answered.
 * @param {string} address @param {RequestInit} [sent] @returns {Promise<Response>} of any status */
export async function reached(address, sent) {
  try {
    return await fetch(address, sent);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new AnswerFault("The server could not be reached.");
  }
}

/** @param {string} address @param {AbortSignal} [signal] @param {RequestInit} [sent]
 * @returns {Promise<Response>} */
export async function request(address, signal, sent = {}) {
  const response = await reached(address, { signal, ...sent });
  if (response.ok) return response;
  const text = await response.text();
  let message = `${response.status}: ${text.slice(0, 300) || response.statusText}`;
  try {
    const { error, examples = [] } = JSON.parse(text);
    if (error) message = examples.length ? `${error} For example: ${examples.slice(0, 3).join(", ")}.` : error;
  } catch {
    // Not JSON: the text itself is shown, with its status.
  }
  throw new AnswerFault(message, response.status);
}
