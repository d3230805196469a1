import assert from "node:assert/strict";
import { before, test } from "node:test";

/** @type {any[]} */
const made = [];
const node = () => {
  const each = { append() {}, remove() {}, setAttribute() {}, addEventListener() {}, hidden: false };
  made.push(each);
  return each;
};
before(() => {
  globalThis.document = /** @type {any} */ ({ createElement: node, body: node(), querySelector: () => null });
});

const asked = (/** @type {string} */ output) => JSON.stringify({ output, inputs: [] });
const answer = (status = 200) => new Response(status === 204 ? null : "no line for readers", { status });

/** Asks that give one outcome after the other. @param {(Response | Error)[]} outcomes */
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
  const { insist } = await import("../../assets/held.mjs");
  for (const status of [200, 204, 400]) {
    assert.equal((await insist(asks(answer(status)), asked("a.x"))).status, status);
  }
});

test("what got no answer waits until the same is asked again and answered", async () => {
  const { insist, retry } = await import("../../assets/held.mjs");
  const ask = asks(new TypeError("no net"), answer(502), answer(200));
  let got = 0;
  const done = insist(ask, asked("b.x")).then((response) => (got = response.status));
  await new Promise((resolve) => setTimeout(resolve, 5));
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
  const { insist, giveUp } = await import("../../assets/held.mjs");
  const said = "The atlas cannot be read now. Try again in a while.";
  const sent = { status: 503, headers: { "Content-Type": "text/plain; charset=utf-8" } };
  const done = insist(asks(new Response(said, sent)), asked("e.x"));
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.ok(made.some(({ textContent = "" }) => textContent.endsWith(said)));
  giveUp();
  // Whoever asked can still read it.
  assert.equal(await (await done).text(), said);
});

test("a later request for the same parts, or a reader who goes on, lets the earlier one fail", async () => {
  const { insist, giveUp } = await import("../../assets/held.mjs");
  const earlier = insist(asks(new TypeError("first")), asked("c.x"));
  const other = insist(asks(answer(503)), asked("d.x"));
  const failed = assert.rejects(earlier, /first/);
  await new Promise((resolve) => setTimeout(resolve, 5));
  await insist(asks(answer()), asked("c.x"));
  await failed;
  giveUp();
  assert.equal((await other).status, 503);
});
