/**
 * What of the canvas is drawn anew. While one panel is moved the other stays as it is: to draw the
 * spots of a UMAP takes as long as those of the tissue, and a pass over the canvas goes by its pixels.
 */

import { VIEWS } from "./scene.mjs";

/** @typedef {import("./splat.mjs").Part} Part */

/**
 * @param {import("../canvas.mjs").AtlasCanvas} atlas
 * @param {import("./scene.mjs").View} [only] the one view in which anything is new
 * @returns {Part | undefined} the panel of that view, where the rest of the canvas can stay
 */
export function partOf(atlas, only) {
  // Without a second panel, and for several tissue maps side by side, it is all of the canvas.
  if (!only || !atlas.withUmap) return undefined;
  if ([...atlas.stirred].some((view) => view !== only)) return undefined;
  return atlas.map.part(atlas.frame.panels[only].rect);
}

/**
 * Spots are at other places than before; other colours alone do not need this.
 * @param {import("../canvas.mjs").AtlasCanvas} atlas @param {Part} [part] that they are in, else all
 */
export function drawMap(atlas, part) {
  const { map, frame, scene, orders, layers, stirred } = atlas;
  map.clear(part);
  for (const view of VIEWS) {
    const cloud = scene.coordinates[view];
    if (!cloud || (view === "umap" && !atlas.withUmap) || (part && !stirred.has(view))) continue;
    map.draw(cloud, frame.panels[view].rect, atlas.ranges(view), orders[view], layers);
  }
  // One drawing serves all panels: only the colours of its spots differ.
  const [first, ...others] = frame.cells;
  others.forEach(({ rect }, at) => map.repeat(first.rect, rect, (at + 1) * atlas.n));
  atlas.painter.setMap(map, part);
}
