import assert from "node:assert/strict";
import { afterEach, before, beforeEach, mock, test } from "node:test";

/** An element, as much of it as is needed here.
 * @param {string[]} inside ids of what stands in it */
const node = (...inside) => {
  /** @type {Map<string, string>} */
  const attributes = new Map();
  /** @type {any} */
  const each = { attributes, inside, classes: new Set(), textContent: "" };
  each.setAttribute = (/** @type {string} */ name, /** @type {string} */ value) => attributes.set(name, value);
  each.removeAttribute = (/** @type {string} */ name) => attributes.delete(name);
  each.append = (/** @type {any[]} */ ...parts) => (each.parts = parts);
  each.contains = (/** @type {any} */ other) => inside.some((id) => places[id] === other);
  each.classList = {
    toggle: (/** @type {string} */ name, /** @type {boolean} */ on) =>
      on ? each.classes.add(name) : each.classes.delete(name),
  };
  return each;
};
/** @type {Record<string, any>} */
let places = {};
const body = node();
/** @type {typeof import("../../../assets/page/waiting.mjs")} */
let waiting;
before(async () => {
  globalThis.document = /** @type {any} */ ({
    body,
    createElement: () => node(),
    getElementById: (/** @type {string} */ id) => places[id] ?? null,
  });
  globalThis.requestAnimationFrame = (/** @type {any} */ run) => (setImmediate(run), 0);
  waiting = await import("../../../assets/page/waiting.mjs");
});
beforeEach(() => {
  places = { panel: node("result"), result: node(), other: node() };
  mock.timers.enable({ apis: ["setTimeout"] });
});
afterEach(() => mock.timers.reset());

const request = (/** @type {string[]} */ ids, changed = ["url.search"]) =>
  JSON.stringify({
    outputs: ids.map((id) => ({ id, property: "children" })),
    changedPropIds: changed,
  });
const isBusy = (/** @type {string} */ id) => places[id].attributes.get("aria-busy") === "true";
const isLate = () => body.parts[0].classes.has("is-late");
/** Let all promises and frames go on. */
const flush = async () => {
  for (let turn = 0; turn < 12; turn++) await new Promise((resolve) => setImmediate(resolve));
};

/** An answer that is given when asked for. */
function pending() {
  /** @type {(response: Response) => void} */
  let give = () => {};
  /** @type {(error: Error) => void} */
  let lose = () => {};
  /** @type {Promise<Response>} */
  const answer = new Promise((resolve, reject) => ([give, lose] = [resolve, reject]));
  return { answer, give: () => give(new Response("{}")), lose: () => lose(new TypeError("no net")) };
}

test("the status is there, empty and outside of the hidden bar, before anything is late", () => {
  const [bar, status] = body.parts;
  assert.equal(bar.parts?.includes(status) ?? false, false);
  assert.deepEqual([status.attributes.get("role"), status.textContent], ["status", ""]);
});

test("a quick answer is not told of", async () => {
  const { answer, give } = pending();
  const done = waiting.announce(answer, request(["result"]));
  mock.timers.tick(80);
  give();
  assert.equal(await (await done).text(), "{}");
  await flush();
  mock.timers.tick(1000);
  assert.equal(isBusy("result") || isLate(), false);
});

test("a late answer is told of within 100 ms, where it will stand, until it was drawn", async () => {
  const { answer, give } = pending();
  const done = waiting.announce(answer, request(["panel", "result"]));
  mock.timers.tick(100);
  assert.deepEqual([isBusy("panel"), isBusy("result"), isLate()], [false, true, true]);
  assert.equal(body.parts[1].textContent, "Loading");
  give();
  await done;
  assert.equal(isBusy("result"), true);
  await flush();
  assert.deepEqual([isBusy("result"), isLate()], [false, false]);
  assert.equal(body.parts[1].textContent, "");
});

test("a part that two answers are for waits for both, also where one is lost", async () => {
  const [first, second] = [pending(), pending()];
  const lost = assert.rejects(waiting.announce(first.answer, request(["result"])), /no net/);
  const done = waiting.announce(second.answer, request(["result", "other"]));
  mock.timers.tick(100);
  first.lose();
  await lost;
  assert.deepEqual([isBusy("result"), isBusy("other"), isLate()], [true, true, true]);
  second.give();
  await done;
  await flush();
  assert.deepEqual([isBusy("result"), isBusy("other"), isLate()], [false, false, false]);
});

test("what a clock asks for is waited for by nobody", async () => {
  const { answer, give } = pending();
  const done = waiting.announce(answer, request(["result"], ["poll.n_intervals"]));
  mock.timers.tick(1000);
  assert.deepEqual([isBusy("result"), isLate()], [false, false]);
  give();
  await done;
  const both = request(["result"], ["poll.n_intervals", "url.search"]);
  assert.deepEqual(waiting.partsOf(both), ["result"]);
});

test("parts are those whose content is asked for; a request that says nothing has none", () => {
  const outputs = [
    { id: "url", property: "search" },
    { id: "result", property: "children" },
    [{ id: { type: "chart", name: "a" }, property: "children" }],
  ];
  assert.deepEqual(waiting.partsOf(JSON.stringify({ outputs })), ["result"]);
  const one = { id: "page", property: "children" };
  assert.deepEqual(waiting.partsOf(JSON.stringify({ outputs: one })), ["page"]);
  assert.deepEqual(waiting.partsOf("not JSON"), []);
});
