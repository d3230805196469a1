/**
 * The atlas canvas: every slice as a tile of one drawing, with the UMAP beside it in the same
 * WebGL2 context. It draws only when something changed.
 * Events: `painted`, `key` (colours changed), `counted` (the key counts other spots), `picked`, `select` (an outline was drawn: detail is the
 * selection asked for), `slice` (one is to be shown alone: detail is its name, '' = no longer one),
 * `view` (the camera settled), `fault` (a colour could not be had), `again` (it starts once more).
 *
 * @typedef {import("./state.mjs").State} State
 * @typedef {import("./drawing/scene.mjs").View} View
 */

import { present } from "../page/present.mjs";
import { Camera } from "./places/camera.mjs";
import { paintKey, tintSpots } from "./drawing/colouring.mjs";
import { Frame } from "./around/frame.mjs";
import { Ground } from "./drawing/ground.mjs";
import { cameraAt, middleOf } from "./places/middle.mjs";
import { Orientation } from "./places/orientation.mjs";
import { choosePainter } from "./drawing/painter.mjs";
import { Picks } from "./selecting/picks.mjs";
import { layTiles, rangesOf } from "./places/laying.mjs";
import { pixelsOf, screenOf, spotAt } from "./drawing/probe.mjs";
import { drawMap, partOf } from "./drawing/redrawing.mjs";
import { Scene, VIEWS } from "./drawing/scene.mjs";
import { sourceOf } from "../values/source.mjs";
import { IndexMap } from "./drawing/splat.mjs";
import { SpotView } from "./spotview.mjs";
import { begin, firstValues, recolour } from "../values/starting.mjs";
import { DEFAULT_STATE } from "./state.mjs";
import { statsOf } from "./stats.mjs";
import { measureRecolour } from "../values/timing.mjs";
import { loadUmap } from "./drawing/umap.mjs";
import { defaultColor } from "../colours/words.mjs";

export class AtlasCanvas extends SpotView {
  /** @type {Scene | undefined} */
  #scene;

  /**
   * @param {HTMLElement} host
   * @param {{base: string, view?: string, digest?: string, state: Partial<State>,
   *   source?: import("../values/source.mjs").Source}} options source: of the bytes, else that of `base`
   */
  constructor(host, options) {
    super(host, options.source ?? sourceOf(options.base, options.view ?? "", options.digest ?? ""));
    /** @type {State} what is asked for */
    this.state = { ...DEFAULT_STATE, ...options.state };
    /** @type {State | undefined} what is drawn; not there before the first frame */
    this.applied = undefined;
    /** @type {number | null} the one category that does not step back; null: none does */
    this.lit = null;
    this.picks = new Picks(this);
    this.orientation = new Orientation(this);
    this.orders = { spatial: new Uint32Array(0), umap: new Uint32Array(0) };
    this.cameras = { spatial: new Camera(), umap: new Camera() };
    /** @type {import("./places/tiles.mjs").Layout} */
    this.layout = { tiles: [], commonScale: true, labelHeight: 0 };
    this.map = new IndexMap();
    /** @type {Set<View>} whose spots lie at other places than they are drawn at */
    this.stirred = new Set(VIEWS);
    this.frame = new Frame(this);
    this.ground = new Ground(this);
    host.atlasCanvas = this;
    this.painter = choosePainter(this.frame);
    /** Resolves to true once the first coloured frame is painted, to false where it cannot be. */
    this.ready = this.#start();
  }

  async #start() {
    const painted = await begin(this, {
      loading: "Loading the atlas",
      failed: "The map could not be loaded.",
      load: () => this.#load(),
      arrange: () => {
        paintKey(this);
        this.#arrange();
        this.frame.name();
        this.#decodeCamera();
        this.#pick();
        tintSpots(this);
      },
    });
    if (!painted) return false;
    this.applied = { ...this.state, color: this.valuesColor };
    this.#emit("key");
    this.#emit("painted");
    if (this.refused) this.#emit("fault", { color: this.refused });
    // What was asked for while all this was loading.
    if (this.state.color !== this.valuesColor || !this.picks.ready) await this.set({});
    if (this.withUmap || this.picks.needsUmap) await loadUmap(this, () => this.#pick());
    return true;
  }

  /** Start once more, after what could not be loaded. */
  again() {
    this.ready = this.#start();
    this.#emit("again");
    return this.ready;
  }

