/**
 * Sorts of values that a gene can have where some are predicted. None may pass for another: each has
 * a name of its own in title, unit and mark, and what is predicted is hatched in the key.
 *
 * @typedef {{says: string, of: string, mark: string, predicted: boolean, zeroApart: boolean,
 *   file: string, map?: string, ends?: [string, string]}} Sort
 *   says: beside the gene's name; of: before the unit; mark: on the map and above the key;
 *   zeroApart: whether zero has a colour of its own; file: in names of files; map: the colour map, if
 *   it is not the reader's choice; ends: what lies below and above zero, of values with a sign
 */

const PREDICTED = { predicted: true, zeroApart: true };

/** @type {Record<string, Sort>} of the genes of a mapped section, by the kind of a colour */
const IMPUTED = {
  gene: {
    ...PREDICTED,
    says: "imputed",
    of: "imputed",
    mark: "Imputed: predicted, not measured",
    file: "imputed",
  },
  low: {
    ...PREDICTED,
    says: "imputed, low end",
    of: "low end of the 90% interval",
    mark: "Low end of the imputed interval",
    file: "imputed-low",
  },
  high: {
    ...PREDICTED,
    says: "imputed, high end",
    of: "high end of the 90% interval",
    mark: "High end of the imputed interval",
    file: "imputed-high",
  },
  width: {
    predicted: true,
    zeroApart: false,
    says: "imputed, width of the interval",
    of: "width of the 90% interval",
    mark: "Width of the imputed interval",
    file: "imputed-width",
    map: "magma",
  },
  measured: {
    predicted: false,
    zeroApart: true,
    says: "measured",
    of: "measured",
    mark: "Measured",
    file: "measured",
  },
  difference: {
    predicted: true,
    zeroApart: false,
    says: "measured − imputed",
    of: "measured − imputed",
    mark: "Measured − imputed",
    file: "measured-minus-imputed",
    ends: ["imputed higher", "measured higher"],
  },
};

/** @type {Record<string, Sort>} of the genes of an atlas; measured ones need no mark there */
export const ESTIMATED = {
  estimate: {
    predicted: true,
    zeroApart: false,
    says: "factors' estimate",
    of: "factors' estimate",
    mark: "Factors' estimate: not measured",
    file: "factors-estimate",
  },
  difference: {
    predicted: true,
    zeroApart: false,
    says: "measured − factors' estimate",
    of: "measured − factors' estimate",
    mark: "Measured − factors' estimate",
    file: "measured-minus-factors-estimate",
    ends: ["estimate higher", "measured higher"],
  },
};

/** @param {string} kind of a colour @param {import("../values/source.mjs").Description} description
 * @returns {Sort | undefined} */
export function sortOf(kind, description) {
  return ((description.kind ?? "atlas") === "atlas" ? ESTIMATED : IMPUTED)[kind];
}

/** The gene that a colour of an atlas shows, in whichever sort; '' of other colours.
 * @param {string} kind @param {string} name */
export function geneShown(kind, name) {
  return kind === "gene" || kind in ESTIMATED ? name : "";
}
