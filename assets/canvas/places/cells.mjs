/**
 * Where panels side by side lie: a grid of equal cells, a title above each drawing, and a column at
 * the right for the tools.
 *
 * @typedef {import("../drawing/splat.mjs").Rect} Rect
 */

export const TITLE = 30;
const TOOLS = 46;
const LEAST = 40;

/**
 * @param {number} count of panels @param {number} width @param {number} height CSS pixels
 * @param {(width: number, height: number) => number} fit how large slices become in such a drawing
 * @returns {Rect[]} of the drawings, all of one size, below their titles
 */
export function arrangeCells(count, width, height, fit) {
  const room = Math.max(width - TOOLS, LEAST);
  let best = { columns: 1, width: 0, height: 0, size: -1 };
  for (let columns = 1; columns <= count; columns++) {
    const rows = Math.ceil(count / columns);
    const cell = {
      columns,
      width: Math.max(LEAST, Math.floor(room / columns)),
      height: Math.max(LEAST, Math.floor(height / rows) - TITLE),
    };
    const size = fit(cell.width, cell.height);
    if (size > best.size) best = { ...cell, size };
  }
  return Array.from({ length: count }, (_, at) => ({
    x: (at % best.columns) * best.width,
    y: Math.floor(at / best.columns) * (best.height + TITLE) + TITLE,
    width: best.width,
    height: best.height,
  }));
}
