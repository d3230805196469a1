/**
 * What a choice of colour is called, and in which unit it is.
 * @typedef {{kind: string, name: string, title: string, unit: string,
 *   column: import("../values/source.mjs").ObsColumn | null, sort?: import("./sorts.mjs").Sort}} Words
 *   sort: of genes that may be predicted
 */

import { BLEND } from "./blend.mjs";
import { SIDE, sideColors } from "./multiples.mjs";
import { sortOf } from "./sorts.mjs";

const MOST_UNKNOWN = 5;
const LONGEST_QUOTE = 40;

export const GENE_UNIT = "log1p counts per 10,000";
export const SET_UNIT = "spreads above control genes";

/** @param {string} color 'gene:MYH7' | 'factor:3' | 'obs:domain' @returns {[string, string]} */
export function splitColor(color) {
  const colon = color.indexOf(":");
  return colon < 0 ? ["", color] : [color.slice(0, colon), color.slice(colon + 1)];
}

/**
 * @param {string} color @param {import("../values/source.mjs").Description} description @returns {Words}
 */
export function describeColor(color, description) {
  const [kind, name] = splitColor(color);
  const column = (kind === "obs" && description.obs.find((c) => c.name === name)) || null;
  const sort = sortOf(kind, description);
  if (sort) {
    const title = `${name} (${sort.says})`;
    return { kind, name, title, unit: `${sort.of}, ${GENE_UNIT}`, column, sort };
  }
  if (kind === "gene") return { kind, name, title: name, unit: GENE_UNIT, column };
  if (kind === BLEND) {
    return { kind, name, title: name.replaceAll(",", " + "), unit: GENE_UNIT, column };
  }
  if (kind === SIDE) {
    const titles = sideColors(name).map((each) => describeColor(each, description).title);
    return { kind, name, title: titles.join(", "), unit: "", column };
  }
  if (kind === "factor") {
    const factor = description.factors.find((f) => f.name === name);
    return { kind, name, title: factor?.label ?? `Factor ${name}`, unit: "proportion", column };
  }
  if (kind === "set") {
    const given = givenSet(name);
    if (given) return { kind, name, title: given, unit: SET_UNIT, column };
    const n = setSize(name);
    return { kind, name, title: `Set of ${n} ${n === 1 ? "gene" : "genes"}`, unit: SET_UNIT, column };
  }
  return { kind, name, title: spoken(name), unit: "", column };
}

/** The name that the builder of the atlas gave to a set; '' of any other.
 * @param {string} name of the set in an address */
export function givenSet(name) {
  return name.startsWith("@") ? name.slice(1) : "";
}

/** How many genes a set has, by its name in an address: 'A,B,C', or places after a '~' and a digest,
 * each of which ends in a byte below 128.
 * @param {string} name */
export function setSize(name) {
  if (!name.startsWith("~")) return name ? name.split(",").length : 0;
  const packed = name.slice(name.indexOf(".") + 1).replaceAll("-", "+").replaceAll("_", "/");
  try {
    return [...atob(packed)].filter((letter) => letter.charCodeAt(0) < 128).length;
  } catch {
    return 0;
  }
}

/** A column's name as a label: underscores read as spaces.
 * @param {string} name */
export function spoken(name) {
  return name.replaceAll("_", " ");
}

/** Domains if there are any, else the first annotation, else the first factor.
 * @param {import("../values/source.mjs").Description} description @returns {string} */
export function defaultColor(description) {
  const categories = description.obs.filter((column) => column.kind === "category");
  const domain = categories.find((column) => column.name === "domain") ?? categories[0];
  if (domain) return `obs:${domain.name}`;
  return description.factors.length ? "factor:0" : `obs:${description.obs[0]?.name ?? ""}`;
}

/** A name as it was given, cut where it is long.
 * @param {string} name */
export function quoted(name) {
  return `“${name.length > LONGEST_QUOTE ? `${name.slice(0, LONGEST_QUOTE)}…` : name}”`;
}

/** What is told of names that the atlas does not have.
 * @param {string[]} names
 * @returns {string} '' of none */
export function toldUnknown(names) {
  if (!names.length) return "";
  const more = names.length > MOST_UNKNOWN ? ` and ${names.length - MOST_UNKNOWN} more` : "";
  const first = names.slice(0, MOST_UNKNOWN).join(", ");
  return `This link names what the atlas does not have: ${first}${more}. The rest is shown.`;
}

/**
 * @typedef {{slices: number, of: number, r: string}} Estimated slices where a gene can only be
 *   estimated, of how many, and how the estimate correlates where it is held out, or why none is known
 */

/** In how many slices a gene is estimated, and how good that is.
 * @param {Estimated} told */
export function estimatedIn({ slices, of, r }) {
  const known = Number(r);
  return `estimated in ${slices} of ${of} slices, ${r && Number.isFinite(known) ? `r ${known.toFixed(2)}` : r}`;
}
