/**
 * Slices that share no frame with the others, brought to where those are.
 *
 * @typedef {{name: string, place: number, usual: number, shown: number,
 *   slices: {slice: number, apart: boolean}[]}} FilmStage place: on the axis of stages; usual: the
 *   slice that stands for it; shown: the one drawn; apart: not in the common frame
 * @typedef {{timed: boolean, stages: FilmStage[]}} Film timed: places are times
 */

import { boxOf } from "../canvas/drawing/grid.mjs";

/** Move slices of their own frames to the middle of the others, or of nothing where there are none.
 * @param {Float32Array} points changed @param {{start: number, stop: number}[]} slices
 * @param {Film} film */
export function centre(points, slices, film) {
  const all = film.stages.flatMap((stage) => stage.slices);
  const middle = (/** @type {{slice: number}} */ { slice }) => {
    const { minX, maxX, minY, maxY } = boxOf(points, slices[slice].start, slices[slice].stop);
    return [(minX + maxX) / 2, (minY + maxY) / 2];
  };
  const framed = all.filter(({ apart }) => !apart).map(middle);
  const to = [0, 1].map((axis) => {
    return framed.reduce((sum, at) => sum + at[axis], 0) / Math.max(1, framed.length);
  });
  for (const each of all.filter(({ apart }) => apart)) {
    const from = middle(each);
    const { start, stop } = slices[each.slice];
    for (let i = start; i < stop; i++) {
      points[2 * i] += to[0] - from[0];
      points[2 * i + 1] += to[1] - from[1];
    }
  }
}
