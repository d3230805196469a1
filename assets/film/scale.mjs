/**
 * At which scale stages are drawn: all at one, so that tissue that grew looks grown, or each as large
 * as the map. One scale needs one unit, and the smallest stage has to stay more than a dot.
 *
 * @typedef {{name: string, apart: boolean, side: number, spacing: number}} Sized a stage by the slice
 *   shown: its longer side and the typical distance of its spots, in its coordinates; apart: not in
 *   the frame of the others
 * @typedef {{common: boolean, words: string}} Chosen words: what the reader is told
 */

import { sameUnit } from "../canvas/places/tiles.mjs";

// At one scale the smallest stage is this share of the largest or more.
const LEAST_SHARE = 1 / 8;
const NO_LENGTH = /^(px|pixels?)?$/i;

/** @param {Sized[]} stages @param {string} unit of the coordinates, '' where none is stated
 * @returns {Chosen} */
export function chooseScale(stages, unit) {
  const stated = !NO_LENGTH.test(unit.trim());
  const framed = stages.every(({ apart }) => !apart);
  if (!stated && !framed && !sameUnit(stages.map(({ spacing }) => spacing))) {
    const [dense, sparse] = ends(stages, ({ spacing }) => spacing);
    const times = count(sparse.spacing / dense.spacing);
    return filled(
      `no unit of length is stated, and spots lie ${times} times as far apart in ${sparse.name} as in ${dense.name}`,
    );
  }
  const [small, large] = ends(stages, ({ side }) => side);
  if (small.side < LEAST_SHARE * large.side) {
    return filled(`at one scale ${small.name} would be ${count(large.side / small.side)} times smaller than ${large.name}`);
  }
  const taken = stated || framed ? "" : " No unit of length is stated; it is taken to be the same in all.";
  return { common: true, words: `All stages are drawn at one scale.${taken}` };
}

/** @param {string} why @returns {Chosen} */
function filled(why) {
  return { common: false, words: `Each stage fills the map, with a scale bar of its own, so sizes cannot be compared by eye: ${why}.` };
}

/** The stages of the least and the most.
 * @param {Sized[]} stages @param {(stage: Sized) => number} of
 * @returns {[Sized, Sized]} */
function ends(stages, of) {
  // A single spot has no width.
  const known = stages.filter((stage) => of(stage) > 0).sort((a, b) => of(a) - of(b));
  const all = known.length ? known : stages;
  return [all[0], all[all.length - 1]];
}

/** @param {number} times */
function count(times) {
  return times >= 10 ? Math.round(times).toLocaleString("en") : String(Number(times.toPrecision(2)));
}
