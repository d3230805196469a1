/**
 * An outline, not a list of spots: it fits into a link and gives the same spots again. Drawn over
 * several tiles, it is kept in the coordinates of the first one, with the scale and shift that carry
 * it to each other tile.
 *
 * @typedef {{view: "spatial" | "umap", points: [number, number][], subtract: boolean,
 *   slices: {slice: number, scale: number, dx: number, dy: number}[]}} Outline
 *   spatial: only the slices listed; umap: the slices listed too (scale 1, shift 0)
 */

import { inverse } from "../places/placing.mjs";

const MOST_POINTS = 40;
// Corners are kept to so small a part of the outline's extent.
const PRECISION = 1 / 2000;

/** @param {Outline} outline @returns {string} only characters that a query string leaves alone */
export function encodeOutline(outline) {
  const parts = [
    outline.view,
    outline.points.flat().map(String).join("_"),
    ...outline.slices.map(({ slice, scale, dx, dy }) =>
      scale === 1 && dx === 0 && dy === 0 ? String(slice) : [slice, scale, dx, dy].join("_"),
    ),
  ];
  return parts.join("*");
}

/** @param {string} text @param {number} sliceCount @param {boolean} subtract
 * @returns {Outline | null} null when unreadable */
export function decodeOutline(text, sliceCount, subtract) {
  const [view, outline, ...rest] = text.split("*");
  if ((view !== "spatial" && view !== "umap") || !outline || !rest.length) return null;
  const numbers = outline.split("_").map(Number);
  if (numbers.length < 6 || numbers.length % 2 || !numbers.every(Number.isFinite)) return null;
  /** @type {[number, number][]} */
  const points = [];
  for (let i = 0; i < numbers.length; i += 2) points.push([numbers[i], numbers[i + 1]]);
  const slices = [];
  for (const part of rest) {
    const [slice, scale = 1, dx = 0, dy = 0] = part.split("_").map(Number);
    if (![slice, scale, dx, dy].every(Number.isFinite)) return null;
    if (!Number.isInteger(slice) || slice < 0 || slice >= sliceCount) return null;
    slices.push({ slice, scale, dx, dy });
  }
  return { view, points, slices, subtract };
}

/** Numbers as the link will hold them, so that a link gives exactly the spots that were seen.
 * @param {Outline} outline @returns {Outline} */
export function rounded(outline) {
  const digits = Math.max(0, Math.ceil(-Math.log10(extentOf(outline.points) * PRECISION)));
  const kept = (/** @type {number} */ value) => Number(value.toFixed(Math.min(digits, 12)));
  return {
    ...outline,
    points: outline.points.map(([x, y]) => [kept(x), kept(y)]),
    slices: outline.slices.map(({ slice, scale, dx, dy }) => ({
      slice,
      scale: Number(scale.toPrecision(6)),
      dx: kept(dx),
      dy: kept(dy),
    })),
  };
}

/** @param {[number, number][]} points @returns {number} the longer side of their box, above 0 */
function extentOf(points) {
  const sides = [0, 1].map((axis) => {
    const values = points.map((point) => point[axis]);
    return Math.max(...values) - Math.min(...values);
  });
  return Math.max(...sides, 1e-9);
}

/** The same outline with fewer corners.
 * @param {Outline} outline @param {number} most
 * @returns {Outline} */
export function coarsened(outline, most) {
  const tolerance = extentOf(outline.points) / 400;
  return rounded({ ...outline, points: simplify(outline.points, most, tolerance) });
}

/** @param {[number, number][]} path @param {number} [most] points that are left
 * @param {number} [tolerance] to begin with, in the unit of the path @returns {[number, number][]} */
export function simplify(path, most = MOST_POINTS, tolerance = 0.75) {
  let result = path;
  for (let off = tolerance; result.length > most; off *= 1.5) result = thin(path, off);
  return result;
}

/** Drop points closer than the tolerance to the line between those kept (Douglas and Peucker).
 * @param {[number, number][]} path @param {number} tolerance @returns {[number, number][]} */
