/** What has to be there: a fault that names what is missing, where else one would speak of undefined. */

/** @template T @param {T} value @param {string} what it is, with its article
 * @returns {NonNullable<T>} */
export function present(value, what) {
  if (value === undefined || value === null) throw new Error(`${what} is not there.`);
  return value;
}

/** The pen of a canvas; browsers without one are not among those that the pages are for.
 * @param {HTMLCanvasElement} canvas @param {CanvasRenderingContext2DSettings} [how] */
export function penOf(canvas, how) {
  return present(canvas.getContext("2d", how), "A context for drawing");
}
