/**
 * The 3D view of one specimen's sections: state in, pixels out. It draws only when something
 * changed. To the key, the hover card and the picture it looks like the canvas of Explore.
 *
 * Events: `painted`, `key` (colours changed), `view` (the camera settled), `chosen` (which spots
 * are drawn changed), `fault` (a colour could not be had).
 *
 * @typedef {import("./address.mjs").StackState} StackState
 */

import { present } from "../page/present.mjs";
import { keyOf } from "../colours/keys.mjs";
import { choosePainter } from "../canvas/drawing/painter.mjs";
import { sourceOf } from "../values/source.mjs";
import { LAYER, LAYER_BITS } from "../canvas/drawing/splat.mjs";
import { SpotView } from "../canvas/spotview.mjs";
import { begin, firstValues, recolour } from "../values/starting.mjs";
import { measureRecolour } from "../values/timing.mjs";
import { tint } from "../canvas/drawing/tints.mjs";
import { HOME } from "./address.mjs";
import { StackFrame } from "./frame.mjs";
import { Sections } from "./sections.mjs";
import { SpaceMap } from "./space.mjs";
import { Turntable, planesFromBehind, project } from "./turntable.mjs";
import { depthText } from "./words.mjs";

// How far beside a spot the pointer may be, CSS pixels.
const REACH = 4;
// Along a side, what graphics of any machine can hold.
const MOST_PIXELS = 4096;

export class StackView extends SpotView {
  /** @type {Float32Array | undefined} x, y, z per spot of the atlas */
  #coordinates;
  /** @type {Sections | undefined} */
  #sections;

  /** @param {HTMLElement} host
   * @param {{base: string, digest?: string, state: StackState}} options */
  constructor(host, options) {
    super(host, sourceOf(options.base, "", options.digest ?? ""));
    /** @type {StackState} what is asked for */
    this.state = options.state;
    /** @type {StackState | undefined} what is drawn; not there before the first frame */
    this.applied = undefined;
    this.camera = new Turntable();
    this.map = new SpaceMap();
    /** What the hover card asks of a scene. */
    this.scene = {
      sliceOf: (/** @type {number} */ spot) => this.sections.holding(spot).slice,
      coordinates: /** @type {{umap?: Float32Array}} */ ({}),
    };
    /** Spots that are picked here: none ever is. */
    this.nothing = new Uint8Array(0);
    /** Spots drawn of each section, and their rows. */
    this.left = /** @type {number[]} */ ([]);
    this.runs = /** @type {[number, number][]} */ ([]);
    /** Whether spots lie at other places than they are drawn at. */
    this.stirred = true;
    this.frame = new StackFrame(this);
    this.painter = choosePainter(this.frame);
    /** Resolves to true once the first coloured frame is painted, to false where it cannot be. */
    this.ready = this.#start();
  }

