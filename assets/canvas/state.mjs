/**
 * What one canvas shows. A page keeps the same in its address.
 *
 * @typedef {{
 *   color: string, stage: string, slice: string, map: string, clip: [number, number], hidden: Set<number>,
 *   scale: "" | "slice", size: number, tissue: number, umap: boolean, aligned: boolean, selection: import("./selecting/selection.mjs").Selection | null,
 *   versus: import("./selecting/selection.mjs").Selection | null, without: string[],
 *   diff: "" | "slices" | "specimens" | "spots", camera: string,
 * }} State color: 'gene:NAME' | 'factor:K' | 'obs:COLUMN' | 'set:NAME,NAME' |
 *   'blend:NAME,NAME' | 'side:gene:NAME~factor:K' | 'estimate:NAME' | 'difference:NAME'; stage: '' = all;
 *   slice: the one shown alone, whatever the stage, '' = none is; clip: percentiles;
 *   hidden: bytes not drawn; scale: 'slice' = each slice has its own, of numbers; size: of points relative to the spacing of spots; tissue: how opaque
 *   tissue images are, 0 to 1; aligned: slices lie as the alignment turned them; camera: see Camera;
 *   versus: what the selection is compared with, null = the rest; without: spots that take no part,
 *   see Picks; diff: the test of a comparison that is shown
 */

import { DEFAULT_MAP } from "../colours/palettes.mjs";

/** @type {State} */
export const DEFAULT_STATE = {
  color: "",
  stage: "",
  slice: "",
  map: DEFAULT_MAP,
  clip: [1, 99],
  hidden: new Set(),
  scale: "",
  size: 1,
  tissue: 0.6,
  umap: true,
  aligned: false,
  selection: null,
  versus: null,
  without: [],
  diff: "",
  camera: "",
};
