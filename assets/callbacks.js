/**
 * Requests of the page's own parts that take long are told of (page/waiting.mjs), and those that came
 * to nothing wait for the reader, who can make the very same once more (page/held.mjs). A classic
 * script, not a module: it must have run before Dash asks first.
 */

(() => {
  "use strict";

  const CALLBACK = /\/_dash-update-component(\?|$)/;
  const plain = window.fetch.bind(window);
  const { src } = /** @type {HTMLScriptElement} */ (document.currentScript);
  const load = (/** @type {string} */ name) => import(new URL(name, src).href);
  const ways = Promise.all([load("page/held.mjs"), load("page/waiting.mjs")]).catch(() => null);

  window.fetch = async (asked, sent) => {
    const address = typeof asked === "string" ? asked : asked instanceof Request ? asked.url : String(asked);
    const found = CALLBACK.test(address) ? await ways : null;
    if (!found) return plain(asked, sent);
    const [held, waiting] = found;
    const body = String(sent?.body ?? "");
    return held.insist(() => waiting.announce(plain(asked, sent), body), body);
  };
})();
