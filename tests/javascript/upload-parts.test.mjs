import assert from "node:assert/strict";
import { afterEach, before, beforeEach, mock, test } from "node:test";

const SIZE = 10;
const PART = 4;

/** What a server of uploads answers: each entry a status with an answer, or 0 for a broken line. */
class Server {
  constructor() {
    /** @type {string[]} */
    this.asked = [];
    this.offset = 0;
    this.bytes = "";
    /** Faults that come first, by method. @type {Record<string, [number, object | null][]>} */
    this.faults = {};
  }

  get upload() {
    const job = this.offset === SIZE ? { job: "j1" } : null;
    return { url: "/uploads/u1", offset: this.offset, size: SIZE, part: PART, job };
  }

  /** @param {string} method @param {string} url @param {string} body @param {number} offset
   * @returns {[number, object | null]} */
  answer(method, url, body, offset) {
    this.asked.push(method);
    const fault = this.faults[method]?.shift();
    if (fault) return fault;
    if (method === "PATCH") {
      if (offset !== this.offset) return [409, null];
      this.bytes += body;
      this.offset += body.length;
    }
    return [200, this.upload];
  }
}

/** @type {Server} */
let server;
/** @type {Map<string, string>} */
let kept;
class Request extends EventTarget {
  constructor() {
    super();
    this.upload = new EventTarget();
    /** @type {Record<string, string>} */
    this.headers = {};
  }

  /** @param {string} method @param {string} url */
  open(method, url) {
    Object.assign(this, { method, url });
  }

  /** @param {string} name @param {string} value */
  setRequestHeader(name, value) {
    this.headers[name] = value;
  }

  abort() {
    this.dispatchEvent(new Event("abort"));
  }

  /** @param {Blob | null} body */
  async send(body) {
    const text = body ? await body.text() : "";
    const { method, url } = /** @type {any} */ (this);
    const [status, answer] = server.answer(method, url, text, Number(this.headers["Upload-Offset"]));
    Object.assign(this, { status, responseText: answer ? JSON.stringify(answer) : "" });
    this.dispatchEvent(new Event(status ? "load" : "error"));
  }
}

/** @type {typeof import("../../assets/upload-parts.mjs")} */
let parts;
before(async () => {
  globalThis.XMLHttpRequest = /** @type {any} */ (Request);
  globalThis.fetch = /** @type {any} */ (
    async (/** @type {string} */ url, /** @type {any} */ { method }) => server.asked.push(`${method} ${url}`)
  );
  globalThis.sessionStorage = /** @type {any} */ ({
    getItem: (/** @type {string} */ key) => kept.get(key) ?? null,
    setItem: (/** @type {string} */ key, /** @type {string} */ value) => kept.set(key, value),
    removeItem: (/** @type {string} */ key) => kept.delete(key),
  });
  parts = await import("../../assets/upload-parts.mjs");
});
beforeEach(() => {
  server = new Server();
  kept = new Map();
  mock.timers.enable({ apis: ["setTimeout"] });
});
afterEach(() => mock.timers.reset());

/** Let all that waits go on, however long it would wait. */
const flush = async () => {
  for (let turn = 0; turn < 60; turn++) {
    await new Promise((done) => setImmediate(done));
    mock.timers.tick(20_000);
  }
};

function sending() {
  /** @type {number[]} */
  const sent = [];
  /** @type {string[]} */
  const troubles = [];
  const file = /** @type {any} */ (new Blob(["0123456789"]));
  file.lastModified = 7;
  const listener = {
    sent: (/** @type {number} */ bytes) => void sent.push(bytes),
    trouble: (/** @type {string} */ text) => void troubles.push(text),
  };
  return { made: new parts.Sending(file, listener), sent, troubles };
}

/** @param {Promise<unknown>} promise what became of it, once nothing waits any more */
async function settled(promise) {
  const outcome = promise.then((value) => ({ value }), (error) => ({ error }));
  await flush();
  return /** @type {any} */ (await outcome);
}

test("a file is sent in the parts that the server asks for", async () => {
  const { made, sent, troubles } = sending();
  const { value } = await settled(made.start("/uploads", { name: "a.h5ad" }));
  assert.equal(value, "j1");
  assert.equal(server.bytes, "0123456789");
  assert.deepEqual(server.asked, ["POST", "PATCH", "PATCH", "PATCH"]);
  assert.deepEqual([sent, troubles, kept.size], [[0, 4, 8], [], 0]);
});

test("a part whose line breaks is sent again from where the server stands", async () => {
  const { made, troubles } = sending();
  server.faults = { PATCH: [[0, null], [503, null]] };
  const { value } = await settled(made.start("/uploads", {}));
  assert.equal(value, "j1");
  assert.equal(server.bytes, "0123456789");
  assert.deepEqual(server.asked.slice(0, 5), ["POST", "PATCH", "GET", "PATCH", "GET"]);
  assert.equal(troubles.length, 2);
});

test("a line that stays broken ends in a sentence, and the same file goes on later", async () => {
  const { made } = sending();
  const lost = /** @type {[number, null][]} */ (Array.from({ length: 9 }, () => [0, null]));
  server.faults = { PATCH: [...lost], GET: [...lost] };
  const { error } = await settled(made.start("/uploads", {}));
  assert.ok(error instanceof parts.Refusal);
  assert.match(error.message, /choose the same file again/);
  assert.equal(kept.size, 1);

  server.asked = [];
  server.faults = {};
  server.offset = 8;
  const again = sending();
  const { value } = await settled(again.made.start("/uploads", {}));
  assert.equal(value, "j1");
  assert.deepEqual(server.asked, ["GET", "PATCH"]);
  assert.deepEqual([again.sent, kept.size], [[8], 0]);
});

test("what the server refuses is told in its words and forgotten", async () => {
  const { made } = sending();
  const answer = { error: "Too large.", found: "10 bytes", expected: "at most 5", examples: ["a", "b"] };
  server.faults = { PATCH: [[413, answer]] };
  const { error } = await settled(made.start("/uploads", {}));
  assert.ok(error instanceof parts.Refusal);
  assert.equal(error.message, "Too large. Found: 10 bytes. Expected: at most 5. For example: a, b.");
  assert.equal(kept.size, 0);
  server.faults = { POST: [[500, null]] };
  const other = await settled(sending().made.start("/uploads", {}));
  assert.match(other.error.message, /status 500/);
});

test("who stops is asked nothing more, and the server forgets what has come", async () => {
  const { made } = sending();
  server.faults = { PATCH: [[0, null]] };
  const done = made.start("/uploads", {});
  const outcome = done.then(() => null, (error) => error);
  for (let turn = 0; turn < 8; turn++) await new Promise((go) => setImmediate(go));
  made.stop();
  await flush();
  assert.ok((await outcome) instanceof parts.Stopped);
  assert.equal(server.asked.at(-1), "DELETE /uploads/u1");
  assert.equal(kept.size, 0);
});
