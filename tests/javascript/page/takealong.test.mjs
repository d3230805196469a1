import assert from "node:assert/strict";
import { afterEach, before, beforeEach, mock, test } from "node:test";

/** @type {(event: object) => void} */
let click = () => {};
/** @type {string[]} */
let copied = [];
let allowed = true;
/** @type {string[]} */
let asked = [];
/** @type {() => Response | Promise<Response>} */
let answer = () => new Response("");
before(async () => {
  globalThis.document = /** @type {any} */ ({
    addEventListener: (/** @type {string} */ kind, /** @type {any} */ run) => kind === "click" && (click = run),
  });
  globalThis.window = /** @type {any} */ ({
    location: { href: "https://atlas.example/stages?of=gene:MYH7", search: "?of=gene:MYH7" },
    addEventListener() {},
  });
  const writeText = async (/** @type {string} */ text) => {
    if (!allowed) throw new Error("denied");
    copied.push(text);
  };
  const value = { clipboard: { writeText } };
  Object.defineProperty(globalThis, "navigator", { value, configurable: true });
  globalThis.fetch = /** @type {any} */ (async (/** @type {string} */ address) => {
    asked.push(address);
    return answer();
  });
  await import("../../../assets/page/takealong.mjs");
});
beforeEach(() => {
  [copied, asked, allowed] = [[], [], true];
  mock.timers.enable({ apis: ["setTimeout"] });
});
afterEach(() => mock.timers.reset());

const flush = async () => {
  for (let turn = 0; turn < 8; turn++) await new Promise((done) => setImmediate(done));
};

/** Click a button of a page; what is said beside it.
 * @param {Record<string, string>} dataset @returns {{textContent: string}} */
function press(dataset) {
  const told = { textContent: "" };
  const button = { dataset, closest: () => ({ querySelector: () => told }) };
  click({ target: { closest: () => button } });
  return told;
}

const PYTHON = { copy: "python", python: "/api/python/stages.py", name: "stages.py" };

test("the link is copied, which is said for a while", async () => {
  const told = press({ copy: "link" });
  await flush();
  assert.deepEqual(copied, ["https://atlas.example/stages?of=gene:MYH7"]);
  assert.equal(told.textContent, "Link copied");
  mock.timers.tick(3000);
  assert.equal(told.textContent, "");
});

test("where a browser allows no copying, the way on is told", async () => {
  allowed = false;
  const told = press({ copy: "link" });
  await flush();
  assert.match(told.textContent, /address bar/);
});

test("the Python of what is seen is asked for and copied", async () => {
  answer = () => new Response("import atlas\n");
  press(PYTHON);
  await flush();
  assert.deepEqual(asked, ["/api/python/stages.py?of=gene:MYH7"]);
  assert.deepEqual(copied, ["import atlas\n"]);
});

test("Python that takes its time is told of within 100 ms", async () => {
  /** @type {(response: Response) => void} */
  let give = () => {};
  answer = () => new Promise((done) => (give = done));
  const told = press(PYTHON);
  await flush();
  assert.equal(told.textContent, "");
  mock.timers.tick(100);
  assert.match(told.textContent, /^Writing/);
  give(new Response("import atlas\n"));
  await flush();
  assert.equal(copied.length, 1);
  assert.doesNotMatch(told.textContent, /^Writing/);
});

test("why there is no Python is said in the server's words, or by its status", async () => {
  const sentence = "There is no such gene.";
  answer = () => new Response(JSON.stringify({ error: sentence }), { status: 404 });
  let told = press(PYTHON);
  await flush();
  assert.ok(told.textContent.endsWith(sentence), told.textContent);
  answer = () => new Response("<html>", { status: 502 });
  told = press(PYTHON);
  await flush();
  assert.match(told.textContent, /No Python to copy.*502/);
  assert.deepEqual(copied, []);
});
