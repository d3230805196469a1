/**
 * A uniform grid over the points of one range, for hit-testing and for the typical spacing.
 * Finding the nearest point costs microseconds and reads no pixel back from the graphics card.
 *
 * @typedef {{minX: number, minY: number, maxX: number, maxY: number}} Box
 */

const POINTS_PER_CELL = 3;

export class Grid {
  /** @param {Float32Array} coordinates x, y per point @param {number} start @param {number} stop */
  constructor(coordinates, start, stop) {
    this.coordinates = coordinates;
    this.start = start;
    this.stop = stop;
    this.box = boxOf(coordinates, start, stop);
    const width = Math.max(this.box.maxX - this.box.minX, 1e-9);
    const height = Math.max(this.box.maxY - this.box.minY, 1e-9);
    const cells = Math.max(1, (stop - start) / POINTS_PER_CELL);
    // A range that is nearly a line would else ask for one cell as wide as the line.
    this.cell = Math.max(Math.sqrt((width * height) / cells), Math.max(width, height) / cells);
    this.columns = Math.floor(width / this.cell) + 1;
    this.rows = Math.floor(height / this.cell) + 1;
    /** Points of cell c: items[firsts[c]] up to items[firsts[c + 1]]. */
    this.firsts = new Uint32Array(this.columns * this.rows + 1);
    this.items = new Uint32Array(stop - start);
    this.#fill();
  }

  #fill() {
    const { coordinates, start, stop, columns } = this;
    const count = stop - start;
    const cellOf = new Uint32Array(count);
    for (let i = 0; i < count; i++) {
      const x = coordinates[2 * (start + i)];
      const y = coordinates[2 * (start + i) + 1];
      cellOf[i] = this.#row(y) * columns + this.#column(x);
      this.firsts[cellOf[i] + 1]++;
    }
    for (let c = 1; c < this.firsts.length; c++) this.firsts[c] += this.firsts[c - 1];
    const next = this.firsts.slice(0, -1);
    for (let i = 0; i < count; i++) this.items[next[cellOf[i]]++] = start + i;
  }

  /** @param {number} x */
  #column(x) {
    const at = Math.floor((x - this.box.minX) / this.cell);
    return Math.min(this.columns - 1, Math.max(0, at));
  }

  /** @param {number} y */
  #row(y) {
    const at = Math.floor((y - this.box.minY) / this.cell);
    return Math.min(this.rows - 1, Math.max(0, at));
  }

  /**
   * @param {number} x @param {number} y @param {number} radius in units of the coordinates
   * @param {(index: number) => boolean} [accept]
   * @returns {number} index of the nearest point within the radius, or -1
   */
  nearest(x, y, radius, accept) {
    let best = -1;
    let bestSquare = radius * radius;
    const toRow = this.#row(y + radius);
    const toColumn = this.#column(x + radius);
    for (let row = this.#row(y - radius); row <= toRow; row++) {
      for (let column = this.#column(x - radius); column <= toColumn; column++) {
        const cell = row * this.columns + column;
        for (let at = this.firsts[cell]; at < this.firsts[cell + 1]; at++) {
          const index = this.items[at];
          const dx = this.coordinates[2 * index] - x;
          const dy = this.coordinates[2 * index + 1] - y;
          const square = dx * dx + dy * dy;
          if (square <= bestSquare && (!accept || accept(index))) {
            best = index;
            bestSquare = square;
          }
        }
      }
    }
    return best;
  }

  /** Median distance to the nearest neighbour over about 200 points, in units of the coordinates. */
  spacing() {
    const count = this.stop - this.start;
    const fallback = this.cell / Math.sqrt(POINTS_PER_CELL);
    if (count < 2) return fallback;
    const distances = [];
    const step = Math.max(1, Math.floor(count / 200));
    for (let i = this.start; i < this.stop; i += step) {
      const x = this.coordinates[2 * i];
      const y = this.coordinates[2 * i + 1];
      const hit = this.nearest(x, y, 3 * this.cell, (index) => index !== i);
      if (hit < 0) continue;
      const distance = Math.hypot(this.coordinates[2 * hit] - x, this.coordinates[2 * hit + 1] - y);
      if (distance > 0) distances.push(distance);
    }
    if (!distances.length) return fallback;
    distances.sort((a, b) => a - b);
    return distances[distances.length >> 1];
  }
}

/** @param {Float32Array} coordinates @param {number} start @param {number} stop @returns {Box} */
export function boxOf(coordinates, start, stop) {
  const box = { minX: Infinity, minY: Infinity, maxX: -Infinity, maxY: -Infinity };
  for (let i = start; i < stop; i++) {
    const x = coordinates[2 * i];
    const y = coordinates[2 * i + 1];
    if (x < box.minX) box.minX = x;
    if (x > box.maxX) box.maxX = x;
    if (y < box.minY) box.minY = y;
    if (y > box.maxY) box.maxY = y;
  }
  return stop > start ? box : { minX: 0, minY: 0, maxX: 1, maxY: 1 };
}

/** The box around boxes.
 * @param {Box[]} boxes @returns {Box} */
export function unionOf(boxes) {
  return {
    minX: Math.min(...boxes.map((box) => box.minX)),
    minY: Math.min(...boxes.map((box) => box.minY)),
    maxX: Math.max(...boxes.map((box) => box.maxX)),
    maxY: Math.max(...boxes.map((box) => box.maxY)),
  };
}
