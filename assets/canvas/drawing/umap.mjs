/** The UMAP of a canvas: fetched when it is first needed. */

import { reason, wayOn } from "../../page/answers.mjs";
import { tintSpots } from "./colouring.mjs";

/** @param {import("../canvas.mjs").AtlasCanvas} atlas @param {() => void} pick finds the picked spots anew */
export async function loadUmap(atlas, pick) {
  try {
    const umap = await atlas.source.coordinates("umap");
    if (atlas.closed) return;
    atlas.scene.addUmap(umap);
  } catch (error) {
    const retry = wayOn(error, () => loadUmap(atlas, pick));
    if (!atlas.closed) atlas.frame.noUmap(`The UMAP could not be loaded. ${reason(error)}`, retry);
    return;
  }
  atlas.frame.noUmap("");
  atlas.stir("umap");
  pick();
  tintSpots(atlas);
  atlas.draw();
  atlas.painter.flush();
  atlas.dispatchEvent(new CustomEvent("painted"));
}
