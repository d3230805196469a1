/**
 * The atlas canvas: every slice as a tile of one drawing, with the UMAP beside it in the same
 * WebGL2 context. It draws only when something changed.
 *
 * Events: `painted`, `key` (colours changed), `picked`, `select` (a lasso was drawn: detail is the
 * selection asked for), `view` (the camera settled), `fault` (a colour could not be had).
 *
 * @typedef {import("./state.mjs").State} State
 * @typedef {"spatial" | "umap"} View
 */

import { Camera } from "./camera.mjs";
import { Frame } from "./frame.mjs";
import { GHOST, PICKED, Painter } from "./gl.mjs";
import { Grid } from "./grid.mjs";
import { keyOf } from "./keys.mjs";
import { pick, selectionFrom } from "./lasso.mjs";
import { placeTiles, placeUmap } from "./placing.mjs";
import { sourceOf } from "./source.mjs";
import { IndexMap, LAYER, MOST_SPOTS, shuffled } from "./splat.mjs";
import { DEFAULT_STATE } from "./state.mjs";
import { layoutTiles } from "./tiles.mjs";
import { measureFirstPaint, measureRecolour } from "./timing.mjs";
import { defaultColor, describeColor, splitColor } from "./words.mjs";

// How far beside a spot the pointer may be, CSS pixels.
const HOVER_REACH = 4;

export class AtlasCanvas extends EventTarget {
  /**
   * @param {HTMLElement} host
   * @param {{base: string, view?: string, digest?: string, state: Partial<State>}} options
   */
  constructor(host, options) {
    super();
    this.host = host;
    this.source = sourceOf(options.base, options.view ?? "", options.digest ?? "");
    /** @type {State} */
    this.state = { ...DEFAULT_STATE, ...options.state };
    this.mountedAt = performance.now();
    this.cameras = { spatial: new Camera(), umap: new Camera() };
    /** @type {Record<string, Float32Array>} */
    this.coordinates = {};
    /** @type {Record<string, Grid[]>} */
    this.grids = {};
    this.layout = { tiles: [], commonScale: true };
    this.pickedPerSlice = [];
    this.map = new IndexMap();
    this.frame = new Frame(this);
    host.atlasCanvas = this;
    /** Resolves to true once the first coloured frame is painted, to false where it cannot be. */
    this.ready = this.#start();
  }

