/** Spots where the alignment of the slices put them, instead of where each slice has them itself. */

import { Source } from "../../values/source.mjs";

/** @typedef {(points: Float32Array, description: import("../../values/source.mjs").Description) => void} Settle */

/** @type {Map<string, AlignedSource>} */
const sources = new Map();

/** One for all canvases of a page, which so share their bytes.
 * @param {string} base @param {string} [digest] @returns {AlignedSource} */
export function alignedSourceOf(base, digest = "") {
  const key = `${base} ${digest}`;
  const source = sources.get(key) ?? new AlignedSource(base, digest);
  sources.set(key, source);
  return source;
}

/** @param {Float32Array} stack x, y, z per spot @returns {Float32Array} x, y per spot */
export function planeOf(stack) {
  const points = new Float32Array((stack.length / 3) * 2);
  for (let i = 0; i < points.length / 2; i++) {
    points[2 * i] = stack[3 * i];
    points[2 * i + 1] = stack[3 * i + 1];
  }
  return points;
}

export class AlignedSource extends Source {
  /** @param {string} base @param {string} digest @param {Settle} [settle] moves what is to lie
   * elsewhere still */
  constructor(base, digest, settle) {
    super(base, "", digest);
    this.settle = settle;
  }

  get asGiven() {
    return false;
  }

  /** @param {"spatial" | "umap" | "stack"} kind @returns {Promise<Float32Array>} x, y per spot */
  async coordinates(kind) {
    if (kind !== "spatial") return super.coordinates(kind);
    const [description, stack] = await Promise.all([this.description(), super.coordinates("stack")]);
    const points = planeOf(stack);
    this.settle?.(points, description);
    return points;
  }
}
