/**
 * Which spot is on which pixel: a map of the canvas with one 32-bit number per device pixel, the
 * spot's index + 1 in the low 24 bits and its coverage (0 to 255, for smooth edges) in the high 8.
 *
 * It changes with the camera, not with the colours: a new gene leaves it alone and costs one pass
 * of the shader. It is written here rather than by the graphics card, because software renderers
 * take some 2 µs for a point and this loop a twentieth of that; it also answers, exactly and
 * without reading pixels back, which spot lies under the pointer.
 *
 * @typedef {{x: number, y: number, width: number, height: number}} Rect CSS pixels of the canvas
 * @typedef {{left: number, top: number, right: number, bottom: number}} Part device pixels of the canvas
 * @typedef {{start: number, stop: number, originX: number, originY: number, scaleX: number,
 *   scaleY: number, offsetX: number, offsetY: number, size: number}} Range
 *   screen = (point - origin) * scale + offset, CSS pixels of the panel; size: diameter
 */

/** Layers from back to front; a spot that is not drawn has none. */
export const LAYER = { none: 0, ghost: 1, back: 2, plain: 3, picked: 4 };
/** Added to the layer of a spot that is drawn smaller, since it was not measured. */
export const SMALL = 8;
export const LAYER_BITS = 7;
const SMALLER_MISSING = 0.62;
// Beyond this diameter a quarter of a pixel is not seen any more.
const FINE_STAMPS = 14;
const PHASES = 4;
const FULL = 224;

export class IndexMap {
  constructor() {
    this.width = 0;
    this.height = 0;
    this.ratio = 1;
    this.pixels = new Uint32Array(0);
    /** @type {Map<string, Stamp>} */
    this.stamps = new Map();
  }

  /** @param {number} width @param {number} height CSS pixels @param {number} ratio */
  resize(width, height, ratio) {
    this.ratio = ratio;
    this.width = Math.max(1, Math.round(width * ratio));
    this.height = Math.max(1, Math.round(height * ratio));
    this.pixels = new Uint32Array(this.width * this.height);
    this.stamps.clear();
  }

  /** @param {Part} [part] all, where not given */
  clear(part) {
    const { pixels, width } = this;
    if (!part) pixels.fill(0);
    else for (let row = part.top; row < part.bottom; row++) {
      pixels.fill(0, row * width + part.left, row * width + part.right);
    }
  }

  /** The pixels of a panel.
   * @param {Rect} rect @returns {Part} */
  part({ x, y, width, height }) {
    const at = (/** @type {number} */ value) => Math.round(value * this.ratio);
    const [left, top] = [at(x), at(y)];
    const right = Math.min(this.width, left + at(width));
    return { left, top, right, bottom: Math.min(this.height, top + at(height)) };
  }

  /**
   * @param {Float32Array} cloud x, y per spot @param {Rect} rect the panel
   * @param {Range[]} ranges @param {Uint32Array} order spots of each range, from back to front
   * @param {Uint8Array} layers per spot, SMALL among them
   */
  draw(cloud, rect, ranges, order, layers) {
    for (const range of ranges) this.#range(cloud, rect, range, order, layers);
  }

