/**
 * Putting a canvas into a page, by call or by a `div.atlas-canvas` with data attributes.
 */

import { alignedSourceOf } from "./places/aligned.mjs";
import { AtlasCanvas } from "./canvas.mjs";
import { element } from "../page/dom.mjs";
import { showKey } from "../key/key.mjs";

/**
 * @typedef {{base: string, color?: string, stage?: string, map?: string, umap?: boolean,
 *   controls?: boolean, view?: string, digest?: string, aligned?: boolean}} Options
 *   base: '/api/v1/atlases/ID' or '/api/v1/jobs/ID'; view: '/view' for a job; controls: the key
 *   below the map can be operated, else it is for reading only; aligned: slices as their alignment
 *   turned them
 */

/** @param {HTMLElement} host with a height of its own @param {Options} options
 * @returns {AtlasCanvas} also reachable as host.atlasCanvas; `await canvas.ready` before measuring */
export function mountCanvas(host, options) {
  host.atlasCanvas?.destroy();
  const map = element("div", { class: "ac-map" });
  const key = element("div", { class: "ac-strip" });
  host.replaceChildren(map, key);
  const canvas = new AtlasCanvas(map, {
    base: options.base,
    view: options.view,
    digest: options.digest,
    source: options.aligned ? alignedSourceOf(options.base, options.digest) : undefined,
    state: stateOf(options),
  });
  host.atlasCanvas = canvas;
  const change = options.controls
    ? (/** @type {Partial<import("./state.mjs").State>} */ state) => { void canvas.set(state); }
    : null;
  showKey(canvas, key, change);
  canvas.addEventListener("select", (event) => {
    void canvas.set({ selection: /** @type {CustomEvent} */ (event).detail });
  });
  canvas.addEventListener("slice", (event) => {
    void canvas.set({ slice: /** @type {CustomEvent} */ (event).detail });
  });
  return canvas;
}

/** @param {Options} options @returns {Partial<import("./state.mjs").State>} */
function stateOf(options) {
  /** @type {Partial<import("./state.mjs").State>} */
  const state = { umap: options.umap ?? false, stage: options.stage ?? "" };
  if (options.color) state.color = options.color;
  if (options.map) state.map = options.map;
  return state;
}

/** @param {HTMLElement} host @returns {Options | null} null where it is to show nothing */
function optionsOf(host) {
  const { base, color, stage, map, umap, controls, view, digest, aligned } = host.dataset;
  return base ? {
    base, color, stage, map, view, digest,
    umap: umap === "true",
    controls: controls === "true",
    aligned: aligned === "true",
  } : null;
}

/** Mount or update one `div.atlas-canvas` after its attributes changed.
 * @param {HTMLElement} host */
export function follow(host) {
  const options = optionsOf(host);
  if (!options) {
    host.atlasCanvas?.destroy();
    host.replaceChildren();
    delete host.atlasCanvas;
    return;
  }
  const mounted = [options.base, options.view, options.digest, options.controls].join(" ");
  if (host.atlasCanvas && host.atlasMounted === mounted) {
    const state = stateOf(options);
    const { color } = host.atlasCanvas.state;
    if (state.color && state.color !== color) {
      Object.assign(state, { hidden: new Set() });
    }
    void host.atlasCanvas.set(state);
    return;
  }
  host.atlasMounted = mounted;
  mountCanvas(host, options);
}