function thin(path, tolerance) {
  const keep = new Uint8Array(path.length);
  keep[0] = keep[path.length - 1] = 1;
  const spans = [[0, path.length - 1]];
  for (let span = spans.pop(); span; span = spans.pop()) {
    const [first, last] = span;
    const [ax, ay] = path[first];
    const [bx, by] = path[last];
    const length = Math.hypot(bx - ax, by - ay);
    let furthest = -1;
    let most = tolerance;
    for (let i = first + 1; i < last; i++) {
      const [x, y] = path[i];
      const distance = length
        ? Math.abs((bx - ax) * (ay - y) - (ax - x) * (by - ay)) / length
        : Math.hypot(x - ax, y - ay);
      if (distance > most) {
        furthest = i;
        most = distance;
      }
    }
    if (furthest > 0) {
      keep[furthest] = 1;
      spans.push([first, furthest], [furthest, last]);
    }
  }
  return path.filter((_, i) => keep[i]);
}

/**
 * @param {[number, number][]} polygon @param {Float32Array} coordinates x, y per point
 * @param {number} start @param {number} stop @param {Uint8Array} flags set to 1 inside (even-odd)
 * @returns {number} how many lie inside
 */
export function markInside(polygon, coordinates, start, stop, flags) {
  const xs = polygon.map((p) => p[0]);
  const ys = polygon.map((p) => p[1]);
  const [minX, maxX] = [Math.min(...xs), Math.max(...xs)];
  const [minY, maxY] = [Math.min(...ys), Math.max(...ys)];
  const n = polygon.length;
  let count = 0;
  for (let i = start; i < stop; i++) {
    const x = coordinates[2 * i];
    const y = coordinates[2 * i + 1];
    if (x < minX || x > maxX || y < minY || y > maxY) continue;
    let inside = false;
    for (let a = 0, b = n - 1; a < n; b = a++) {
      if (ys[a] > y !== ys[b] > y && x < ((xs[b] - xs[a]) * (y - ys[a])) / (ys[b] - ys[a]) + xs[a]) {
        inside = !inside;
      }
    }
    if (inside) {
      flags[i] = 1;
      count++;
    }
  }
  return count;
}

/** Its corners in the coordinates of one of its slices.
 * @param {Outline} outline @param {{scale: number, dx: number, dy: number}} carry
 * @returns {[number, number][]} */
export function cornersIn(outline, carry) {
  return outline.points.map(([x, y]) => [x * carry.scale + carry.dx, y * carry.scale + carry.dy]);
}

/**
 * The outline that a path drawn on a panel makes.
 * @param {"spatial" | "umap"} view @param {[number, number][]} path CSS pixels of the panel
 * @param {boolean} subtract
 * @param {Map<number, import("../drawing/splat.mjs").Range>} placed how each slice shown lands on the panel
 * @param {Float32Array} coordinates @param {[number, number][]} spans of all slices
 * @returns {Outline | null} null when no spot lies inside
 */
export function outlineFrom(view, path, subtract, placed, coordinates, spans) {
  const corners = simplify(path);
  if (corners.length < 3 || !placed.size) return null;
  const home = inverse([...placed.values()][0]);
  const points = corners.map(
    ([x, y]) => /** @type {[number, number]} */ ([x * home.ax + home.bx, y * home.ay + home.by]),
  );
  const flags = new Uint8Array(coordinates.length / 2);
  /** @type {Outline} */
  const outline = { view, points, slices: [], subtract };
  let inside = 0;
  for (const [slice, range] of placed) {
    const there = inverse(range);
    const scale = there.ax / home.ax;
    const carry = { slice, scale, dx: there.bx - home.bx * scale, dy: there.by - home.by * scale };
    const hits = markInside(cornersIn(outline, carry), coordinates, ...spans[slice], flags);
    inside += hits;
    // On the UMAP a slice without a hit is kept, since which slices were shown is part of the choice.
    if (hits || view === "umap") outline.slices.push(carry);
  }
  return inside ? rounded(outline) : null;
}

/**
 * Where each slice lies on a panel; without those that lie on none, as all do before a UMAP is there.
 * @template {{start: number, stop: number}} R
 * @param {R[]} ranges @param {[number, number][]} spans
 * @param {number[]} slices
 */
export function placedSlices(ranges, spans, slices) {
  /** @type {Map<number, R>} */
  const placed = new Map();
  for (const slice of slices) {
    const [start] = spans[slice];
    const range = ranges.find((r) => r.start <= start && start < r.stop);
    if (range) placed.set(slice, range);
  }
  return placed;
}
