/**
 * One slice alone on the map, as large as it allows: which one is meant, and the way back. The
 * canvas asks with an event `slice`; who owns it decides.
 */

/** @typedef {import("../canvas.mjs").AtlasCanvas} AtlasCanvas */
/** @typedef {import("../places/tiles.mjs").Tile} Tile */

/** Show the slice at a place of the tissue panel alone, or what was there before again.
 * @param {AtlasCanvas} atlas @param {number} x @param {number} y CSS pixels
 * @param {boolean} near take the nearest where none is there */
export function openSlice(atlas, x, y, near) {
  if (!atlas.values || atlas.readOnly) return;
  if (leaveSlice(atlas) || atlas.layout.tiles.length < 2) return;
  const { tile, beyond } = nearestTile(atlas, x, y);
  if (tile && (near || !beyond)) tell(atlas, atlas.description.slices[tile.slice].name);
}

/** Show again what was there before one slice was alone.
 * @param {AtlasCanvas} atlas @returns {boolean} whether one was */
export function leaveSlice(atlas) {
  if (!atlas.state.slice) return false;
  tell(atlas, "");
  return true;
}

/** The slice before or after the one that is alone.
 * @param {AtlasCanvas} atlas @param {number} by */
export function stepSlice(atlas, by) {
  const { state } = atlas;
  if (!state.slice || !atlas.loaded) return;
  const { description, scene } = atlas;
  const around = scene.slicesOf(state.stage, "");
  const at = around.findIndex((slice) => description.slices[slice].name === state.slice);
  const next = around[at + by];
  if (next !== undefined) tell(atlas, description.slices[next].name);
}

/** @param {AtlasCanvas} atlas @param {string} slice its name */
function tell(atlas, slice) {
  atlas.dispatchEvent(new CustomEvent("slice", { detail: slice }));
}

/** The tile nearest to a place, its label being part of it, and how far beyond it the place lies.
 * @param {AtlasCanvas} atlas @param {number} x @param {number} y CSS pixels of the tissue panel
 * @returns {{tile: Tile | null, beyond: number}} beyond: pixels where everything is in view */
function nearestTile({ layout, cameras: { spatial } }, x, y) {
  const at = [(x - spatial.x) / spatial.k, (y - spatial.y) / spatial.k];
  // A label keeps its size when the map is enlarged.
  const label = layout.labelHeight / spatial.k;
  /** @type {{tile: Tile | null, beyond: number}} */
  let nearest = { tile: null, beyond: Infinity };
  for (const tile of layout.tiles) {
    const wide = Math.max(tile.width, tile.labelWidth / spatial.k);
    const left = tile.x + (tile.width - wide) / 2;
    const beyond = Math.hypot(
      Math.max(left - at[0], 0, at[0] - left - wide),
      Math.max(tile.y - label - at[1], 0, at[1] - tile.y - tile.height),
    );
    if (beyond < nearest.beyond) nearest = { tile, beyond };
  }
  return nearest;
}
