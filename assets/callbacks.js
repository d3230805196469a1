/**
 * Requests of the page's own parts that came to nothing wait for the reader, who can make the very
 * same once more (held.mjs). A classic script, not a module: it must have run before Dash asks first.
 */

(() => {
  "use strict";

  const CALLBACK = /\/_dash-update-component(\?|$)/;
  const plain = window.fetch.bind(window);
  const { src } = /** @type {HTMLScriptElement} */ (document.currentScript);
  const held = import(new URL("held.mjs", src).href).catch(() => null);

  window.fetch = async (asked, sent) => {
    const address = typeof asked === "string" ? asked : asked instanceof Request ? asked.url : String(asked);
    const way = CALLBACK.test(address) ? await held : null;
    return way ? way.insist(() => plain(asked, sent), String(sent?.body ?? "")) : plain(asked, sent);
  };
})();
