/**
 * What is wider than its place and scrolls sideways fades out where it goes on: phones show no
 * scroll bar. `data-more` of the element says to which sides there is more (tables.css).
 */

import { perFrame } from "./dom.mjs";
import { watch } from "./watch.mjs";

const GRIDS = ".ag-header-viewport, .ag-center-cols-viewport";
const WIDE = [
  ".mantine-TableScrollContainer-scrollContainer .mantine-ScrollArea-viewport",
  ".stages-sideways",
  ".ex-genes",
  ".st-scroll",
  GRIDS,
].join(", ");
// Less than this is a rounding of widths, CSS pixels.
const LEAST = 2;

/** @type {WeakMap<HTMLElement, ResizeObserver>} */
const sizes = new WeakMap();

/** @param {HTMLElement} host */
function look(host) {
  const left = host.scrollLeft;
  // Cells of a grid follow the width of their row a moment later, which nothing tells.
  const wide = host.matches(GRIDS) ? (host.firstElementChild?.clientWidth ?? 0) : host.scrollWidth;
  const right = wide - host.clientWidth - left;
  const more = [left >= LEAST ? "left" : "", right >= LEAST ? "right" : ""].filter(Boolean).join(" ");
  if ((host.dataset.more ?? "") === more) return;
  if (more) host.dataset.more = more;
  else delete host.dataset.more;
}

export function hintScrolling() {
  watch(WIDE, {
    added: (host) => {
      const again = perFrame(() => look(host));
      host.addEventListener("scroll", again, { passive: true });
      const observer = new ResizeObserver(again);
      sizes.set(host, observer);
      for (const each of [host, ...host.children]) observer.observe(each);
    },
    changed: () => {},
    removed: (host) => sizes.get(host)?.disconnect(),
  });
}
