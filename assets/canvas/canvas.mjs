/**
 * The atlas canvas: every slice as a tile of one drawing, with the UMAP beside it in the same
 * WebGL2 context. It draws only when something changed.
 *
 * Events: `painted`, `key` (colours changed), `picked`, `select` (an outline was drawn: detail is the
 * selection asked for), `view` (the camera settled), `fault` (a colour could not be had).
 *
 * @typedef {import("./state.mjs").State} State
 * @typedef {import("./scene.mjs").View} View
 */

import { Camera } from "./camera.mjs";
import { Frame } from "./frame.mjs";
import { keyOf } from "./keys.mjs";
import { choosePainter } from "./painter.mjs";
import { Picks } from "./picks.mjs";
import { placeTiles, placeUmap } from "./placing.mjs";
import { deviceOf, pixelsOf, screenOf, spotAt } from "./probe.mjs";
import { Scene, VIEWS } from "./scene.mjs";
import { sourceOf } from "./source.mjs";
import { IndexMap, sortByLayer } from "./splat.mjs";
import { DEFAULT_STATE } from "./state.mjs";
import { statsOf } from "./stats.mjs";
import { layoutTiles } from "./tiles.mjs";
import { measureFirstPaint, measureRecolour } from "./timing.mjs";
import { tint } from "./tints.mjs";
import { defaultColor, describeColor, reason, splitColor } from "./words.mjs";

export class AtlasCanvas extends EventTarget {
  /**
   * @param {HTMLElement} host
   * @param {{base: string, view?: string, digest?: string, state: Partial<State>}} options
   */
  constructor(host, options) {
    super();
    this.host = host;
    this.source = sourceOf(options.base, options.view ?? "", options.digest ?? "");
    /** @type {State} what is asked for; `applied` is what is drawn */
    this.state = { ...DEFAULT_STATE, ...options.state };
    this.mountedAt = performance.now();
    this.cameras = { spatial: new Camera(), umap: new Camera() };
    this.layout = { tiles: [], commonScale: true, labelHeight: 0 };
    this.map = new IndexMap();
    this.frame = new Frame(this);
    host.atlasCanvas = this;
    this.painter = choosePainter(this.frame);
    /** Resolves to true once the first coloured frame is painted, to false where it cannot be. */
    this.ready = this.#start();
  }

