/** Which spots of a mapped query a key counts: not those of foreign tissue, whose colours say nothing. */

/**
 * The ranges of spots shown without slices that are not of the atlas's tissue; as they were where
 * nothing else is shown.
 *
 * @param {[number, number][]} shown
 * @param {{start: number, stop: number, foreign?: boolean}[]} slices
 * @returns {[number, number][]}
 */
export function ownTissue(shown, slices) {
  let kept = shown;
  for (const { start, stop, foreign } of slices) {
    if (!foreign) continue;
    kept = kept.flatMap(([from, to]) => [
      .../** @type {[number, number][]} */ (from < start ? [[from, Math.min(to, start)]] : []),
      .../** @type {[number, number][]} */ (to > stop ? [[Math.max(from, stop), to]] : []),
    ]);
  }
  return kept.length ? kept : shown;
}
