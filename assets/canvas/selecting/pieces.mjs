/**
 * Lines of outlines on a panel. One that was drawn over several tiles is one line while the tiles keep
 * their places; where they have not, each part belongs to its own tile and says nothing of what lies
 * beside it.
 *
 * @typedef {[number, number][]} Line closed, CSS pixels of the panel
 * @typedef {[number, number, number, number]} Box left, top, right, bottom
 * @typedef {{line: Line, box: Box}} Copy of an outline, for a tile that it holds spots of
 */

// Copies no further apart, in pixels, are one; rounding moves them by less.
const SAME_PLACE = 3;
// Edges so alike, of their length, are those of one outline that was turned with its tiles.
const SAME_LENGTH = 0.02;

/** @param {Copy[][]} outlines the copies of each @returns {Line[]} what is to be drawn */
export function linesOf(outlines) {
  /** @type {Copy[][]} */
  const drawn = [];
  for (const copies of outlines) {
    if (!copies.length) continue;
    const last = drawn[drawn.length - 1];
    if (last && copies.length === 1 && isSameShape(last[0].line, copies[0].line)) last.push(copies[0]);
    else drawn.push([...copies]);
  }
  return drawn.flatMap((copies) => {
    const [{ line }] = copies;
    if (copies.every((copy) => isSamePlace(copy.line, line))) return [line];
    return copies.map((copy) => clipped(copy.line, copy.box)).filter((part) => part.length);
  });
}

/** @param {Line} a @param {Line} b of as many corners */
function isSamePlace(a, b) {
  return a.every(([x, y], at) => Math.hypot(x - b[at][0], y - b[at][1]) < SAME_PLACE);
}

/** @param {Line} a @param {Line} b */
function isSameShape(a, b) {
  if (a.length !== b.length) return false;
  const [first, second] = [a, b].map((line) =>
    line.map(([x, y], at) => {
      const [px, py] = line[(at || line.length) - 1];
      return Math.hypot(x - px, y - py);
    }),
  );
  return first.every((edge, at) => Math.abs(edge - second[at]) <= SAME_LENGTH * edge + SAME_PLACE / 2);
}

/** @param {Line} corners */
export function pathOf(corners) {
  if (!corners.length) return "";
  return `M${corners.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L")}Z`;
}

/** The part of a closed line within a box (Sutherland and Hodgman).
 * @param {Line} corners @param {Box} box @returns {Line} */
export function clipped(corners, [left, top, right, bottom]) {
  let kept = corners;
  for (const [axis, edge, sign] of [[0, left, 1], [0, right, -1], [1, top, 1], [1, bottom, -1]]) {
    const before = kept;
    kept = [];
    before.forEach((point, at) => {
      const last = before[(at || before.length) - 1];
      const [isIn, wasIn] = [point, last].map((each) => sign * (each[axis] - edge) >= 0);
      if (isIn !== wasIn) {
        const part = (edge - last[axis]) / (point[axis] - last[axis]);
        kept.push([last[0] + part * (point[0] - last[0]), last[1] + part * (point[1] - last[1])]);
      }
      if (isIn) kept.push(point);
    });
  }
  return kept;
}
