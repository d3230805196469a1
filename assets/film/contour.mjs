/**
 * The border of a region on a grid of values: marching squares.
 *
 * @typedef {[number, number][]} Ring corners of a closed line, the last joined to the first
 */

import { present } from "../page/present.mjs";

// Edges of a cell that the border joins, by its corners inside: 1 top left, 2 top right,
// 4 bottom right, 8 bottom left. Edges: 0 top, 1 right, 2 bottom, 3 left.
const JOINS = [
  [], [[3, 0]], [[0, 1]], [[3, 1]], [[1, 2]], [[3, 0], [1, 2]], [[0, 2]], [[3, 2]],
  [[2, 3]], [[2, 0]], [[0, 1], [2, 3]], [[2, 1]], [[1, 3]], [[1, 0]], [[0, 3]], [],
];

/**
 * The longest border of what is above zero.
 * @param {Float64Array} values of nodes, row by row;
 * those at the rim must not be above zero
 * @param {number} width @param {number} height nodes
 * @returns {Ring} in nodes; empty where nothing is above zero
 */
export function longestBorder(values, width, height) {
  /** @type {Map<number, number>} */
  const next = new Map();
  /** @type {Map<number, [number, number]>} */
  const places = new Map();
  const cut = (/** @type {number} */ x, /** @type {number} */ y, /** @type {number} */ edge) => {
    const down = edge === 1 || edge === 3;
    const cx = x + (edge === 1 ? 1 : 0);
    const cy = y + (edge === 2 ? 1 : 0);
    const id = 2 * (cy * width + cx) + (down ? 1 : 0);
    if (!places.has(id)) {
      const a = values[cy * width + cx];
      const b = values[(cy + (down ? 1 : 0)) * width + cx + (down ? 0 : 1)];
      const share = a / (a - b);
      places.set(id, down ? [cx, cy + share] : [cx + share, cy]);
    }
    return id;
  };
  for (let y = 0; y + 1 < height; y++) {
    for (let x = 0; x + 1 < width; x++) {
      const at = y * width + x;
      const inside =
        (values[at] > 0 ? 1 : 0) | (values[at + 1] > 0 ? 2 : 0) |
        (values[at + width + 1] > 0 ? 4 : 0) | (values[at + width] > 0 ? 8 : 0);
      for (const [from, to] of JOINS[inside]) next.set(cut(x, y, from), cut(x, y, to));
    }
  }
  /** @type {Ring} */
  let best = [];
  let longest = 0;
  while (next.size) {
    let [id] = next.keys();
    /** @type {Ring} */
    const ring = [];
    for (let to = next.get(id); to !== undefined; to = next.get(id)) {
      ring.push(present(places.get(id), "The place of a corner"));
      next.delete(id);
      id = to;
    }
    const length = ring.reduce((sum, [x, y], i) => {
      const [px, py] = ring[(i || ring.length) - 1];
      return sum + Math.hypot(x - px, y - py);
    }, 0);
    if (length > longest) {
      longest = length;
      best = ring;
    }
  }
  return best;
}
