/** How a p or q is told to readers, as told_p of training/store/significance.py does it. */

/** Below it a computed p is rounding: double precision ends soon after, and many come out as 0. */
const LEAST = 1e-300;
/** From here on three decimals tell a p; below, one digit beside the power of ten does. */
const FEW_DECIMALS = 1e-3;

/** @param {number | null} p @returns {string} such as '0.012', '3.4e−8', '< 1e−300', '–' for none */
export function toldP(p) {
  if (p === null || Number.isNaN(p)) return "–";
  if (p < LEAST) return "< 1e−300";
  return p < FEW_DECIMALS ? p.toExponential(1).replace("-", "−") : p.toFixed(3);
}

/** In a sentence.
 * @param {string} name such as 'q' @param {number | null} p @returns {string} such as 'q < 1e−300' */
export function namedP(name, p) {
  const told = toldP(p);
  return told.startsWith("<") ? `${name} ${told}` : `${name} = ${told}`;
}
