/**
 * Notice elements that Dash inserts, changes or takes away.
 *
 * @param {string} selector @param {{added: (host: HTMLElement) => void,
 *   changed: (host: HTMLElement) => void, removed: (host: HTMLElement) => void}} told
 */
export function watch(selector, told) {
  /** @type {Set<HTMLElement>} */
  const known = new Set();
  const add = (/** @type {HTMLElement} */ host) => {
    if (known.has(host)) return;
    known.add(host);
    told.added(host);
  };
  new MutationObserver((records) => {
    for (const record of records) {
      const { target } = record;
      if (record.type === "attributes" && target instanceof HTMLElement) {
        if (known.has(target)) told.changed(target);
        else if (target.matches(selector)) add(target);
      }
      for (const node of record.addedNodes) {
        if (!(node instanceof HTMLElement)) continue;
        if (node.matches(selector)) add(node);
        for (const host of node.querySelectorAll(selector)) add(/** @type {HTMLElement} */ (host));
      }
    }
    for (const host of known) {
      if (host.isConnected) continue;
      known.delete(host);
      told.removed(host);
    }
  }).observe(document.documentElement, {
    childList: true,
    subtree: true,
    attributes: true,
    attributeFilter: [
      "class", "data-base", "data-color", "data-stage", "data-map", "data-umap", "data-controls",
      "data-view", "data-digest", "data-default-color", "data-page",
      "data-lit", "data-film",
    ],
  });
  for (const host of document.querySelectorAll(selector)) add(/** @type {HTMLElement} */ (host));
}