  async #start() {
    try {
      this.painter = new Painter(this.frame.canvas);
    } catch {
      this.frame.fail(
        "This browser offers no WebGL2, which the map is drawn with. " +
          "Any current browser with graphics acceleration shows it.",
      );
      return false;
    }
    const wait = this.frame.busy("Loading the atlas");
    try {
      await this.#load();
      if (this.closed) return false;
      this.#upload();
      this.#arrange();
      this.#decodeCamera();
      this.#pick();
      this.#layer();
      this.frame.open();
      this.draw();
      this.painter.flush();
    } catch (error) {
      if (!this.closed) this.frame.fail(`The map could not be loaded. ${reason(error)}`);
      return false;
    } finally {
      wait();
    }
    this.applied = { ...this.state, color: this.valuesColor };
    measureFirstPaint(this.mountedAt, { spots: this.n, color: this.state.color });
    this.#emit("key");
    this.#emit("painted");
    if (this.refused) this.#emit("fault", { color: this.refused });
    // What was asked for while all this was loading.
    if (this.state.color !== this.valuesColor) await this.set({});
    if (this.state.umap) await this.#loadUmap();
    return true;
  }

  async #load() {
    const asked = this.state.color;
    const early = asked ? this.#fetchValues(asked) : null;
    // Awaited below, where it is reported; a failure must not surface before that.
    early?.catch(() => {});
    const [description, spatial] = await Promise.all([
      this.source.description(),
      this.source.coordinates("spatial"),
    ]);
    this.description = description;
    this.n = description.n_spots;
    if (this.n > MOST_SPOTS) throw new Error(`${this.n} spots are more than one map can hold.`);
    /** @type {[number, number][]} */
    this.spans = description.slices.map((s) => [s.start, s.stop]);
    this.coordinates.spatial = spatial;
    this.grids.spatial = this.spans.map(([start, stop]) => new Grid(spatial, start, stop));
    this.boxes = this.grids.spatial.map((grid) => grid.box);
    this.spacings = this.grids.spatial.map((grid) => grid.spacing());
    this.picked = new Uint8Array(this.n);
    this.layers = new Uint8Array(this.n);
    this.order = shuffled(this.n);
    if (!this.#knows(this.state.stage)) this.state.stage = "";
    if (!asked) this.state.color = defaultColor(description);
    const color = asked || defaultColor(description);
    try {
      await this.#take(color, early ?? this.#fetchValues(color));
    } catch (error) {
      const other = defaultColor(description);
      if (other === color) throw error;
      this.frame.warn(`${describeColor(color, description).title}: ${reason(error)}`);
      if (this.state.color === asked) this.state.color = other;
      this.refused = color;
      await this.#take(other, this.#fetchValues(other));
    }
  }

  /**
   * Change what is shown; resolves once it is painted.
   * @param {Partial<State>} change @param {number} [chosenAt] when the reader chose, for `recolour`
   */
  async set(change, chosenAt = performance.now()) {
    this.state = { ...this.state, ...change };
    if (!this.applied || this.closed) return;
    const now = this.state;
    if (!this.#knows(now.stage)) now.stage = "";
    const recolour = now.color !== this.valuesColor;
    // A later call takes over what this one was waiting for, its other changes included.
    if (recolour && !(await this.#recolour())) return;
    this.#apply(recolour);
    if (recolour) {
      this.painter.flush();
      measureRecolour(chosenAt, { spots: this.n, color: this.valuesColor });
    }
    this.#emit("key");
    this.#emit("painted");
    if (this.state.umap && !this.coordinates.umap) await this.#loadUmap();
  }

  /** Bring everything drawn in line with the state. @param {boolean} recolour */
  #apply(recolour) {
    const old = this.applied;
    const now = this.state;
    this.applied = now;
    const restage = now.stage !== old.stage;
    if (restage) {
      // A place on another layout means nothing, unless it was asked for with the stage.
      if (now.camera === old.camera) now.camera = "";
    }
    if (restage || now.umap !== old.umap) this.#arrange();
    if (restage || now.camera !== old.camera || now.umap !== old.umap) this.#decodeCamera();
    this.#paintKey();
    if (recolour || now.selection !== old.selection || now.hidden !== old.hidden) this.#pick();
    this.#layer();
    this.draw();
  }

  async #recolour() {
    const wanted = this.state.color;
    const wait = this.frame.busy("Loading values");
    try {
      const fetching = this.#fetchValues(wanted);
      await fetching;
      if (this.state.color !== wanted || this.closed) return false;
      await this.#take(wanted, fetching);
    } catch (error) {
      const stale = error instanceof DOMException && error.name === "AbortError";
      if (stale || this.state.color !== wanted || this.closed) return false;
      this.frame.warn(`${describeColor(wanted, this.description).title}: ${reason(error)}`);
      this.state = { ...this.state, color: this.valuesColor };
      this.#apply(false);
      this.#emit("key");
      this.#emit("fault", { color: wanted });
      return false;
    } finally {
      wait();
    }
    this.frame.warn("");
    this.painter.setValues(this.values.bytes);
    return true;
  }

  /** @param {string} color */
  #fetchValues(color) {
    // A later choice makes an earlier one stale: its transfer is stopped.
    this.stale?.abort();
    this.stale = new AbortController();
    return this.source.values(...splitColor(color), this.stale.signal);
  }

  /** @param {string} color @param {Promise<import("./source.mjs").Values>} fetching */
  async #take(color, fetching) {
    const values = await fetching;
    if (values.bytes.length !== this.n) {
      throw new Error(`${values.bytes.length} values came for ${this.n} spots.`);
    }
    this.values = values;
    this.valuesColor = color;
  }

  async #loadUmap() {
    try {
      const umap = await this.source.coordinates("umap");
      if (this.closed) return;
      this.coordinates.umap = umap;
      this.grids.umap = [new Grid(umap, 0, this.n)];
      this.#pick();
      this.#layer();
      this.draw();
      this.painter.flush();
      this.#emit("painted");
    } catch (error) {
      if (!this.closed) this.frame.noUmap(`The UMAP could not be loaded. ${reason(error)}`);
    }
  }

  #upload() {
    this.painter.setValues(this.values.bytes);
    this.#paintKey();
  }

  /** Which spots lie behind and before which, and which of them step back. */
  #layer() {
    const { bytes } = this.values;
    const { layers, picked, palette, selecting } = this;
    const zeroApart = this.key.kind === "number" && this.key.zeroApart;
    const marks = new Uint8Array(this.n);
    const shown = new Set(this.shownSlices());
    this.spans.forEach(([start, stop], slice) => {
      const ghost = !shown.has(slice);
      for (let i = start; i < stop; i++) {
        const byte = bytes[i];
        marks[i] = picked[i] * PICKED + (ghost ? GHOST : 0);
        if (palette[4 * byte + 3] === 0) layers[i] = LAYER.none;
        else if (ghost) layers[i] = LAYER.ghost;
        else if (picked[i]) layers[i] = LAYER.picked;
        else layers[i] = selecting || byte === 255 || (zeroApart && !byte) ? LAYER.back : LAYER.plain;
      }
    });
    this.painter.setMarks(marks);
    this.marks = marks;
  }

  #paintKey() {
    const { values, description, state } = this;
    const shown = this.shownSlices().map((slice) => this.spans[slice]);
    const { scheme } = this.frame;
    const made = keyOf({ color: this.valuesColor, values, description, shown, state, scheme });
    this.palette = made.palette;
    this.key = made.key;
    this.painter.setPalette(made.palette);
  }

  /** @param {string} stage */
  #knows(stage) {
    return stage === "" || this.description.stages.some((s) => s.name === stage);
  }

  /** @returns {number[]} slices on the map, in order */
  shownSlices() {
    const indices = this.description.slices.map((_, index) => index);
    const { stage } = this.state;
    return stage ? indices.filter((i) => this.description.slices[i].stage === stage) : indices;
  }

  #arrange() {
    this.frame.arrange();
    const { width, height } = this.frame.panels.spatial.rect;
    const stages = this.description.slices.map((slice) => slice.stage);
    const { boxes, spacings } = this;
    this.layout = layoutTiles(this.shownSlices(), stages, boxes, spacings, width, height);
  }

  #decodeCamera() {
    const { width, height } = this.frame.panels.spatial.rect;
    if (this.state.camera) this.cameras.spatial.decode(this.state.camera, width, height);
    else this.cameras.spatial.reset();
  }

  /** The host has another size. */
  resized() {
    if (!this.values || this.closed) return;
    this.#arrange();
    this.#decodeCamera();
    this.draw();
  }

  /** How the points of a panel land on it. @param {View} view */
  ranges(view) {
    const { description, cameras, boxes, spacings } = this;
    const { size } = this.state;
    if (view === "spatial") {
      const { tiles } = this.layout;
      return placeTiles(tiles, description.slices, boxes, spacings, cameras.spatial, size);
    }
    if (!this.grids.umap) return [];
    const { rect } = this.frame.panels.umap;
    return placeUmap(this.n, this.grids.umap[0].box, rect, cameras.umap, size);
  }

  draw() {
    if (!this.values || this.closed || this.painter.gl.isContextLost()) return;
    const { painter, frame, map, layers } = this;
    const { bytes } = this.values;
    const { spatial, umap } = frame.panels;
    map.clear();
    map.draw(this.coordinates.spatial, spatial.rect, this.ranges("spatial"), layers, bytes, null);
    if (this.state.umap && this.coordinates.umap) {
      map.draw(this.coordinates.umap, umap.rect, this.ranges("umap"), layers, bytes, this.order);
    }
    painter.setMap(map);
    painter.draw(frame.background, this.selecting);
    frame.overlay();
  }

  /** @param {View} view @param {number} x @param {number} y CSS pixels of the panel
   * @returns {number} index of the spot there, or -1 */
  spotAt(view, x, y) {
    if (!this.values) return -1;
    const { rect } = this.frame.panels[view];
    const accept = (/** @type {number} */ i) => this.layers[i] > LAYER.ghost;
    return this.map.find(rect.x + x, rect.y + y, HOVER_REACH, accept);
  }

  /** @param {number} index @returns {number} of the slice it lies in */
  sliceOf(index) {
    return this.spans.findIndex(([start, stop]) => index >= start && index < stop);
  }

  /**
   * Where a spot is drawn. @param {number} index @param {View} [view]
   * @returns {{x: number, y: number} | null} CSS pixels of the canvas; null when not drawn
   */
  screenOf(index, view = "spatial") {
    const range = this.ranges(view).find((r) => index >= r.start && index < r.stop);
    if (!range) return null;
    const { rect } = this.frame.panels[view];
    const cloud = this.coordinates[view];
    return {
      x: rect.x + (cloud[2 * index] - range.originX) * range.scaleX + range.offsetX,
      y: rect.y + (cloud[2 * index + 1] - range.originY) * range.scaleY + range.offsetY,
    };
  }

  /** The colour that is on the canvas now where a spot lies.
   * @param {number} index @param {View} [view] @returns {number[] | null} RGBA bytes */
  pixelOf(index, view = "spatial") {
    const at = this.#deviceOf(index, view);
    return at && this.painter.read(...at);
  }

  /** pixelOf for many spots, those left out whose middle another spot covers.
   * @param {number[]} indices @param {View} [view] @returns {[number, number[]][]} */
  pixelsOf(indices, view = "spatial") {
    const look = this.painter.snapshot();
    return indices
      .filter((index) => this.isOnTop(index, view))
      .map((index) => [index, look(...this.#deviceOf(index, view))]);
  }

  /** Whether the middle of a spot is its own on the canvas, not covered by another's.
   * @param {number} index @param {View} [view] */
  isOnTop(index, view = "spatial") {
    const at = this.#deviceOf(index, view);
    return Boolean(at) && this.map.at(...at) === index;
  }

  /** @param {number} index @param {View} view @returns {[number, number] | null} */
  #deviceOf(index, view) {
    const at = this.screenOf(index, view);
    if (!at) return null;
    const { ratio } = this.map;
    return [Math.floor(at.x * ratio), Math.floor(at.y * ratio)];
  }

  /** A lasso was drawn: listeners decide. @param {View} view
   * @param {[number, number][]} path CSS pixels of the panel */
  lasso(view, path) {
    const ranges = this.ranges(view);
    const placed = new Map();
    for (const slice of this.shownSlices()) {
      const [start] = this.spans[slice];
      placed.set(slice, ranges.find((r) => r.start <= start && start < r.stop));
    }
    const selection = selectionFrom(view, path, placed, this.coordinates[view], this.spans);
    this.#emit("select", selection);
  }

  get selecting() {
    return Boolean(this.state.selection && this.coordinates[this.state.selection.view]);
  }

  get pickedCount() {
    return this.pickedPerSlice.reduce((sum, n) => sum + n, 0);
  }

  #pick() {
    const { selection, hidden } = this.state;
    const cloud = selection ? this.coordinates[selection.view] : undefined;
    const shown = (/** @type {number} */ i) => !hidden.has(this.values.bytes[i]);
    this.pickedPerSlice = pick(selection, cloud, this.spans, shown, this.picked);
    this.#emit("picked");
  }

  /** The theme changed, and with it the colours of zero, missing and the background. */
  retheme() {
    if (!this.values || this.closed) return;
    this.#paintKey();
    this.draw();
    this.#emit("key");
  }

  /** After the browser took the context away and gave it back. */
  restore() {
    this.painter = new Painter(this.frame.canvas);
    if (!this.values) return;
    this.#upload();
    this.#layer();
    this.draw();
  }

  /** The camera moved. @param {boolean} settled */
  moved(settled) {
    const { width, height } = this.frame.panels.spatial.rect;
    const camera = this.cameras.spatial.encode(width, height);
    this.state = { ...this.state, camera };
    this.applied = { ...this.applied, camera };
    this.draw();
    if (settled) this.#emit("view");
  }

  resetView() {
    this.cameras.spatial.reset();
    this.cameras.umap.reset();
    this.moved(true);
  }

  stats() {
    const { gl, draws } = this.painter ?? {};
    const info = gl?.getExtension("WEBGL_debug_renderer_info");
    return {
      spots: this.n ?? 0,
      draws: draws ?? 0,
      picked: this.pickedCount,
      tiles: this.layout.tiles.length,
      pixels: [this.frame.canvas.width, this.frame.canvas.height],
      cachedBytes: this.source.cached,
      renderer: info ? gl.getParameter(info.UNMASKED_RENDERER_WEBGL) : "",
    };
  }

  destroy() {
    this.closed = true;
    this.stale?.abort();
    this.frame.close();
    this.painter?.release();
    if (this.host.atlasCanvas === this) delete this.host.atlasCanvas;
  }

  /** @param {string} name @param {any} [detail] */
  #emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

/** @param {unknown} error */
function reason(error) {
  return error instanceof Error ? error.message : String(error);
}
