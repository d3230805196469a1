/**
 * What a page asked its server and got no answer to is held: Dash goes on waiting while a line offers
 * the reader to ask the very same again. A later request for the same parts takes the place of an
 * earlier one, which then fails as it did; so does what was asked for a page that the reader has left.
 *
 * @typedef {() => Promise<Response>} Ask
 * @typedef {{ask: Ask, settle: (response: Response) => void, give: () => void, why: string,
 *   path: string}} Held give: let Dash have what came in place of an answer; path: of the page it is for
 */

import { element } from "./dom.mjs";
import { Notice } from "./notice.mjs";
import { isClocked, readRequest } from "./dashrequest.mjs";

const SAID = "Part of this page could not be brought up to date.";
const NO_ANSWER = "The server gave no answer.";
const LONGEST = 200;

/** @type {Map<string, Held>} by the parts that they are for */
const held = new Map();
/** @type {Map<string, number>} how often they were asked for, the last time being the newest request */
const asked = new Map();
/** @type {Map<string, string>} why parts are not there, where the reader has read and dismissed it: what
 * a page asks by itself, again and again, brings the same words back no more */
const dismissed = new Map();
/** @type {Notice | null} */
let notice = null;
/** What the notice says, and of which parts. */
let told = "";

/** @param {Ask} ask @param {string} body of the request @returns {Promise<Response>} */
export async function insist(ask, body) {
  const parts = partsOf(body);
  const path = here();
  const turn = (asked.get(parts) ?? 0) + 1;
  asked.set(parts, turn);
  const found = await tried(ask);
  const why = answerIn(found) ? "" : await reasonOf(found);
  const isNewest = asked.get(parts) === turn;
  if (isNewest) drop(parts);
  if (!why || !isClocked(readRequest(body))) dismissed.delete(parts);
  return new Promise((settle, fail) => {
    const give = () => (found.response ? settle(found.response) : fail(found.error));
    if (why && isNewest && path === here()) {
      held.set(parts, { ask, settle, give, why, path });
      tell();
      return;
    }
    if (!held.size) tell();
    give();
  });
}

/** @typedef {{response?: Response, error?: unknown}} Outcome */

/** @param {Ask} ask @returns {Promise<Outcome>} */
async function tried(ask) {
  try {
    return { response: await ask() };
  } catch (error) {
    return { error };
  }
}

/** @param {Outcome} outcome
 * @returns {Response | null} null where none came, or only that of what stands before a server that is away */
function answerIn({ response }) {
  return response && response.status < 500 ? response : null;
}

/** What the server says of it, where it says so in a line for readers.
 * @param {Outcome} outcome @returns {Promise<string>} */
async function reasonOf({ response }) {
  if (!response?.headers.get("Content-Type")?.startsWith("text/plain")) return NO_ANSWER;
  const text = (await response.clone().text()).trim();
  return text && text.length <= LONGEST ? text : NO_ANSWER;
}

/** An earlier request for the same is wanted no more.
 * @param {string} parts */
function drop(parts) {
  const earlier = held.get(parts);
  held.delete(parts);
  earlier?.give();
}

/** Make all requests that are held once more. */
export async function retry() {
  await Promise.all(
    [...held].map(async ([parts, each]) => {
      const found = await tried(each.ask);
      if (held.get(parts) !== each) return;
      const answer = answerIn(found);
      if (!answer) {
        each.why = await reasonOf(found);
        return;
      }
      held.delete(parts);
      each.settle(answer);
    }),
  );
  tell(true);
}

/** The reader goes on without. */
export function giveUp() {
  for (const [parts, { why }] of [...held]) {
    dismissed.set(parts, why);
    drop(parts);
  }
  tell();
}

let left = here();

/** The address changed: what another page waited for is wanted no more. */
function leave() {
  if (left !== here()) dismissed.clear();
  left = here();
  if (![...held.values()].some(({ path }) => path !== here())) return;
  for (const [parts, { path }] of [...held]) if (path !== here()) drop(parts);
  tell();
}

window.addEventListener("popstate", leave);
// Links inside the app change the address without leaving the page.
window.addEventListener("_dashprivate_pushstate", leave);

function here() {
  return window.location.pathname;
}

/** Say what is held. What is said of the same already stays: a page that asks every second would take
 * the focus from its button and be read out each time.
 * @param {boolean} [anew] the line says something else now, of a retry */
function tell(anew = false) {
  const open = [...held].filter(([parts, { why }]) => dismissed.get(parts) !== why);
  const reasons = [...new Set(open.map(([, { why }]) => why))];
  const text = open.length ? `${SAID} ${reasons.join(" ")}` : "";
  const telling = [text, ...open.map(([parts]) => parts).sort()].join("\n");
  if (telling === told && !anew) return;
  told = telling;
  if (text && !notice) {
    notice = new Notice(main);
    document.body.append(element("div", { class: "page-notice" }, notice.node));
  }
  if (!text || !notice?.amend(text)) notice?.say(text, { retry, dismissed: giveUp });
}

/** The page itself, made ready for the focus.
 * @returns {HTMLElement | null} */
function main() {
  const node = document.querySelector("main");
  node?.setAttribute("tabindex", "-1");
  return node;
}

/** What Dash asks for, by its request.
 * @param {string} body */
function partsOf(body) {
  return String(readRequest(body).output ?? body);
}
