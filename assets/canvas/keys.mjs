/**
 * What the colours mean: the palette the shader looks up, and the key shown beside the map.
 *
 * @typedef {import("./palettes.mjs").Rgb} Rgb
 * @typedef {{kind: "number", title: string, unit: string, lo: number, hi: number,
 *   counts: Uint32Array, palette: Uint8Array, clip: [number, number], percent: [number, number],
 *   map: string, zeroApart: boolean, hidden: Set<number>}} NumberKey
 *   counts: spots shown per byte; clip: lowest and highest byte coloured; percent: the same asked
 * @typedef {{code: number, name: string, color: Rgb, count: number}} Category
 * @typedef {{kind: "category", title: string, hidden: Set<number>, missing: number,
 *   missingColor: Rgb, categories: Category[]}} CategoryKey
 * @typedef {NumberKey | CategoryKey} Key
 */

import { MISSING, categoryColors, rgb } from "./palettes.mjs";
import { MISSING_BYTE, categoryPalette, clipBytes, histogram, numberPalette } from "./scale.mjs";
import { describeColor } from "./words.mjs";

/**
 * @param {{color: string, values: import("./source.mjs").Values,
 *   description: import("./source.mjs").Description, shown: [number, number][],
 *   state: import("./state.mjs").State, scheme: "light" | "dark"}} view
 *   shown: ranges of the spots on the map
 * @returns {{palette: Uint8Array, key: Key}}
 */
export function keyOf({ color, values, description, shown, state, scheme }) {
  const words = describeColor(color, description);
  const counts = histogram(values.bytes, shown);
  const { hidden, map, clip } = state;
  if (values.kind === "category") {
    const names = words.column?.categories ?? [];
    const colors = categoryColors(names.length, words.column?.colors);
    const categories = names.map((name, code) => {
      return { code, name, color: colors[code], count: counts[code] };
    });
    return {
      palette: categoryPalette(colors, hidden, scheme),
      key: {
        kind: "category",
        title: words.title,
        hidden,
        missing: counts[MISSING_BYTE],
        missingColor: rgb(MISSING[scheme]),
        categories,
      },
    };
  }
  const zeroApart = words.kind === "gene";
  // Clipping is by all spots of the atlas, so that the scale is the same at every stage.
  const all = state.stage ? histogram(values.bytes, [[0, values.bytes.length]]) : counts;
  const bytes = clipBytes(all, clip, zeroApart);
  const how = { map, clip: bytes, zeroApart, scheme };
  return {
    palette: numberPalette({ ...how, hidden }),
    key: {
      kind: "number",
      title: words.title,
      unit: words.unit,
      lo: values.lo,
      hi: values.hi,
      counts,
      // The bar shows zero and missing even while they are hidden on the map.
      palette: numberPalette({ ...how, hidden: new Set() }),
      clip: bytes,
      percent: clip,
      map,
      zeroApart,
      hidden,
    },
  };
}
