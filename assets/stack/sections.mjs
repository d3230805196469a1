/**
 * The sections of one specimen: where their spots lie, how far apart the sections are drawn, and
 * which spots a cut leaves.
 *
 * @typedef {{slice: number, z: number | null, registered: boolean, reflected: boolean,
 *   rotation: number | null, residual: number | null, inlier_share: number | null}} Section
 * @typedef {{name: string, stage: string, specimen: string, told: string, depth: string,
 *   depth_unit: string, in_proportion: boolean, sections: Section[]}} Stack
 *   told: the column that says which sections are of one specimen, '' when none does; depth:
 *   'given' or 'order'; in_proportion: depth and plane are in one unit
 */

import { present } from "../page/present.mjs";
import { Grid, unionOf } from "../canvas/drawing/grid.mjs";

// The usual height of a stack of its width: low enough to be seen at once, high enough to part.
const USUAL_HEIGHT = 0.85;
/** @typedef {import("./address.mjs").Axis} Axis */

export class Sections {
  /**
   * @param {Stack} stack @param {import("../values/source.mjs").Description} description
   * @param {Float32Array} coordinates x, y, z per spot of the atlas
   */
  constructor(stack, description, coordinates) {
    this.stack = stack;
    this.n = description.n_spots;
    if (coordinates.length !== 3 * this.n) {
      throw new Error(`${coordinates.length / 3} coordinates came for ${this.n} spots.`);
    }
    this.points = new Float32Array(2 * this.n);
    for (let i = 0; i < this.n; i++) {
      this.points[2 * i] = coordinates[3 * i];
      this.points[2 * i + 1] = coordinates[3 * i + 1];
    }
    this.list = stack.sections.map((section) => {
      const { name, start, stop } = description.slices[section.slice];
      const grid = new Grid(this.points, start, stop);
      const spacing = grid.spacing();
      return { ...section, name, start, stop, box: grid.box, spacing, depth: coordinates[3 * start + 2] };
    });
    /** Sections of their own frame lie anywhere; the view is fitted to the others. */
    const framed = this.list.filter((section) => section.registered);
    this.box = unionOf((framed.length > 1 ? framed : this.list).map((section) => section.box));
    const depths = this.list.map((section) => section.depth);
    this.depths = [Math.min(...depths), Math.max(...depths)];
    const width = Math.max(this.box.maxX - this.box.minX, this.box.maxY - this.box.minY);
    const high = this.depths[1] - this.depths[0];
    const usual = high > 0 ? (USUAL_HEIGHT * width) / high : 1;
    /** Plane units a unit of depth is drawn as when gap is 1; not below what is true. */
    this.usual = stack.in_proportion ? Math.max(1, usual) : usual;
    this.shown = new Uint8Array(this.n);
  }

  /** Height of a section as drawn, in units of the plane.
   * @param {number} depth
   * @param {number} gap */
  height(depth, gap) {
    return (depth - this.depths[0]) * this.usual * gap;
  }

  /** What the camera looks at.
   * @param {number} gap */
  target(gap) {
    const { minX, maxX, minY, maxY } = this.box;
    const high = this.height(this.depths[1], gap);
    return {
      centre: { x: (minX + maxX) / 2, y: (minY + maxY) / 2, z: high / 2 },
      radius: Math.max(Math.hypot(maxX - minX, maxY - minY, high) / 2, 1e-9),
    };
  }

  /** Smallest and largest value on an axis, in its own units.
   * @param {Exclude<Axis, "">} axis */
  extent(axis) {
    const { minX, maxX, minY, maxY } = this.box;
    return axis === "x" ? [minX, maxX] : axis === "y" ? [minY, maxY] : this.depths;
  }

  /** @param {Axis} axis @param {[number, number]} cut per cent @returns {[number, number]} */
  bounds(axis, cut) {
    if (!axis) return [-Infinity, Infinity];
    const [low, high] = this.extent(axis);
    const at = (/** @type {number} */ share) => low + ((high - low) * share) / 100;
    // What lies at the very ends is kept, whatever rounding says.
    return [cut[0] <= 0 ? -Infinity : at(cut[0]), cut[1] >= 100 ? Infinity : at(cut[1])];
  }

  /**
   * Mark the spots that are drawn.
   * @param {Set<number>} off slices @param {Axis} axis
   * @param {[number, number]} cut @returns {number[]} spots left, per section
   */
  choose(off, axis, cut) {
    const [low, high] = this.bounds(axis, cut);
    this.shown.fill(0);
    const column = axis === "y" ? 1 : 0;
    return this.list.map((section) => {
      if (off.has(section.slice)) return 0;
      const { start, stop, depth } = section;
      if (axis === "z" || axis === "") {
        const inside = depth >= low && depth <= high;
        if (inside) this.shown.fill(1, start, stop);
        return inside ? stop - start : 0;
      }
      let left = 0;
      for (let i = start; i < stop; i++) {
        const value = this.points[2 * i + column];
        if (value < low || value > high) continue;
        this.shown[i] = 1;
        left++;
      }
      return left;
    });
  }

  /** Rows that are drawn, start (included) to stop (excluded).
   * @returns {[number, number][]} */
  runs() {
    /** @type {[number, number][]} */
    const found = [];
    for (const { start, stop } of this.list) {
      let from = -1;
      for (let i = start; i <= stop; i++) {
        const on = i < stop && this.shown[i] === 1;
        if (on && from < 0) from = i;
        if (!on && from >= 0) {
          found.push([from, i]);
          from = -1;
        }
      }
    }
    return found;
  }

  /** The section of a spot that is drawn.
   * @param {number} spot */
  holding(spot) {
    return present(this.of(spot), "The section of a spot");
  }

  /** Section of a spot, or undefined where it is of another specimen.
   * @param {number} spot */
  of(spot) {
    return this.list.find(({ start, stop }) => spot >= start && spot < stop);
  }
}
