import assert from "node:assert/strict";
import { before, test } from "node:test";

/** @type {any[]} */
const made = [];
const node = () => {
  /** @type {any} */
  const each = { remove() {}, setAttribute() {}, addEventListener() {}, hidden: false };
  each.append = (/** @type {any[]} */ ...parts) => (each.firstElementChild ??= parts[0]);
  made.push(each);
  return each;
};
const page = Object.assign(new EventTarget(), { location: { pathname: "/factors" } });
before(() => {
  globalThis.document = /** @type {any} */ ({ createElement: node, body: node(), querySelector: () => null });
  globalThis.window = /** @type {any} */ (page);
});

const soon = () => new Promise((resolve) => setTimeout(resolve, 5));
/** Lines told since so many elements were there.
 * @param {number} [since] */
const lines = (since = 0) => made.slice(since).filter(({ className }) => className === "ac-notice-line");

const asked = (/** @type {string} */ output) => JSON.stringify({ output, inputs: [] });
const answer = (status = 200) => new Response(status === 204 ? null : "no line for readers", { status });

/** Asks that give one outcome after the other.
 * @param {(Response | Error)[]} outcomes */
function asks(...outcomes) {
  let at = 0;
  const ask = async () => {
    const outcome = outcomes[at++];
    if (outcome instanceof Error) throw outcome;
    return outcome;
  };
  return Object.assign(ask, { times: () => at });
}

test("an answer is passed on, also one that refuses", async () => {
  const { insist } = await import("../../../assets/page/held.mjs");
  for (const status of [200, 204, 400]) {
    assert.equal((await insist(asks(answer(status)), asked("a.x"))).status, status);
  }
});

test("what got no answer waits until the same is asked again and answered", async () => {
  const { insist, retry } = await import("../../../assets/page/held.mjs");
  const ask = asks(new TypeError("no net"), answer(502), answer(200));
  let got = 0;
  const done = insist(ask, asked("b.x")).then((response) => (got = response.status));
  await soon();
  await retry();
  assert.equal(got, 0);
  await retry();
  await done;
  assert.equal(got, 200);
  assert.equal(ask.times(), 3);
  await retry();
  assert.equal(ask.times(), 3);
});

test("what the server says of itself in a line is told", async () => {
  const { insist, giveUp } = await import("../../../assets/page/held.mjs");
  const said = "The atlas cannot be read now. Try again in a while.";
  const sent = { status: 503, headers: { "Content-Type": "text/plain; charset=utf-8" } };
  const done = insist(asks(new Response(said, sent)), asked("e.x"));
  await soon();
  assert.ok(made.some(({ textContent = "" }) => textContent.endsWith(said)));
  giveUp();
  // Whoever asked can still read it.
  assert.equal(await (await done).text(), said);
});

test("a later request for the same parts, or a reader who goes on, lets the earlier one fail", async () => {
  const { insist, giveUp } = await import("../../../assets/page/held.mjs");
  const earlier = insist(asks(new TypeError("first")), asked("c.x"));
  const other = insist(asks(answer(503)), asked("d.x"));
  const failed = assert.rejects(earlier, /first/);
  await soon();
  await insist(asks(answer()), asked("c.x"));
  await failed;
  giveUp();
  assert.equal((await other).status, 503);
});

test("an earlier request that fails after a later one was made is not held", async () => {
  const { insist, retry } = await import("../../../assets/page/held.mjs");
  const before = lines().length;
  /** @type {(error: Error) => void} */
  let lose;
  const slow = Object.assign(() => new Promise((_, fail) => (lose = fail)), { times: () => 0 });
  const earlier = insist(/** @type {any} */ (slow), asked("f.x"));
  const failed = assert.rejects(earlier, /lost late/);
  assert.equal((await insist(asks(answer()), asked("f.x"))).status, 200);
  lose(new TypeError("lost late"));
  await failed;
  assert.equal(lines().length, before);

  // Nor does it let the later one fail, which is held.
  const again = insist(/** @type {any} */ (slow), asked("f.x"));
  const later = insist(asks(answer(503), answer(200)), asked("f.x"));
  await soon();
  lose(new TypeError("lost late"));
  await assert.rejects(again, /lost late/);
  await retry();
  assert.equal((await later).status, 200);
});