  async #load() {
    const asked = this.state.color;
    const begun = this.fetched.begin(asked);
    const [description, spatial] = await Promise.all([
      this.source.description(),
      this.source.coordinates("spatial"),
    ]);
    this.#scene = new Scene(description, spatial);
    this.hold(description);
    this.picks.begin();
    this.orders = { spatial: new Uint32Array(this.n), umap: new Uint32Array(this.n) };
    this.scene.settle(this.state);
    if (!this.orientation.ready) await this.orientation.prepare();
    this.orientation.turn();
    if (!asked) this.state.color = defaultColor(description);
    const { color, values, refused } = await firstValues(this, begun);
    // Another may have been chosen meanwhile.
    if (refused && this.state.color === asked) this.state.color = color;
    this.take(color, values);
  }

  /**
   * Change what is shown; resolves once it is painted.
   * @param {Partial<State>} change @param {number} [chosenAt] when the reader chose, for `recolour`
   */
  async set(change, chosenAt = performance.now()) {
    this.state = { ...this.state, ...change };
    if (!this.applied || this.closed) return;
    this.scene.settle(this.state);
    const other = this.state.color !== this.valuesColor;
    // A later call takes over what this one was waiting for, its other changes included.
    if (other && !(await this.#recolour())) return;
    for (const part of [this.picks, this.orientation]) {
      if (!part.ready && !(await part.prepare())) return;
    }
    this.#apply(other);
    if (other) {
      this.painter.flush();
      measureRecolour(chosenAt, { spots: this.n, color: this.valuesColor });
    }
    this.#emit("key");
    this.#emit("painted");
    const umap = this.withUmap || this.picks.needsUmap;
    if (umap && !this.scene.coordinates.umap) await loadUmap(this, () => this.#pick());
  }

  /** Bring everything drawn in line with the state.
   * @param {boolean} recolour */
  #apply(recolour) {
    const old = present(this.applied, "A first frame");
    const now = this.state;
    this.applied = now;
    const isNew = (/** @type {keyof State} */ name) => now[name] !== old[name];
    const { aligned } = this.scene;
    this.orientation.turn();
    const restage = isNew("stage") || isNew("slice") || this.scene.aligned !== aligned;
    // A place on another layout means nothing, unless it was asked for with the slices.
    if (restage && now.camera === old.camera) now.camera = "";
    paintKey(this);
    const resplit = this.split !== this.frame.split;
    const middle = resplit && now.camera && now.camera === old.camera ? middleOf(this) : null;
    if (restage || resplit) this.#arrange();
    if (middle) now.camera = cameraAt(this, middle);
    if (restage || resplit || now.camera !== old.camera) this.#decodeCamera();
    if (now.size !== old.size) this.stir();
    this.frame.name();
    const repick = isNew("selection") || isNew("versus") || isNew("hidden") || isNew("without");
    if (recolour || repick) this.#pick();
    tintSpots(this);
    this.draw();
    if (middle && recolour) this.#emit("view");
  }

  #recolour() {
    return recolour(this, {
      take: (color, values) => this.take(color, values),
      leave: () => {
        this.state = { ...this.state, color: this.valuesColor };
        this.#apply(false);
        this.#emit("key");
      },
      fault: (color) => this.#emit("fault", { color }),
      others: () => (!this.picks.ready || !this.orientation.ready) && void this.set({}),
    });
  }

  /** @param {string} color @param {import("../values/source.mjs").Values} values */
  take(color, values) {
    super.take(color, values);
    this.lit = null;
  }

  /** Where the spots are; asked for before the atlas is loaded it is a fault. */
  get scene() {
    return present(this.#scene, "The scene of the atlas");
  }

  /** @returns {number[]} slices on the map, in order */
  shownSlices() {
    return this.scene.slicesOf(this.state.stage, this.state.slice);
  }

  /** The one slice that the key counts, where those shown take turns; null: it counts all of them.
   * @returns {number | null} */
  get front() {
    return null;
  }

  /** What the name of a picture says beside its colour. */
  get fileNote() {
    return this.state.slice.replace(/[^\w.-]+/g, "-");
  }

  /** @param {number | null} code */
  highlight(code) {
    const shown = code !== null && this.key?.kind === "category" && !this.key.hidden.has(code);
    const lit = shown ? code : null;
    if (lit === this.lit || !this.applied || this.closed) return;
    this.lit = lit;
    tintSpots(this);
    this.draw();
  }

  get sides() {
    return this.key?.kind === "side" ? this.key.panels : null;
  }

  /** Beside several maps a UMAP would have no one colour. */
  get withUmap() {
    return this.state.umap && !this.sides;
  }

  /** How the canvas is shared out between panels, as a text that differs where that does. */
  get split() {
    return this.sides ? `side ${this.sides.length}` : this.withUmap ? "umap" : "";
  }

  #arrange() {
    this.frame.arrange();
    const { width, height } = this.frame.panels.spatial.rect;
    this.layout = this.lay(width, height);
  }

  /** @param {number} width @param {number} height CSS pixels of a panel, the slices shown as tiles */
  lay(width, height) {
    return layTiles(this, width, height);
  }

  #decodeCamera() {
    const { width, height } = this.frame.panels.spatial.rect;
    this.stir();
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

  /** How the spots of a panel land on it.
   * @param {View} view */
  ranges(view) {
    return rangesOf(this, view);
  }

  /** @param {View[]} views of which spots are to be drawn at other places; none given: all */
  stir(...views) {
    for (const view of views.length ? views : VIEWS) this.stirred.add(view);
  }

  /** @param {View} [only] the one view in which anything is new; not given: anything may be */
  draw(only) {
    if (!this.values || this.closed || this.painter.lost) return;
    const part = partOf(this, only);
    if (this.stirred.size) drawMap(this, part);
    // Images of the tissue lie in one picture behind both panels.
    this.ground.lay(this.stirred.has("spatial"));
    this.painter.draw(this.frame.background, part);
    this.frame.overlay();
    this.stirred.clear();
  }

  get picked() {
    return this.picks.flags;
  }

  get pickedPerSlice() {
    return this.picks.perSlice;
  }

  /** The tile that the scale bar is true for, and its name where it is not true for all; null
   * where no bar is.
   * @returns {{tile: import("./places/tiles.mjs").Tile, of: string} | null} */
  get measured() {
    const { tiles, commonScale } = this.layout;
    return tiles.length && (commonScale || tiles.length === 1) ? { tile: tiles[0], of: "" } : null;
  }

  /** What a CSS pixel of the tissue is long, in the unit of the coordinates; 0 where no bar is. */
  get unitsPerPixel() {
    const tile = this.measured?.tile;
    return tile ? (tile.unit ?? 1) / (tile.scale * this.cameras.spatial.k) : 0;
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
    paintKey(this);
    tintSpots(this);
    this.draw();
    this.#emit("key");
  }

  /** After the browser took the context away and gave it back. */
  restore() {
    this.painter = choosePainter(this.frame);
    if (!this.values) return;
    this.stir();
    tintSpots(this);
    this.draw();
  }

  /** A camera moved.
   * @param {boolean} settled @param {View} [view] whose, else both */
  moved(settled, view) {
    const { width, height } = this.frame.panels.spatial.rect;
    const camera = this.cameras.spatial.encode(width, height);
    this.state = { ...this.state, camera };
    if (this.applied) this.applied = { ...this.applied, camera };
    this.stir(...(view ? [view] : VIEWS));
    this.draw(view);
    if (settled) this.#emit("view");
  }

  resetView() {
    this.cameras.spatial.reset();
    this.cameras.umap.reset();
    this.moved(true);
  }

  /** The spot at a place of a panel, or -1.
   * @param {View} view @param {number} x @param {number} y */
  spotAt(view, x, y) {
    return spotAt(this, view, x, y);
  }

  /** Where a spot is drawn, CSS pixels of the canvas; null when it is not.
   * @param {number} index @param {View} [view] @param {number} [panel] of several side by side */
  screenOf(index, view = "spatial", panel = 0) {
    return screenOf(this, index, view, panel);
  }

  /** Colours on the canvas now where spots lie, without those that another spot covers.
   * @param {number[]} indices @param {View} [view] @param {number} [panel] */
  pixelsOf(indices, view = "spatial", panel = 0) {
    return pixelsOf(this, indices, view, panel);
  }

  stats() {
    return statsOf(this);
  }

  destroy() {
    this.closed = true;
    this.fetched.stop();
    this.frame.close();
    this.painter.release();
    if (this.host.atlasCanvas === this) delete this.host.atlasCanvas;
  }

  /** @param {string} name @param {any} [detail] */
  #emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
