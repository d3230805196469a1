import assert from "node:assert/strict";
import { test } from "node:test";

const PAGES = ["/", "/explore"];

/** The module as a document opened at an address has it.
 * @param {string} address @param {{webdriver?: boolean, storage?: object}} [browser] */
async function opened(address, { webdriver = false, storage = store() } = {}) {
  const { pathname, search } = new URL(address, "http://atlas.example");
  Object.assign(globalThis, { window: { location: { pathname, search } }, localStorage: storage });
  Object.defineProperty(globalThis, "navigator", { value: { webdriver }, configurable: true });
  return import(`../../../assets/guide/visits.mjs?${Math.random()}`);
}

/** @param {Map<string, string>} [kept] */
function store(kept = new Map()) {
  return {
    getItem: (/** @type {string} */ key) => kept.get(key) ?? null,
    setItem: (/** @type {string} */ key, /** @type {string} */ value) => void kept.set(key, value),
  };
}

test("a first visit is one once, on a page that was opened plainly", async () => {
  const storage = store();
  const visits = await opened("/explore?atlas=heart", { storage });
  assert.equal(visits.isFirstVisit(PAGES), true);
  assert.equal(visits.isFirstVisit(PAGES), false);
  assert.equal((await opened("/", { storage })).isFirstVisit(PAGES), false);
});

test("a link that shows a view, another page and a program are left alone", async () => {
  const storage = store();
  for (const address of ["/explore?color=gene:MYH7", "/explore?atlas=heart&stage=E9", "/map"]) {
    assert.equal((await opened(address, { storage })).isFirstVisit(PAGES), false, address);
  }
  const driven = await opened("/", { storage, webdriver: true });
  assert.equal(driven.isFirstVisit(PAGES), false);
  // None of them counts as seen.
  assert.equal((await opened("/", { storage })).isFirstVisit(PAGES), true);
});

test("where nothing can be kept, no visit is a first one", async () => {
  const forbids = () => {
    throw new Error("denied");
  };
  const denied = { getItem: forbids, setItem: forbids };
  const forgetful = { getItem: () => null, setItem: () => {} };
  for (const storage of [denied, forgetful]) {
    const visits = await opened("/", { storage });
    assert.equal(visits.isFirstVisit(PAGES), false);
    visits.rememberVisit();
  }
});

test("a tour that was begun by hand counts as seen", async () => {
  const storage = store();
  (await opened("/map", { storage })).rememberVisit();
  assert.equal((await opened("/", { storage })).isFirstVisit(PAGES), false);
});
