/**
 * What the colours mean: the palette the shader looks up, and the key shown beside the map.
 *
 * @typedef {import("./palettes.mjs").Rgb} Rgb
 * @typedef {{kind: "number", title: string, unit: string, lo: number, hi: number,
 *   counts: Uint32Array, palette: Uint8Array, clip: [number, number], percent: [number, number],
 *   map: string, zeroApart: boolean, hidden: Set<number>,
 *   sort?: import("./sorts.mjs").Sort, expected?: string, fixed: boolean, room?: Room,
 *   slices?: string[], ranges?: import("./slicescale.mjs").Ranges}} NumberKey
 *   sort: of a gene that may be predicted; expected: how good its estimate is; fixed: whether the
 *   server says between which values colours run, not the reader; slices: names of all, where each
 *   can have a scale of its own; ranges: those scales, by the numbers of the slices shown, where they
 *   have; counts: spots shown per byte, or per place on the scale of their slice; clip: lowest and
 *   highest byte coloured; percent: the same asked
 * @typedef {{code: number, name: string, color: Rgb, count: number}} Category
 * @typedef {{kind: "category", title: string, hidden: Set<number>, missing: number,
 *   missingColor: Rgb, categories: Category[], room?: Room}} CategoryKey
 * @typedef {import("./keyroom.mjs").Room} Room where slices take turns
 * @typedef {{kind: "blend", title: string, unit: string, percent: [number, number],
 *   scheme: "light" | "dark", missing: number, shown: number, hidden: Set<number>,
 *   parts: {name: string, lo: number, hi: number, clip: [number, number], some: number}[]}} BlendKey
 *   percent: asked of every gene; missing: spots without one of the genes; some: spots with the gene
 * @typedef {NumberKey | CategoryKey | BlendKey | import("./sharedscale.mjs").SideKey} Key
 */

import { blendInks } from "./blend.mjs";
import { categoryKey } from "./categorykey.mjs";
import { roomFor } from "./keyroom.mjs";
import { ownTissue } from "./owntissue.mjs";
import { ZERO, rgb } from "./palettes.mjs";
import { MISSING_BYTE, bytesAt, categoryPalette, clipBytes, histogram, numberPalette } from "./scale.mjs";
import { sideKey } from "./sharedscale.mjs";
import { sliceScales } from "./slicescale.mjs";
import { describeColor } from "./words.mjs";

/**
 * @param {{color: string, values: import("../values/source.mjs").Values,
 *   description: import("../values/source.mjs").Description, shown: [number, number][],
 *   state: import("../canvas/state.mjs").State, scheme: "light" | "dark", front?: [number, number]}} view
 *   shown: ranges of the spots on the map; front: the one that is counted, where they take turns
 * @returns {{palette: Uint8Array, key: Key, inks?: Uint32Array}} inks: RGBA of every spot, where the
 *   palette does not say it
 */
export function keyOf({ color, values, description, shown, state, scheme, front }) {
  const words = describeColor(color, description);
  const counted = ownTissue(front ? [front] : shown, description.slices);
  const counts = histogram(values.bytes, counted);
  const { hidden, map, clip } = state;
  if (values.kind === "blend") return blendOf(values, words, counts, shown, state, scheme);
  if (values.kind === "side") {
    return sideKey(values.panels, words.title, description, shown, state, scheme);
  }
  const ranges = description.slices.map(({ start, stop }) => /** @type {[number, number]} */ ([start, stop]));
  const room = front && roomFor(values.bytes, ranges);
  if (values.kind === "category") return categoryKey(words, counts, hidden, scheme, room);
  const { sort } = words;
  const zeroApart = sort ? sort.zeroApart : words.kind === "gene";
  // Clipping is by all spots of the atlas, so that the scale is the same at every stage.
  const all = histogram(values.bytes, [[0, values.bytes.length]]);
  const { lo, hi } = values;
  const fixed = Boolean(values.clip);
  const slices = fixed || description.slices.length < 2 ? undefined : description.slices;
  const spans = slices && ranges;
  const own = spans && state.scale === "slice"
    ? { spans, ...sliceScales(values, spans, clip, { map, zeroApart, scheme }) }
    : null;
  const bytes = values.clip
    ? bytesAt(values.clip, lo, hi, zeroApart)
    : clipBytes(all, own ? [0, 100] : clip, zeroApart);
  const how = { map: sort?.map ?? map, clip: bytes, zeroApart, scheme, signed: Boolean(sort?.ends) };
  return {
    inks: own?.inks,
    palette: numberPalette({ ...how, hidden }),
    key: {
      kind: "number",
      title: words.title,
      unit: words.unit,
      lo,
      hi,
      counts: own ? histogram(own.places, counted) : counts,
      // The bar shows zero and missing even while they are hidden on the map.
      palette: numberPalette({ ...how, hidden: new Set() }),
      clip: bytes,
      percent: clip,
      map,
      zeroApart,
      hidden,
      sort,
      expected: values.expected,
      fixed,
      room,
      slices: slices?.map(({ name }) => name),
      ranges: own ? rangesShown(own.ranges, own.spans, shown) : undefined,
    },
  };
}

/** @param {import("./slicescale.mjs").Ranges} ranges @param {[number, number][]} spans
 * @param {[number, number][]} shown @returns {import("./slicescale.mjs").Ranges} of what is shown */
function rangesShown(ranges, spans, shown) {
  const starts = new Set(shown.map(([start]) => start));
  return new Map([...ranges].filter(([slice]) => starts.has(spans[slice][0])));
}

/**
 * @param {import("../values/source.mjs").BlendValues} values @param {import("./words.mjs").Words} words
 * @param {Uint32Array} codes how many spots on the map have each code
 * @param {[number, number][]} shown @param {import("../canvas/state.mjs").State} state
 * @param {"light" | "dark"} scheme
 * @returns {{palette: Uint8Array, key: BlendKey, inks: Uint32Array}}
 */
function blendOf(values, words, codes, shown, state, scheme) {
  const genes = values.parts.map(({ name, values: { bytes, lo, hi } }) => {
    // As of one gene: clipped by all its spots of the atlas, so that stages compare.
    const clip = clipBytes(histogram(bytes, [[0, bytes.length]]), state.clip, true);
    const here = histogram(bytes, shown);
    const some = here.subarray(1, MISSING_BYTE).reduce((sum, n) => sum + n, 0);
    return { bytes, part: { name, lo, hi, clip, some } };
  });
  return {
    inks: blendInks(genes.map(({ bytes, part }) => ({ bytes, clip: part.clip })), scheme),
    palette: categoryPalette([rgb(ZERO[scheme])], new Set(), scheme).map((v, at) => (at % 4 === 3 ? 255 : v)),
    key: {
      kind: "blend",
      title: words.title,
      unit: words.unit,
      percent: state.clip,
      scheme,
      missing: codes[MISSING_BYTE],
      shown: codes.reduce((sum, n) => sum + n, 0),
      hidden: new Set(),
      parts: genes.map(({ part }) => part),
    },
  };
}
