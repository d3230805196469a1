/**
 * The index map of canvas/splat.mjs, drawn in space: which spot is on which pixel, sections from
 * the farthest to the nearest, and within a section the spots that way. Nothing needs a depth
 * buffer, and the pass of the shader that colours it is the same as on a flat map. Points of the
 * graphics interface, depth-tested, take three to eight times as long where it is done in software.
 */

import { IndexMap, LAYER, SMALL } from "../canvas/drawing/splat.mjs";
import { nearness } from "./turntable.mjs";

/** @typedef {import("./turntable.mjs").Projection} Projection */
/** @typedef {{start: number, stop: number, height: number, spacing: number, reach: number}} Plane spacing:
 *   diameter of a spot; reach: farthest spot from the centre of sight, within the plane, both in units
 *   of the coordinates */

const SMALLER_MISSING = 0.62;
const LEAST_SIZE = 1.4;
const MOST_SIZE = 90;
// Seen from the side a spot keeps this part of its width, since tissue is no film.
const THICKNESS = 0.3;
const BUCKETS = 128;
const PHASES = 3;
const FINE_STAMPS = 14;
const FULL = 224;

export class SpaceMap extends IndexMap {
  constructor() {
    super();
    this.counts = new Uint32Array(BUCKETS + 1);
    this.room = roomFor(0);
    /** @type {Map<number, import("../canvas/drawing/splat.mjs").Stamp>} */
    this.ellipses = new Map();
    this.shape = "";
  }

  /**
   * @param {Projection} p
   * @param {Plane[]} planes from the farthest to the nearest
   * @param {Float32Array} points x, y per spot of the atlas @param {Uint8Array} shown per spot
   * @param {Uint8Array} layers per spot
   */
  drawPlanes(p, planes, points, shown, layers) {
    const flat = Math.max(THICKNESS, Math.abs(p.cosPitch));
    const shape = `${flat.toFixed(2)} ${this.width} ${this.ratio}`;
    if (shape !== this.shape) this.ellipses.clear();
    this.shape = shape;
    const most = planes.reduce((size, plane) => Math.max(size, plane.stop - plane.start), 0);
    if (most > this.room.spots.length) this.room = roomFor(most);
    for (const plane of planes) {
      const n = this.#place(p, plane, points, shown, layers);
      this.#stamp(p, plane, n, layers, Number(flat.toFixed(2)));
    }
  }

