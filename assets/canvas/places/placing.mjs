/**
 * How spots land on the two panels.
 * @typedef {import("../drawing/splat.mjs").Range} Range
 */

const LEAST_SIZE = 1.6;
const MOST_SIZE = 80;
const UMAP_MARGIN = 26;
const UMAP_MOST_SIZE = 6;

/**
 * @param {import("./tiles.mjs").Tile[]} tiles @param {import("../../values/source.mjs").Slice[]} slices
 * @param {import("../drawing/grid.mjs").Box[]} boxes @param {number[]} spacings per slice
 * @param {import("./camera.mjs").Camera} camera
 * @param {number} pointSize diameter relative to the spacing of spots
 * @returns {Range[]} one per tile
 */
export function placeTiles(tiles, slices, boxes, spacings, camera, pointSize) {
  return tiles.map((tile) => {
    const { start, stop } = slices[tile.slice];
    const scale = tile.scale * camera.k;
    const size = spacings[tile.slice] * scale * pointSize;
    return {
      start,
      stop,
      originX: boxes[tile.slice].minX,
      originY: boxes[tile.slice].minY,
      scaleX: scale,
      scaleY: scale,
      offsetX: tile.x * camera.k + camera.x,
      offsetY: tile.y * camera.k + camera.y,
      size: Math.min(MOST_SIZE, Math.max(LEAST_SIZE, size)),
    };
  });
}

/**
 * @param {number} count of all spots @param {import("../drawing/grid.mjs").Box} box of all coordinates
 * @param {import("../drawing/splat.mjs").Rect} rect the panel @param {import("./camera.mjs").Camera} camera
 * @param {number} pointSize @returns {Range[]} one for all spots
 */
export function placeUmap(count, box, rect, camera, pointSize) {
  const fit = Math.min(
    (rect.width - 2 * UMAP_MARGIN) / Math.max(box.maxX - box.minX, 1e-6),
    (rect.height - 2 * UMAP_MARGIN) / Math.max(box.maxY - box.minY, 1e-6),
  );
  const scale = Math.max(fit, 1e-6) * camera.k;
  const crowd = Math.sqrt((rect.width * rect.height * 0.35) / Math.max(count, 1));
  const size = Math.min(crowd, UMAP_MOST_SIZE) * Math.sqrt(camera.k) * pointSize;
  return [
    {
      start: 0,
      stop: count,
      originX: (box.minX + box.maxX) / 2,
      originY: (box.minY + box.maxY) / 2,
      scaleX: scale,
      scaleY: -scale,
      offsetX: (rect.width / 2) * camera.k + camera.x,
      offsetY: (rect.height / 2) * camera.k + camera.y,
      size: Math.min(MOST_SIZE, Math.max(LEAST_SIZE, size)),
    },
  ];
}

/**
 * Least and greatest diameter that spots are drawn with in the tiles, in the unit of coordinates;
 * null without tiles. What is too small or too large to be drawn so is drawn at the bound.
 * @param {Range[]} ranges of `placeTiles` @param {import("./tiles.mjs").Tile[]} tiles
 * @returns {[number, number] | null}
 */
export function drawnDiameters(ranges, tiles) {
  if (!ranges.length) return null;
  const drawn = ranges.map((range, at) => (range.size / range.scaleX) * (tiles[at].unit ?? 1));
  return [Math.min(...drawn), Math.max(...drawn)];
}

/** From the panel back to coordinates: value = screen * a + b, per axis.
 * @param {Range} range */
export function inverse(range) {
  return {
    ax: 1 / range.scaleX,
    bx: range.originX - range.offsetX / range.scaleX,
    ay: 1 / range.scaleY,
    by: range.originY - range.offsetY / range.scaleY,
  };
}
