/**
 * The outline of a slice: what lies near its spots, without the gaps between them. Gaps are closed
 * by as much as it takes to hold nearly all spots in one piece, so that there is one line to draw.
 *
 * @typedef {import("./contour.mjs").Ring} Ring
 */

import { boxOf } from "../canvas/drawing/grid.mjs";
import { longestBorder } from "./contour.mjs";
import { distances } from "./distance.mjs";

// Nodes of the grid along the longer side.
const NODES = 150;
// In spacings of spots: how far beyond the spots the line runs, and gaps that are always closed.
const MARGIN = 0.8;
const LEAST_GAP = 1.7;
// The share of the spots that lie within; a few lost ones are no tissue.
const HELD = 0.97;
const WIDER = 1.5;

/**
 * @param {Float32Array} points x, y per spot @param {number} start @param {number} stop spots
 * @param {number} spacing typical distance of neighbours @returns {Ring} in units of the points
 */
export function outlineOf(points, start, stop, spacing) {
  const box = boxOf(points, start, stop);
  const side = Math.max(box.maxX - box.minX, box.maxY - box.minY);
  const apart = spacing > 0 ? spacing : side || 1;
  const cell = Math.max(side / NODES, apart / 3);
  const margin = Math.max(MARGIN * apart, 1.2 * cell);
  let gap = Math.max(LEAST_GAP * apart, margin + 0.5 * cell);
  for (;;) {
    const pad = gap + 2 * cell;
    const left = box.minX - pad;
    const top = box.minY - pad;
    const width = Math.ceil((box.maxX - box.minX + 2 * pad) / cell) + 1;
    const height = Math.ceil((box.maxY - box.minY + 2 * pad) / cell) + 1;
    const counts = new Uint32Array(width * height);
    for (let i = start; i < stop; i++) {
      const column = Math.round((points[2 * i] - left) / cell);
      const row = Math.round((points[2 * i + 1] - top) / cell);
      counts[row * width + column]++;
    }
    const near = distances(Uint8Array.from(counts, (n) => (n ? 1 : 0)), width, height);
    const outside = Uint8Array.from(near, (d) => (d * cell > gap ? 1 : 0));
    const inward = distances(outside, width, height);
    const inside = inward.map((d) => d * cell - (gap - margin));
    const held = keepLargest(inside, counts, width, height);
    if (held >= HELD * (stop - start) || gap > 2 * side) {
      return longestBorder(inside, width, height).map(([x, y]) => [left + x * cell, top + y * cell]);
    }
    gap *= WIDER;
  }
}

/** Leave above zero only the piece with most spots.
 * @param {Float64Array} values changed
 * @param {Uint32Array} counts spots by node @param {number} width @param {number} height
 * @returns {number} spots in it */
function keepLargest(values, counts, width, height) {
  const piece = new Int32Array(width * height).fill(-1);
  let best = -1;
  let most = -1;
  let pieces = 0;
  for (let seed = 0; seed < values.length; seed++) {
    if (values[seed] <= 0 || piece[seed] >= 0) continue;
    let spots = 0;
    const waiting = [seed];
    piece[seed] = pieces;
    for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
      spots += counts[at];
      for (const beside of [at - 1, at + 1, at - width, at + width]) {
        if (values[beside] > 0 && piece[beside] < 0) {
          piece[beside] = pieces;
          waiting.push(beside);
        }
      }
    }
    if (spots > most) {
      most = spots;
      best = pieces;
    }
    pieces++;
  }
  for (let at = 0; at < values.length; at++) {
    if (values[at] > 0 && piece[at] !== best) values[at] = -1;
  }
  return Math.max(0, most);
}