  /** Where the spots of a plane land, in order of their distance.
   * @param {Projection} p
   * @param {Plane} plane @param {Float32Array} points @param {Uint8Array} shown @param {Uint8Array} layers
   * @returns {number} how many there are in view */
  #place(p, plane, points, shown, layers) {
    const { ratio, counts } = this;
    const { columns, rows, spots, buckets, sorted } = this.room;
    const { cosYaw, sinYaw, cosPitch, sinPitch, centre } = p;
    const scale = p.scale * ratio;
    const left = p.left * ratio;
    const top = p.top * ratio;
    const dz = plane.height - centre.z;
    const lift = sinPitch * dz;
    const middle = cosPitch * dz;
    const perBucket = (BUCKETS - 1) / (2 * plane.reach * Math.abs(sinPitch) + 1e-9);
    const nearest = middle - plane.reach * Math.abs(sinPitch);
    const margin = MOST_SIZE * ratio;
    const right = this.width + margin;
    const bottom = this.height + margin;
    const deep = p.eye !== Infinity;
    counts.fill(0);
    let n = 0;
    for (let i = plane.start; i < plane.stop; i++) {
      if (!shown[i] || layers[i] === LAYER.none) continue;
      const dx = points[2 * i] - centre.x;
      const dy = points[2 * i + 1] - centre.y;
      const along = sinYaw * dx + cosYaw * dy;
      const depth = middle - sinPitch * along;
      const size = deep ? scale * nearness(p, depth) : scale;
      const x = left + (cosYaw * dx - sinYaw * dy) * size;
      const y = top + (cosPitch * along + lift) * size;
      if (!(x > -margin && x < right && y > -margin && y < bottom)) continue;
      // The farthest first.
      const bucket = BUCKETS - 1 - Math.min(BUCKETS - 1, Math.max(0, ((depth - nearest) * perBucket) | 0));
      columns[n] = x;
      rows[n] = y;
      spots[n] = i;
      buckets[n] = bucket;
      counts[bucket + 1]++;
      n++;
    }
    for (let b = 1; b <= BUCKETS; b++) counts[b] += counts[b - 1];
    for (let at = 0; at < n; at++) sorted[counts[buckets[at]]++] = at;
    return n;
  }

  /** @param {Projection} p @param {Plane} plane @param {number} n @param {Uint8Array} layers
   * @param {number} flat */
  #stamp(p, plane, n, layers, flat) {
    const { pixels, width, height, ratio } = this;
    const { columns, rows, spots, sorted, buckets } = this.room;
    const size = plane.spacing * p.scale * ratio;
    const away = 2 * plane.reach * Math.abs(p.sinPitch);
    const nearest = p.cosPitch * (plane.height - p.centre.z) - away / 2;
    const stampsOf = (/** @type {number} */ bucket) => {
      const near = nearness(p, nearest + (away * (BUCKETS - 0.5 - bucket)) / BUCKETS);
      return {
        whole: this.#ellipse(size * near, flat),
        small: this.#ellipse(size * near * SMALLER_MISSING, flat),
      };
    };
    if (!n) return;
    let bucket = buckets[sorted[0]];
    let { whole, small } = stampsOf(bucket);
    for (let k = 0; k < n; k++) {
      const at = sorted[k];
      if (buckets[at] !== bucket && p.eye !== Infinity) {
        bucket = buckets[at];
        ({ whole, small } = stampsOf(bucket));
      }
      const spot = spots[at];
      const { phases, reach, list } = layers[spot] & SMALL ? small : whole;
      const x = columns[at];
      const y = rows[at];
      const column = Math.floor(x);
      const row = Math.floor(y);
      if (column < -reach || column >= width + reach) continue;
      if (row < -reach || row >= height + reach) continue;
      const phase =
        phases === 1 ? 0 : Math.floor((y - row) * phases) * phases + Math.floor((x - column) * phases);
      const { dx, dy, offset, cover } = list[phase];
      const inside =
        column >= reach && column + reach < width && row >= reach && row + reach < height;
      const base = row * width + column;
      for (let j = 0; j < cover.length; j++) {
        if (!inside) {
          const px = column + dx[j];
          const py = row + dy[j];
          if (px < 0 || px >= width || py < 0 || py >= height) continue;
        }
        const place = base + offset[j];
        const c = cover[j];
        // The soft edge of one spot does not eat into the body of another.
        if (c >= FULL || c >= pixels[place] >>> 24) pixels[place] = ((c << 24) | (spot + 1)) >>> 0;
      }
    }
  }

  /** @param {number} diameter device pixels @param {number} flat height of its width */
  #ellipse(diameter, flat) {
    const bounded = Math.min(MOST_SIZE * this.ratio, Math.max(LEAST_SIZE * this.ratio, diameter));
    // Steps of six per cent: perspective would else want a stamp for every spot.
    const step = Math.round(Math.log2(bounded) * 12);
    let stamp = this.ellipses.get(step);
    if (!stamp) {
      stamp = makeEllipse(2 ** (step / 12), flat, this.width);
      this.ellipses.set(step, stamp);
    }
    return stamp;
  }
}

/** Room for the spots of a section in view.
 * @param {number} spots */
function roomFor(spots) {
  return {
    columns: new Float32Array(spots),
    rows: new Float32Array(spots),
    spots: new Uint32Array(spots),
    buckets: new Uint8Array(spots),
    sorted: new Uint32Array(spots),
  };
}

/**
 * @param {number} diameter device pixels @param {number} flat @param {number} width of the map
 * @returns {import("../canvas/drawing/splat.mjs").Stamp} ellipses at each third of a pixel, row by row
 */
export function makeEllipse(diameter, flat, width) {
  const phases = diameter <= FINE_STAMPS ? PHASES : 1;
  const a = diameter / 2;
  const b = Math.max(0.6, a * flat);
  const reach = Math.ceil(a + 1);
  const list = [];
  for (let row = 0; row < phases; row++) {
    for (let column = 0; column < phases; column++) {
      list.push(makePhase((column + 0.5) / phases, (row + 0.5) / phases, a, b, reach, width));
    }
  }
  return { phases, reach, list };
}

/** @param {number} x @param {number} y @param {number} a @param {number} b @param {number} reach
 * @param {number} width */
function makePhase(x, y, a, b, reach, width) {
  /** @type {number[]} */
  const dx = [];
  /** @type {number[]} */
  const dy = [];
  const cover = [];
  for (let row = -reach; row <= reach; row++) {
    for (let column = -reach; column <= reach; column++) {
      const u = column + 0.5 - x;
      const v = row + 0.5 - y;
      const r = Math.hypot(u / a, v / b);
      const slope = Math.hypot(u / (a * a), v / (b * b));
      // Distance from the edge to first order: value over the length of its gradient.
      const beyond = slope > 0 ? ((r - 1) * r) / slope : -b;
      const covered = Math.round(255 * Math.min(1, Math.max(0, 0.5 - beyond)));
      const own = row === 0 && column === 0;
      if (covered < 40 && !own) continue;
      dx.push(column);
      dy.push(row);
      cover.push(own ? 255 : covered);
    }
  }
  return {
    dx: Int32Array.from(dx),
    dy: Int32Array.from(dy),
    offset: Int32Array.from(dx, (value, k) => dy[k] * width + value),
    cover: Uint8Array.from(cover),
  };
}
