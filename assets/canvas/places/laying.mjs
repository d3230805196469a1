/** How a canvas lays its slices out as tiles, and where their spots land. */

import { placeTiles, placeUmap } from "./placing.mjs";
import { layoutTiles } from "./tiles.mjs";

/** @typedef {import("../canvas.mjs").AtlasCanvas} AtlasCanvas */

/** The slices shown as tiles of a panel.
 * @param {AtlasCanvas} atlas
 * @param {number} width @param {number} height CSS pixels */
export function layTiles(atlas, width, height) {
  const { stages, boxes, spacings } = atlas.scene;
  const tools = atlas.sides ? 0 : undefined;
  const asGiven = atlas.source.asGiven && !atlas.scene.aligned;
  const units = asGiven ? atlas.description.slices.map((slice) => slice.unit_scale ?? 1) : [];
  return layoutTiles(atlas.shownSlices(), stages, boxes, spacings, width, height, tools, units);
}

/** How the spots of a panel land on it.
 * @param {AtlasCanvas} atlas
 * @param {import("../drawing/scene.mjs").View} view @returns {import("../drawing/splat.mjs").Range[]} */
export function rangesOf(atlas, view) {
  const { description, cameras, scene, layout } = atlas;
  const { size } = atlas.state;
  const { boxes, spacings } = scene;
  if (view === "spatial") {
    return placeTiles(layout.tiles, description.slices, boxes, spacings, cameras.spatial, size);
  }
  if (!scene.umapBox) return [];
  return placeUmap(atlas.n, scene.umapBox, atlas.frame.panels.umap.rect, cameras.umap, size);
}
