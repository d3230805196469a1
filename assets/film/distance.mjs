/** Distances on a grid of cells, exact (Felzenszwalb and Huttenlocher). */

const FAR = 1e12;

/**
 * @param {Uint8Array} marked 1 = a cell that distances are measured to @param {number} width
 * @param {number} height @returns {Float64Array} of each cell to the nearest marked one, in cells
 */
export function distances(marked, width, height) {
  const squares = Float64Array.from(marked, (on) => (on ? 0 : FAR));
  const most = Math.max(width, height);
  const line = new Float64Array(most);
  for (let x = 0; x < width; x++) {
    for (let y = 0; y < height; y++) line[y] = squares[y * width + x];
    const found = alongLine(line, height);
    for (let y = 0; y < height; y++) squares[y * width + x] = found[y];
  }
  for (let y = 0; y < height; y++) {
    line.set(squares.subarray(y * width, (y + 1) * width));
    squares.set(alongLine(line, width), y * width);
  }
  return squares.map(Math.sqrt);
}

/** The lower envelope of parabolas that stand on the values of a line.
 * @param {Float64Array} line squares @param {number} n @returns {Float64Array} (n,) squares */
function alongLine(line, n) {
  const feet = new Int32Array(n);
  const ends = new Float64Array(n + 1).fill(Infinity);
  ends[0] = -Infinity;
  let last = 0;
  const meets = (/** @type {number} */ a, /** @type {number} */ b) =>
    (line[b] + b * b - line[a] - a * a) / (2 * (b - a));
  for (let at = 1; at < n; at++) {
    while (last > 0 && meets(feet[last], at) <= ends[last]) last--;
    const from = meets(feet[last], at);
    if (from > ends[last]) last++;
    feet[last] = at;
    ends[last] = last ? from : -Infinity;
    ends[last + 1] = Infinity;
  }
  const found = new Float64Array(n);
  for (let at = 0, foot = 0; at < n; at++) {
    while (ends[foot + 1] < at) foot++;
    found[at] = (at - feet[foot]) ** 2 + line[feet[foot]];
  }
  return found;
}
