/** The spots of one atlas: where they are, in which slices, how far apart. Fetched once. */

import { Grid, boxOf } from "./grid.mjs";
import { MOST_SPOTS, shuffled } from "./splat.mjs";

/** @typedef {"spatial" | "umap"} View */

/** @param {import("./grid.mjs").Box} box @param {number} by @returns {import("./grid.mjs").Box} */
function grown(box, by) {
  return { minX: box.minX - by, minY: box.minY - by, maxX: box.maxX + by, maxY: box.maxY + by };
}

/** @type {View[]} */
export const VIEWS = ["spatial", "umap"];

export class Scene {
  /** @param {import("./source.mjs").Description} description @param {Float32Array} spatial */
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
    /** @type {Record<string, Float32Array>} x, y per spot, by view */
    this.coordinates = { spatial };
    const grids = this.spans.map(([start, stop]) => new Grid(spatial, start, stop));
    this.spacings = grids.map((grid) => grid.spacing());
    // A spot reaches half a spacing beyond its middle.
    this.boxes = grids.map(({ box }, slice) => grown(box, 0.55 * this.spacings[slice]));
    this.natural = Uint32Array.from({ length: this.n }, (_, i) => i);
    this.shuffled = shuffled(this.n);
  }

  /** @param {Float32Array} umap */
  addUmap(umap) {
    this.coordinates.umap = umap;
    this.umapBox = boxOf(umap, 0, this.n);
  }

  /** Names that the atlas does not have count as not given.
   * @param {import("./state.mjs").State} state changed in place */
  settle(state) {
    const { stages, slices } = this.description;
    if (!stages.some(({ name }) => name === state.stage)) state.stage = "";
    if (!slices.some(({ name }) => name === state.slice)) state.slice = "";
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