  async #start() {
    const wait = this.frame.busy("Loading the atlas");
    try {
      await this.#load();
      if (this.closed) return false;
      this.frame.open();
      this.#paintKey();
      this.#arrange();
      this.#decodeCamera();
      this.#pick();
      this.#tint();
      this.draw();
      this.painter.flush();
    } catch (error) {
      if (!this.closed) this.frame.fail(`The map could not be loaded. ${reason(error)}`);
      return false;
    } finally {
      wait();
    }
    this.applied = { ...this.state, color: this.valuesColor };
    measureFirstPaint(this.mountedAt, { spots: this.n, color: this.valuesColor });
    this.#emit("key");
    this.#emit("painted");
    if (this.refused) this.#emit("fault", { color: this.refused });
    // What was asked for while all this was loading.
    if (this.state.color !== this.valuesColor || !this.picks.ready) await this.set({});
    if (this.state.umap || this.picks.needsUmap) await this.#loadUmap();
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
    this.scene = new Scene(description, spatial);
    this.n = this.scene.n;
    this.picks = new Picks(this);
    this.layers = new Uint8Array(this.n);
    this.tints = new Uint32Array(this.n);
    this.orders = { spatial: new Uint32Array(this.n), umap: new Uint32Array(this.n) };
    if (!this.scene.knows(this.state.stage)) this.state.stage = "";
    const color = asked || defaultColor(description);
    if (!asked) this.state.color = color;
    try {
      this.#take(color, await (early ?? this.#fetchValues(color)));
    } catch (error) {
      const other = defaultColor(description);
      if (other === color) throw error;
      this.frame.warn(`${describeColor(color, description).title}: ${reason(error)}`);
      this.refused = color;
      if (this.state.color === asked) this.state.color = other;
      this.#take(other, await this.#fetchValues(other));
    }
  }

  /**
   * Change what is shown; resolves once it is painted.
   * @param {Partial<State>} change @param {number} [chosenAt] when the reader chose, for `recolour`
   */
  async set(change, chosenAt = performance.now()) {
    this.state = { ...this.state, ...change };
    if (!this.applied || this.closed) return;
    if (!this.scene.knows(this.state.stage)) this.state.stage = "";
    const recolour = this.state.color !== this.valuesColor;
    // A later call takes over what this one was waiting for, its other changes included.
    if (recolour && !(await this.#recolour())) return;
    if (!this.picks.ready && !(await this.picks.prepare())) return;
    this.#apply(recolour);
    if (recolour) {
      this.painter.flush();
      measureRecolour(chosenAt, { spots: this.n, color: this.valuesColor });
    }
    this.#emit("key");
    this.#emit("painted");
    const umap = this.state.umap || this.picks.needsUmap;
    if (umap && !this.scene.coordinates.umap) await this.#loadUmap();
  }

  /** Bring everything drawn in line with the state. @param {boolean} recolour */
  #apply(recolour) {
    const old = this.applied;
    const now = this.state;
    this.applied = now;
    const restage = now.stage !== old.stage;
    // A place on another layout means nothing, unless it was asked for with the stage.
    if (restage && now.camera === old.camera) now.camera = "";
    if (restage || now.umap !== old.umap) this.#arrange();
    if (restage || now.camera !== old.camera || now.umap !== old.umap) this.#decodeCamera();
    if (now.size !== old.size) this.stirred = true;
    this.#paintKey();
    const same = ["selection", "versus", "hidden", "without"].every((name) => now[name] === old[name]);
    if (recolour || !same) this.#pick();
    this.#tint();
    this.draw();
  }

  async #recolour() {
    const wanted = this.state.color;
    const wait = this.frame.busy("Loading values");
    try {
      const values = await this.#fetchValues(wanted);
      if (this.state.color !== wanted || this.closed) return false;
      this.#take(wanted, values);
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
    return true;
  }

  /** @param {string} color */
  #fetchValues(color) {
    // A later choice makes an earlier one stale: its transfer is stopped.
    this.stale?.abort();
    this.stale = new AbortController();
    return this.source.values(...splitColor(color), this.stale.signal);
  }

  /** @param {string} color @param {import("./source.mjs").Values} values */
  #take(color, values) {
    if (values.bytes.length !== this.n) {
      throw new Error(`${values.bytes.length} values came for ${this.n} spots.`);
    }
    this.values = values;
    this.valuesColor = color;
    this.lit = null;
  }

  async #loadUmap() {
    try {
      const umap = await this.source.coordinates("umap");
      if (this.closed) return;
      this.scene.addUmap(umap);
      this.stirred = true;
      this.#pick();
      this.#tint();
      this.draw();
      this.painter.flush();
      this.#emit("painted");
    } catch (error) {
      if (!this.closed) this.frame.noUmap(`The UMAP could not be loaded. ${reason(error)}`);
    }
  }

  /** @returns {number[]} slices on the map, in order */
  shownSlices() {
    return this.scene.slicesOf(this.state.stage);
  }

  #paintKey() {
    const { values, description, state, scene } = this;
    const shown = this.shownSlices().map((slice) => scene.spans[slice]);
    const look = { shown, state, scheme: this.frame.scheme };
    const made = keyOf({ color: this.valuesColor, values, description, ...look });
    this.palette = made.palette;
    this.inks = made.inks;
    this.key = made.key;
    if (made.key.hidden.has(this.lit)) this.lit = null;
  }

  #tint() {
    const { palette, inks, lit, picked, selecting, layers, tints, orders, key } = this;
    const { values: { bytes }, frame: { background }, scene: { spans, natural, shuffled } } = this;
    const zeroApart = key.kind === "blend" || (key.kind === "number" && key.zeroApart);
    const shown = new Set(this.shownSlices());
    const look = { bytes, palette, inks, lit, zeroApart, picked, selecting, background, spans, shown };
    const changed = tint(look, layers, tints);
    this.painter.setTints(tints);
    if (this.sorted && !changed) return;
    sortByLayer(natural, spans, layers, orders.spatial);
    sortByLayer(shuffled, [[0, this.n]], layers, orders.umap);
    this.sorted = true;
    this.stirred = true;
  }

  /** All categories but one step back; none with null. @param {number | null} code */
  highlight(code) {
    const lit = this.key?.kind === "category" && !this.key.hidden.has(code) ? code : null;
    if (lit === this.lit || !this.applied || this.closed) return;
    this.lit = lit;
    this.#tint();
    this.draw();
  }

  #arrange() {
    this.frame.arrange();
    const { width, height } = this.frame.panels.spatial.rect;
    const { stages, boxes, spacings } = this.scene;
    this.layout = layoutTiles(this.shownSlices(), stages, boxes, spacings, width, height);
  }

  #decodeCamera() {
    const { width, height } = this.frame.panels.spatial.rect;
    this.stirred = true;
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

  /** How the spots of a panel land on it. @param {View} view */
  ranges(view) {
    const { description, cameras, scene, layout } = this;
    const { size } = this.state;
    const { boxes, spacings } = scene;
    if (view === "spatial") {
      return placeTiles(layout.tiles, description.slices, boxes, spacings, cameras.spatial, size);
    }
    if (!scene.coordinates.umap) return [];
    return placeUmap(this.n, scene.umapBox, this.frame.panels.umap.rect, cameras.umap, size);
  }

  draw() {
    if (!this.values || this.closed || this.painter.lost) return;
    if (this.stirred) this.#drawMap();
    this.painter.draw(this.frame.background);
    this.frame.overlay();
  }

  /** Spots are at other places than before; other colours alone do not need this. */
  #drawMap() {
    const { map, frame, orders, layers } = this;
    map.clear();
    for (const view of VIEWS) {
      const cloud = this.scene.coordinates[view];
      if (!cloud || (view === "umap" && !this.state.umap)) continue;
      map.draw(cloud, frame.panels[view].rect, this.ranges(view), orders[view], layers);
    }
    this.painter.setMap(map);
    this.stirred = false;
  }

  get picked() {
    return this.picks.flags;
  }

  get pickedPerSlice() {
    return this.picks.perSlice;
  }

  get selecting() {
    return this.picks.selecting;
  }

  get pickedCount() {
    return this.pickedPerSlice.reduce((sum, n) => sum + n, 0);
  }

  #pick() {
    this.picks.mark();
    this.#emit("picked");
  }

  /** The theme changed, and with it the colours of zero, missing and the background. */
  retheme() {
    if (!this.values || this.closed) return;
    this.#paintKey();
    this.#tint();
    this.draw();
    this.#emit("key");
  }

  /** After the browser took the context away and gave it back. */
  restore() {
    this.painter = choosePainter(this.frame);
    if (!this.values) return;
    this.stirred = true;
    this.#tint();
    this.draw();
  }

  /** The camera moved. @param {boolean} settled */
  moved(settled) {
    const { width, height } = this.frame.panels.spatial.rect;
    const camera = this.cameras.spatial.encode(width, height);
    this.state = { ...this.state, camera };
    this.applied = { ...this.applied, camera };
    this.stirred = true;
    this.draw();
    if (settled) this.#emit("view");
  }

  resetView() {
    this.cameras.spatial.reset();
    this.cameras.umap.reset();
    this.moved(true);
  }

  /** The spot at a place of a panel, or -1. @param {View} view @param {number} x @param {number} y */
  spotAt(view, x, y) {
    return spotAt(this, view, x, y);
  }

  /** Where a spot is drawn, CSS pixels of the canvas; null when it is not.
   * @param {number} index @param {View} [view] */
  screenOf(index, view = "spatial") {
    return screenOf(this, index, view);
  }

  /** The colour that is on the canvas now where a spot lies.
   * @param {number} index @param {View} [view] @returns {number[] | null} RGBA bytes */
  pixelOf(index, view = "spatial") {
    const at = deviceOf(this, index, view);
    return at && this.painter.read(...at);
  }

  /** The same for many, without those that another spot covers.
   * @param {number[]} indices @param {View} [view] */
  pixelsOf(indices, view = "spatial") {
    return pixelsOf(this, indices, view);
  }

  stats() {
    return statsOf(this);
  }

  destroy() {
    this.closed = true;
    this.stale?.abort();
    this.frame.close();
    this.painter.release();
    if (this.host.atlasCanvas === this) delete this.host.atlasCanvas;
  }

  /** @param {string} name @param {any} [detail] */
  #emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
