/**
 * The tissue in the middle of the map, which stays there when the map is laid out anew: beside
 * another colour one goes on looking at the same place.
 */

import { Camera } from "./camera.mjs";

/**
 * @typedef {{slice: number, across: number, down: number, wide: number}} Middle across, down: from
 *   the corner of the slice's tile, wide: of what is seen, in units of the coordinates
 * @param {import("../canvas.mjs").AtlasCanvas} atlas @returns {Middle | null} null where nothing is there
 */
export function middleOf({ layout, cameras: { spatial }, frame: { panels } }) {
  const { width, height } = panels.spatial.rect;
  const x = (width / 2 - spatial.x) / spatial.k;
  const y = (height / 2 - spatial.y) / spatial.k;
  let nearest = null;
  let least = Infinity;
  for (const tile of layout.tiles) {
    const beyond = Math.hypot(
      Math.max(tile.x - x, 0, x - tile.x - tile.width),
      Math.max(tile.y - y, 0, y - tile.y - tile.height),
    );
    if (beyond < least) [nearest, least] = [tile, beyond];
  }
  if (!nearest) return null;
  const { slice, scale } = nearest;
  const wide = width / spatial.k / scale;
  return { slice, across: (x - nearest.x) / scale, down: (y - nearest.y) / scale, wide };
}

/** The camera that shows it.
 * @param {import("../canvas.mjs").AtlasCanvas} atlas laid out anew
 * @param {Middle} middle @returns {string} as a state has it; '' where its slice is not shown */
export function cameraAt({ layout, frame: { panels } }, { slice, across, down, wide }) {
  const { width, height } = panels.spatial.rect;
  const tile = layout.tiles.find((each) => each.slice === slice);
  if (!tile) return "";
  const camera = new Camera();
  camera.k = Math.max(1, width / (wide * tile.scale));
  camera.x = width / 2 - (tile.x + across * tile.scale) * camera.k;
  camera.y = height / 2 - (tile.y + down * tile.scale) * camera.k;
  return camera.encode(width, height);
}
