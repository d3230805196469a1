/**
 * How the alignment moved each slice: from the coordinates that it was given with to those shared by
 * the slices of its frame. Selections are kept in the former, whichever way round a slice is shown.
 *
 * @typedef {[number, number, number, number, number, number]} Turn a, b, c, d, e, f of
 *   x' = a x + c y + e, y' = b x + d y + f, as drawing contexts take them
 * @typedef {[number, number]} Point
 * @typedef {import("./lasso.mjs").Outline} Outline
 */

import { cornersIn, rounded } from "./lasso.mjs";

/** @type {Turn} */
const NONE = [1, 0, 0, 1, 0, 0];

/**
 * The turn, with a scale and perhaps a reflection, that fits best.
 * @param {Float32Array} from x, y per spot @param {Float32Array} to the same spots
 * @param {[number, number]} span of the slice @returns {Turn}
 */
export function turnOf(from, to, [start, stop]) {
  const n = stop - start;
  if (!n) return NONE;
  const mean = [0, 0, 0, 0];
  for (let i = start; i < stop; i++) {
    for (const axis of [0, 1]) {
      mean[axis] += from[2 * i + axis] / n;
      mean[2 + axis] += to[2 * i + axis] / n;
    }
  }
  let spread = 0;
  // Sums of products, of which a turn and a reflection each leave two different ones.
  let [xx, xy, yx, yy] = [0, 0, 0, 0];
  for (let i = start; i < stop; i++) {
    const [px, py] = [from[2 * i] - mean[0], from[2 * i + 1] - mean[1]];
    const [qx, qy] = [to[2 * i] - mean[2], to[2 * i + 1] - mean[3]];
    spread += px * px + py * py;
    xx += px * qx;
    xy += px * qy;
    yx += py * qx;
    yy += py * qy;
  }
  if (!spread) return [1, 0, 0, 1, mean[2] - mean[0], mean[3] - mean[1]];
  const plain = [(xx + yy) / spread, (xy - yx) / spread];
  const mirrored = [(xx - yy) / spread, (xy + yx) / spread];
  const reflected = Math.hypot(...mirrored) > Math.hypot(...plain);
  const [a, b] = reflected ? mirrored : plain;
  const [c, d] = reflected ? [b, -a] : [-b, a];
  return [a, b, c, d, mean[2] - a * mean[0] - c * mean[1], mean[3] - b * mean[0] - d * mean[1]];
}

/** @param {Turn} turn @param {Point[]} points @returns {Point[]} */
export function turned([a, b, c, d, e, f], points) {
  return points.map(([x, y]) => [a * x + c * y + e, b * x + d * y + f]);
}

/** @param {Turn} turn @returns {Turn} back again */
export function inverseOf([a, b, c, d, e, f]) {
  const area = a * d - b * c;
  if (!area) return NONE;
  return [d / area, -b / area, -c / area, a / area, (c * f - d * e) / area, (b * e - a * f) / area];
}

/**
 * An outline drawn over turned slices, as outlines in the coordinates that each was given with.
 * @param {Outline} outline in the coordinates that are shown @param {Turn[]} turns of all slices
 * @returns {Outline[]} one for each slice
 */
export function turnedBack(outline, turns) {
  return outline.slices.map((carry) =>
    rounded({
      ...outline,
      points: turned(inverseOf(turns[carry.slice]), cornersIn(outline, carry)),
      slices: [{ slice: carry.slice, scale: 1, dx: 0, dy: 0 }],
    }),
  );
}
