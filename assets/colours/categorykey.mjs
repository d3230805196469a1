/** What the colours of categories mean: the palette the shader looks up, and the legend. */

import { MISSING, categoryColors, rgb } from "./palettes.mjs";
import { MISSING_BYTE, categoryPalette } from "./scale.mjs";

/**
 * @param {import("./words.mjs").Words} words @param {Uint32Array} counts spots shown per code
 * @param {Set<number>} hidden @param {"light" | "dark"} scheme
 * @param {import("./keyroom.mjs").Room} [room] where slices take turns
 * @returns {{palette: Uint8Array, key: import("./keys.mjs").CategoryKey}}
 */
export function categoryKey(words, counts, hidden, scheme, room) {
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
      room,
    },
  };
}