  async #start() {
    const painted = await begin(this, {
      loading: "Loading the sections",
      failed: "The sections could not be loaded.",
      load: () => this.#load(),
      arrange: () => {
        this.applied = { ...this.state, color: this.valuesColor };
        this.#choose();
        this.#placeCamera();
        this.#paintKey();
        this.#tint();
      },
    });
    if (!painted) return false;
    for (const name of ["key", "chosen", "painted"]) this.#emit(name);
    if (this.refused) this.#emit("fault");
    if (this.state !== this.applied) await this.set({});
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
    const [description, coordinates] = await Promise.all([
      this.source.description(),
      this.source.coordinates("stack"),
    ]);
    this.#coordinates = coordinates;
    this.hold(description);
    this.nothing = new Uint8Array(this.n);
    this.#lay();
    const { color, values } = await firstValues(this, begun);
    this.take(color, values);
    this.state = { ...this.state, color: this.valuesColor };
  }

  /** Specimens with several sections. */
  get stacks() {
    return this.description.stacks ?? [];
  }

  /** Of the specimen shown; asked for before the atlas is loaded they are a fault. */
  get sections() {
    return present(this.#sections, "The sections");
  }

  /** The stack that the state names, the first where there is none of that name. */
  #lay() {
    const { stacks } = this;
    const stack = stacks.find((each) => each.name === this.state.stack) ?? stacks[0];
    if (!stack) throw new Error("This atlas has no specimen with several sections.");
    if (this.state.stack && stack.name !== this.state.stack) {
      const text = `There is no specimen ${this.state.stack} here; this is ${stack.name}.`;
      this.frame.warn(text, { about: "link" });
      this.state = { ...this.state, stack: "" };
    }
    if (this.#sections?.stack === stack) return;
    this.#sections = new Sections(stack, this.description, present(this.#coordinates, "Where the spots lie"));
  }

  /**
   * Change what is shown; resolves once it is painted.
   * @param {Partial<StackState>} change @param {number} [chosenAt] when the reader chose
   */
  async set(change, chosenAt = performance.now()) {
    this.state = { ...this.state, ...change };
    if (!this.applied || this.closed) return;
    const other = this.state.color !== this.valuesColor;
    // A later call takes over what this one was waiting for, its other changes included.
    if (other && !(await this.#recolour())) return;
    this.#apply();
    if (other) {
      this.painter.flush();
      measureRecolour(chosenAt, { spots: this.n, color: this.valuesColor });
    }
    this.#emit("key");
    this.#emit("painted");
  }

  /** Bring everything drawn in line with the state. */
  #apply() {
    const was = present(this.applied, "A first frame");
    this.#lay();
    const now = this.state;
    this.applied = now;
    const other = now.stack !== was.stack;
    if (other || now.off !== was.off || now.axis !== was.axis || now.cut !== was.cut) {
      this.#choose();
      this.#emit("chosen");
    }
    if (other || now.turn !== was.turn || now.camera !== was.camera) this.#placeCamera();
    this.stirred = true;
    this.#paintKey();
    this.#tint();
    this.draw();
  }

  #choose() {
    const { off, axis, cut } = this.state;
    this.left = this.sections.choose(off, axis, cut);
    this.runs = this.sections.runs();
    this.stirred = true;
  }

  #placeCamera() {
    const [width, height] = this.frame.size;
    this.camera.decode(this.state.camera, width, height);
    [this.camera.yaw, this.camera.pitch] = this.state.turn;
    this.stirred = true;
  }

  #recolour() {
    return recolour(this, {
      take: (color, values) => this.take(color, values),
      leave: () => {
        this.state = { ...this.state, color: this.valuesColor };
        this.#apply();
        this.#emit("key");
      },
      fault: () => this.#emit("fault"),
    });
  }

  #paintKey() {
    const { taken, description, state, sections, runs: shown } = this;
    // A stage of any name keeps the scale that of all spots of the atlas, as on Explore.
    const whole = { ...state, stage: sections.stack.stage || "–" };
    const { scheme } = this.frame;
    this.keyed = keyOf({ ...taken, description, shown, state: whole, scheme });
  }

  #tint() {
    const { layers, tints, sections } = this;
    const { palette, key } = this.keyed;
    const { bytes } = this.taken.values;
    const look = {
      bytes,
      palette,
      zeroApart: key.kind === "number" && key.zeroApart,
      picked: this.nothing,
      selecting: false,
      background: this.frame.background,
      spans: /** @type {[number, number][]} */ (sections.list.map((s) => [s.start, s.stop])),
      shown: new Set(sections.list.keys()),
    };
    if (tint(look, layers, tints)) this.stirred = true;
    this.painter.setTints(tints);
  }

  projection() {
    const [width, height] = this.frame.size;
    const target = this.sections.target(this.state.gap);
    return this.camera.projection({ width, height, ...target, deep: this.state.deep });
  }

  /** Height at which each section is drawn, in units of the plane. */
  heights() {
    return this.sections.list.map(({ depth }) => this.sections.height(depth, this.state.gap));
  }

  draw() {
    if (!this.values || this.closed || this.painter.lost) return;
    if (this.stirred) this.#drawMap();
    this.painter.draw(this.frame.background);
    this.frame.overlay();
  }

  /** Draw so many pixels to one of the page, as far as pictures may be so large, while `run` lasts.
   * @param {number} ratio @param {() => void} run */
  sharply(ratio, run) {
    const { map, frame } = this;
    const was = map.ratio;
    const draw = (/** @type {number} */ wanted) => {
      map.resize(...frame.size, wanted);
      this.stirred = true;
      this.draw();
    };
    draw(Math.max(was, Math.min(ratio, MOST_PIXELS / Math.max(...frame.size))));
    try {
      run();
    } finally {
      draw(was);
    }
  }

  #drawMap() {
    const { sections, state } = this;
    const projection = this.projection();
    const heights = this.heights();
    const { x, y } = projection.centre;
    const planes = planesFromBehind(heights, projection)
      .filter((at) => this.left[at])
      .map((at) => {
        const { start, stop, box, spacing } = sections.list[at];
        const reach = Math.hypot(
          Math.max(Math.abs(box.minX - x), Math.abs(box.maxX - x)),
          Math.max(Math.abs(box.minY - y), Math.abs(box.maxY - y)),
        );
        return { start, stop, height: heights[at], spacing: spacing * state.size, reach };
      });
    this.map.clear();
    this.map.drawPlanes(projection, planes, sections.points, sections.shown, this.layers);
    this.painter.setMap(this.map);
    this.stirred = false;
  }

  /** The host has another size. */
  resized() {
    if (!this.values || this.closed) return;
    this.#placeCamera();
    this.draw();
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

  /** The camera moved.
   * @param {boolean} settled */
  moved(settled) {
    const { camera, frame } = this;
    const seen = {
      camera: camera.encode(...frame.size),
      turn: /** @type {[number, number]} */ ([camera.yaw, camera.pitch]),
    };
    this.state = { ...this.state, ...seen };
    this.applied = this.state;
    this.stirred = true;
    this.draw();
    if (settled) this.#emit("view");
  }

  /** Look from where the page opens; or along the axis, or from a side.
   * @param {[number, number]} [turn] yaw and pitch */
  look(turn = HOME) {
    this.camera.resetPlace();
    [this.camera.yaw, this.camera.pitch] = turn;
    this.moved(true);
  }

  /** The spot drawn at a place, or -1.
   * @param {string} _view the one that there is @param {number} x @param {number} y */
  spotAt(_view, x, y) {
    if (!this.values) return -1;
    const accept = (/** @type {number} */ i) => (this.layers[i] & LAYER_BITS) > LAYER.ghost;
    return this.map.find(x, y, REACH, accept);
  }

  /** Where a spot lies, CSS pixels of the view; null when it is not drawn.
   * @param {number} index */
  screenOf(index) {
    const section = this.sections.of(index);
    if (!section || !this.sections.shown[index] || this.layers[index] === LAYER.none) return null;
    const height = this.sections.height(section.depth, this.state.gap);
    const { points } = this.sections;
    return project(this.projection(), points[2 * index], points[2 * index + 1], height);
  }

  /** Colours now on the view where spots lie, those left out whose middle another spot covers.
   * @param {number[]} indices @returns {[number, number[]][]} index and RGBA bytes */
  pixelsOf(indices) {
    const look = this.painter.snapshot();
    const { ratio } = this.map;
    /** @type {[number, number[]][]} */
    const found = [];
    for (const index of indices) {
      const at = this.screenOf(index);
      if (!at) continue;
      const [column, row] = [Math.floor(at.x * ratio), Math.floor(at.y * ratio)];
      if (this.map.at(column, row) === index) found.push([index, look(column, row)]);
    }
    return found;
  }

  /** What the hover card says beyond slice, stage and value.
   * @param {number} index */
  facts(index) {
    const { stack } = this.sections;
    return [[stack.depth === "given" ? "Depth" : "Order", depthText(this.sections.holding(index), stack)]];
  }

  stats() {
    return {
      spots: this.#sections?.shown.reduce((sum, n) => sum + n, 0) ?? 0,
      draws: this.painter.draws,
      pixels: [this.frame.canvas.width, this.frame.canvas.height],
      renderer: this.painter.renderer,
    };
  }

  destroy() {
    this.closed = true;
    this.fetched.stop();
    this.frame.close();
    this.painter.release();
  }

  /** @param {string} name */
  #emit(name) {
    this.dispatchEvent(new CustomEvent(name));
  }
}