  /** @param {Float32Array} cloud @param {Rect} rect @param {Range} range @param {Uint32Array} order
   * @param {Uint8Array} layers */
  #range(cloud, rect, range, order, layers) {
    const { ratio, pixels, width } = this;
    const { left, top, right, bottom } = this.part(rect);
    const ax = range.scaleX * ratio;
    const ay = range.scaleY * ratio;
    const bx = (rect.x + range.offsetX) * ratio - range.originX * ax;
    const by = (rect.y + range.offsetY) * ratio - range.originY * ay;
    const whole = this.#stamps(range.size * ratio);
    const small = this.#stamps(Math.max(1, range.size * ratio * SMALLER_MISSING));
    for (let at = range.start; at < range.stop; at++) {
      const i = order[at];
      if (layers[i] === LAYER.none) continue;
      const x = cloud[2 * i] * ax + bx;
      const y = cloud[2 * i + 1] * ay + by;
      const { phases, reach, list } = layers[i] & SMALL ? small : whole;
      const column = Math.floor(x);
      const row = Math.floor(y);
      if (column < left - reach || column >= right + reach) continue;
      if (row < top - reach || row >= bottom + reach) continue;
      const phase =
        phases === 1 ? 0 : Math.floor((y - row) * phases) * phases + Math.floor((x - column) * phases);
      const { dx, dy, offset, cover } = list[phase];
      const id = i + 1;
      const inside =
        column - reach >= left && column + reach < right && row - reach >= top && row + reach < bottom;
      const base = row * width + column;
      for (let k = 0; k < cover.length; k++) {
        if (!inside) {
          const px = column + dx[k];
          const py = row + dy[k];
          if (px < left || px >= right || py < top || py >= bottom) continue;
        }
        const place = base + offset[k];
        const c = cover[k];
        // The soft edge of one spot does not eat into the body of another.
        if (c >= FULL || c >= pixels[place] >>> 24) pixels[place] = ((c << 24) | id) >>> 0;
      }
    }
  }

  /** Draw what is in one panel into another of its size too, as spots that come `further` on.
   * @param {Rect} from @param {Rect} to @param {number} further */
  repeat(from, to, further) {
    const { ratio, width } = this;
    // As signed numbers, which the browser adds without leaving its whole numbers.
    const pixels = new Int32Array(this.pixels.buffer);
    const at = (/** @type {number} */ value) => Math.round(value * ratio);
    const across = Math.min(at(from.width), this.width - Math.max(at(from.x), at(to.x)));
    const down = Math.min(at(from.height), this.height - Math.max(at(from.y), at(to.y)));
    for (let row = 0; row < down; row++) {
      const source = (at(from.y) + row) * width + at(from.x);
      const target = (at(to.y) + row) * width + at(to.x);
      for (let column = 0; column < across; column++) {
        const found = pixels[source + column];
        pixels[target + column] = found ? (found + further) | 0 : 0;
      }
    }
  }

  /** @param {number} diameter device pixels @returns {Stamp} */
  #stamps(diameter) {
    const key = diameter.toFixed(2);
    let stamp = this.stamps.get(key);
    if (!stamp) {
      if (this.stamps.size > 64) this.stamps.clear();
      stamp = makeStamp(Number(key), this.width);
      this.stamps.set(key, stamp);
    }
    return stamp;
  }

  /** The spot drawn at or next to a pixel.
   * @param {number} x @param {number} y @param {number} reach CSS pixels
   * @param {(index: number) => boolean} accept @returns {number} its index, or -1 */
  find(x, y, reach, accept) {
    const column = Math.floor(x * this.ratio);
    const row = Math.floor(y * this.ratio);
    const most = Math.ceil(reach * this.ratio);
    let best = -1;
    let nearest = Infinity;
    for (let dy = -most; dy <= most; dy++) {
      for (let dx = -most; dx <= most; dx++) {
        const distance = dx * dx + dy * dy;
        if (distance >= nearest || distance > most * most) continue;
        const index = this.at(column + dx, row + dy);
        if (index >= 0 && accept(index)) {
          best = index;
          nearest = distance;
        }
      }
    }
    return best;
  }

  /** @param {number} column @param {number} row device pixels @returns {number} index, or -1 */
  at(column, row) {
    if (column < 0 || row < 0 || column >= this.width || row >= this.height) return -1;
    return (this.pixels[row * this.width + column] & 0xffffff) - 1;
  }
}

/**
 * @typedef {{dx: Int32Array, dy: Int32Array, offset: Int32Array, cover: Uint8Array}} Phase
 *   offset: of a pixel of the disc from that of its centre, in a map of this width
 * @typedef {{phases: number, reach: number, list: Phase[]}} Stamp discs whose centres lie at each
 *   quarter of a pixel, row by row
 * @param {number} diameter @param {number} width device pixels @returns {Stamp}
 */
function makeStamp(diameter, width) {
  const phases = diameter <= FINE_STAMPS ? PHASES : 1;
  const radius = diameter / 2;
  const reach = Math.ceil(radius + 1);
  const list = [];
  for (let row = 0; row < phases; row++) {
    for (let column = 0; column < phases; column++) {
      const x = (column + 0.5) / phases;
      const y = (row + 0.5) / phases;
      list.push(makePhase(x, y, radius, reach, width));
    }
  }
  return { phases, reach, list };
}

/** @param {number} x @param {number} y @param {number} radius @param {number} reach
 * @param {number} width @returns {Phase} */
function makePhase(x, y, radius, reach, width) {
  /** @type {number[]} */
  const dx = [];
  /** @type {number[]} */
  const dy = [];
  const cover = [];
  for (let row = -reach; row <= reach; row++) {
    for (let column = -reach; column <= reach; column++) {
      const beyond = Math.hypot(column + 0.5 - x, row + 0.5 - y) - radius + 0.5;
      const covered = Math.round(255 * Math.min(1, Math.max(0, 1 - beyond)));
      // The pixel of the centre is always the spot's own, however small the spot.
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

/** A fixed shuffle, so that no slice lies over the others only because it comes last.
 * @param {number} count @returns {Uint32Array} */
export function shuffled(count) {
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  let state = 0x9e3779b9;
  for (let i = count - 1; i > 0; i--) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const j = Math.floor((state / 2 ** 32) * (i + 1));
    const kept = order[i];
    order[i] = order[j];
    order[j] = kept;
  }
  return order;
}

/**
 * Put the spots of each span in order of their layers, keeping their order within a layer.
 * @param {Uint32Array} order @param {[number, number][]} spans @param {Uint8Array} layers
 * @param {Uint32Array} sorted written
 */
export function sortByLayer(order, spans, layers, sorted) {
  for (const [start, stop] of spans) {
    const next = [0, 0, 0, 0, 0];
    for (let at = start; at < stop; at++) next[layers[order[at]] & LAYER_BITS]++;
    let place = start;
    for (let layer = 0; layer < next.length; layer++) {
      const count = next[layer];
      next[layer] = place;
      place += count;
    }
    for (let at = start; at < stop; at++) {
      const spot = order[at];
      sorted[next[layers[spot] & LAYER_BITS]++] = spot;
    }
  }
}
