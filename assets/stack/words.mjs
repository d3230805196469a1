/** Lengths and residuals of sections, as a person reads them. */

import { lengthText } from "../canvas/around/overlay.mjs";
import { readable } from "../colours/scale.mjs";

/** @typedef {import("./sections.mjs").Section} Section */
/** @typedef {import("./sections.mjs").Stack} Stack */

/** @param {string} unit '' when it is not given */
export function unitText(unit) {
  return /^(um|micron|micrometre|micrometer)s?$/i.test(unit) ? "µm" : unit || "units";
}

/** @param {number} value @param {string} unit */
export function valueText(value, unit) {
  return `${readable(value)} ${unitText(unit)}`;
}

/** Depth of a section, or its number where depths are not known.
 * @param {Section & {depth: number}} section @param {Stack} stack */
export function depthText(section, stack) {
  if (stack.depth !== "given") return `${section.depth + 1} of ${stack.sections.length}`;
  return lengthText(section.depth, stack.depth_unit);
}

/** What the distances between the sections of a stack mean.
 * @param {Stack} stack */
export function depthNote(stack) {
  if (stack.depth !== "given") {
    return "The depth of these sections is not known: they stand in their given order, equally far apart.";
  }
  if (!stack.in_proportion) {
    return (
      "Distances between sections are in proportion to their depth, but not to the plane: " +
      `depth is in ${unitText(stack.depth_unit)}, the plane in a unit of its own.`
    );
  }
  return "";
}

/** Who says that these sections are of one specimen.
 * @param {Stack} stack */
export function specimenNote(stack) {
  if (stack.told) return "";
  return "No column says which sections are of one specimen; those of one stage are shown together.";
}