test("a page that asks in vain over and over has one line, which is told once", async () => {
  const { insist, retry, giveUp } = await import("../../../assets/page/held.mjs");
  const since = made.length;
  const each = [1, 2, 3].map(() => asks(answer(502), answer(502)));
  const done = [];
  for (const ask of each) {
    done.push(insist(ask, asked("g.poll")));
    await soon();
  }
  const [line, ...others] = lines(since);
  assert.deepEqual(others, []);
  const words = line.firstElementChild.firstElementChild;
  assert.match(words.textContent, /no line for readers/);
  // What the line says meanwhile stays too, until it is known what came of the retry.
  words.textContent = "Trying again …";
  done.push(insist(asks(answer(502), answer(502)), asked("g.poll")));
  await soon();
  assert.equal(words.textContent, "Trying again …");
  await retry();
  assert.match(words.textContent, /no line for readers/);

  const sent = { status: 503, headers: { "Content-Type": "text/plain" } };
  done.push(insist(asks(new Response("Read again later.", sent)), asked("g.poll")));
  await soon();
  assert.match(words.textContent, /Read again later/);
  assert.equal(lines(since).length, 1);
  giveUp();
  await Promise.all(done);
});

test("what was dismissed comes back with other words, or where a reader asks, but not with the next poll", async () => {
  const { insist, giveUp } = await import("../../../assets/page/held.mjs");
  const since = made.length;
  const tick = JSON.stringify({ output: "p.poll", changedPropIds: ["timer.n_intervals"] });
  const click = JSON.stringify({ output: "p.poll", changedPropIds: ["button.n_clicks"] });
  const said = (/** @type {string} */ text) =>
    asks(new Response(text, { status: 503, headers: { "Content-Type": "text/plain" } }));
  const done = [insist(asks(answer(502)), tick)];
  await soon();
  assert.equal(lines(since).length, 1);
  giveUp();
  done.push(insist(asks(answer(502)), tick), insist(asks(answer(502)), tick));
  await soon();
  assert.equal(lines(since).length, 1);
  done.push(insist(said("Read again later."), tick));
  await soon();
  assert.equal(lines(since).length, 2);
  giveUp();
  done.push(insist(said("Read again later."), tick));
  await soon();
  assert.equal(lines(since).length, 2);
  done.push(insist(said("Read again later."), click));
  await soon();
  assert.equal(lines(since).length, 3);
  giveUp();
  // It was there meanwhile: what is said now is news.
  done.push(insist(asks(answer()), tick));
  await soon();
  done.push(insist(said("Read again later."), tick));
  await soon();
  assert.equal(lines(since).length, 4);
  giveUp();
  await Promise.all(done);
});

test("what a page waited for is given up when the reader leaves it", async () => {
  const { insist } = await import("../../../assets/page/held.mjs");
  const earlier = insist(asks(new TypeError("of factors")), asked("h.x"));
  const left = assert.rejects(earlier, /of factors/);
  /** @type {(error: Error) => void} */
  let lose;
  const pending = insist(() => new Promise((_, fail) => (lose = fail)), asked("i.x"));
  await soon();
  // Another query is no other page.
  page.dispatchEvent(new Event("popstate"));
  assert.equal(await Promise.race([earlier, soon().then(() => "held")]), "held");
  const place = made.find(({ className }) => className === "ac-notice");
  assert.equal(place.hidden, false);

  page.location.pathname = "/explore";
  page.dispatchEvent(new Event("_dashprivate_pushstate"));
  await left;
  assert.equal(place.hidden, true);
  lose(new TypeError("of the page before"));
  await assert.rejects(pending, /of the page before/);
  assert.equal(place.hidden, true);
});
