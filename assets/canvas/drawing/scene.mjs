/** The spots of one atlas: where they are, in which slices, how far apart. Fetched once. */

import { present } from "../../page/present.mjs";
import { MOST_SPOTS } from "../../values/limits.mjs";
import { Grid, boxOf } from "./grid.mjs";
import { shuffled } from "./splat.mjs";
import { turnOf } from "../selecting/turns.mjs";

/** @typedef {"spatial" | "umap"} View */

/** @param {import("./grid.mjs").Box} box @param {number} by @returns {import("./grid.mjs").Box} */
function grown(box, by) {
  return { minX: box.minX - by, minY: box.minY - by, maxX: box.maxX + by, maxY: box.maxY + by };
}

/**
 * @typedef {{points: Float32Array, spacings: number[], boxes: import("./grid.mjs").Box[]}} Plane
 *   x, y per spot; the typical distance of neighbours and what is filled, by slice
 * @param {Float32Array} points @param {[number, number][]} spans @returns {Plane}
 */
function planeFrom(points, spans) {
  const grids = spans.map(([start, stop]) => new Grid(points, start, stop));
  const spacings = grids.map((grid) => grid.spacing());
  // A spot reaches half a spacing beyond its middle.
  return { points, spacings, boxes: grids.map(({ box }, slice) => grown(box, 0.55 * spacings[slice])) };
}

/** @type {View[]} */
export const VIEWS = ["spatial", "umap"];

/** @typedef {{spatial: Float32Array, umap?: Float32Array}} Places x, y per spot; umap: once it is loaded */

export class Scene {
  /** As the alignment put the slices, once that is loaded.
   * @type {{plane: Plane, turns: import("../selecting/turns.mjs").Turn[]} | undefined} */
  #alignment;

  /** @param {import("../../values/source.mjs").Description} description @param {Float32Array} spatial */
  constructor(description, spatial) {
    this.description = description;
    this.n = description.n_spots;
    if (this.n > MOST_SPOTS) throw new Error(`${this.n} spots are more than one map can hold.`);
    if (spatial.length !== 2 * this.n) {
      throw new Error(`${spatial.length / 2} coordinates came for ${this.n} spots.`);
    }
    /** @type {[number, number][]} rows of each slice */
    this.spans = description.slices.map((s) => [s.start, s.stop]);
    this.stages = description.slices.map((s) => s.stage);
    /** @type {Places} */
    this.coordinates = { spatial };
    /** @type {import("./grid.mjs").Box | undefined} around the UMAP, once it is loaded */
    this.umapBox = undefined;
    /** As each slice was given, which is what selections are drawn on. */
    this.given = planeFrom(spatial, this.spans);
    /** @type {import("../selecting/turns.mjs").Turn[] | null} of each slice, while they lie as they were aligned */
    this.turns = null;
    this.spacings = this.given.spacings;
    this.boxes = this.given.boxes;
    this.natural = Uint32Array.from({ length: this.n }, (_, i) => i);
    this.shuffled = shuffled(this.n);
  }

  /** Whether slices lie as they were aligned. */
  get aligned() {
    return this.turns !== null;
  }

  /** Whether it is known how they were. */
  get alignable() {
    return this.#alignment !== undefined;
  }

  /** @param {Float32Array} points where the alignment put the spots */
  addAligned(points) {
    if (points.length !== 2 * this.n) throw new Error(`${points.length / 2} places came for ${this.n} spots.`);
    const turns = this.spans.map((span) => turnOf(this.given.points, points, span));
    this.#alignment = { plane: planeFrom(points, this.spans), turns };
  }

  /** @param {boolean} aligned whether slices lie as they were aligned, which has to be there */
  turn(aligned) {
    const alignment = aligned ? present(this.#alignment, "The alignment of the slices") : null;
    const { points, spacings, boxes } = alignment?.plane ?? this.given;
    this.turns = alignment?.turns ?? null;
    this.coordinates.spatial = points;
    this.spacings = spacings;
    this.boxes = boxes;
  }

  /** What selections are drawn on.
   * @returns {Places} */
  get takenFrom() {
    return { ...this.coordinates, spatial: this.given.points };
  }

  /** @param {Float32Array} umap */
  addUmap(umap) {
    this.coordinates.umap = umap;
    this.umapBox = boxOf(umap, 0, this.n);
  }

  /** Names that the atlas does not have count as not given.
   * @param {import("../state.mjs").State} state changed in place */
  settle(state) {
    const { stages, slices } = this.description;
    if (!stages.some(({ name }) => name === state.stage)) state.stage = "";
    if (!slices.some(({ name }) => name === state.slice)) state.slice = "";
    if (!slices.some(({ aligned }) => aligned)) state.aligned = false;
    for (const name of /** @type {const} */ (["selection", "versus"])) {
      const drawn = state[name]?.flatMap((outline) => outline.slices) ?? [];
      if (drawn.some(({ slice }) => slice >= slices.length)) state[name] = null;
    }
  }

  /** @param {string} stage '' = all @param {string} slice the one that is alone, '' = none is
   * @returns {number[]} slices, in order */
  slicesOf(stage, slice) {
    const indices = this.stages.map((_, index) => index);
    if (slice) return indices.filter((i) => this.description.slices[i].name === slice);
    return stage ? indices.filter((i) => this.stages[i] === stage) : indices;
  }

  /** @param {number} spot @returns {number} of the slice it lies in */
  sliceOf(spot) {
    return this.spans.findIndex(([start, stop]) => spot >= start && spot < stop);
  }
}
