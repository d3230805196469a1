/** How a drawing begins and takes another colour: the same for the canvas of Explore and the view of 3D. */

import { reason, wayOn } from "../page/answers.mjs";
import { checked, isStale } from "./colorvalues.mjs";
import { accept, askAgain, refuse } from "./refused.mjs";
import { measureFirstPaint } from "./timing.mjs";

/** @typedef {import("../canvas/canvas.mjs").AtlasCanvas | import("../stack/view.mjs").StackView} View */
/** @typedef {import("./source.mjs").Values} Values */

/**
 * Load a view and paint its first frame, or say in its place why that cannot be.
 * @param {View} view
 * @param {{loading: string, failed: string, load: () => Promise<void>, arrange: () => void}} how
 *   loading: said meanwhile; failed: said before the reason; arrange: what lies between the two
 * @returns {Promise<boolean>} whether it is painted
 */
export async function begin(view, { loading, failed, load, arrange }) {
  const wait = view.frame.busy(loading);
  try {
    await load();
    if (view.closed) return false;
    view.frame.open();
    arrange();
    view.draw();
    view.painter.flush();
  } catch (error) {
    const retry = wayOn(error, () => view.again());
    if (!view.closed) view.frame.fail(`${failed} ${reason(error)}`, retry);
    return false;
  } finally {
    wait();
  }
  measureFirstPaint(view.mountedAt, { spots: view.n, color: view.valuesColor });
  return true;
}

/** Values of the first colour: of the one asked for, or of the default where that is refused, which is told.
 * @param {View} view with its description and `n`
 * @param {ReturnType<import("./colorvalues.mjs").ColorValues["begin"]>} begun
 * @returns {Promise<{color: string, values: Values, refused: string}>} */
export async function firstValues(view, begun) {
  const { color, values, refused, error } = await begun(view.description, view.n);
  if (refused) refuse(view, refused, error);
  view.refused = refused;
  return { color, values, refused };
}

/**
 * Fetch the values of the colour that a view's state asks for.
 * @param {View} view
 * @param {{take: (color: string, values: Values) => void, leave: () => void, fault: (color: string) => void,
 *   others?: () => void}} how take: keep what came; leave: draw what else was asked for, in the colour before;
 *   fault: tell the page; others: ask for what else is still to be fetched
 * @returns {Promise<boolean>} false where another one was asked for meanwhile, or none came
 */
export async function recolour(view, { take, leave, fault, others }) {
  const wanted = view.state.color;
  const wait = view.frame.busy("Loading values");
  try {
    const values = await view.fetched.fetch(wanted);
    if (view.state.color !== wanted || view.closed) return false;
    take(wanted, checked(values, view.n));
  } catch (error) {
    if (isStale(error) || view.state.color !== wanted || view.closed) return false;
    const rest = refuse(view, wanted, error);
    leave();
    fault(wanted);
    if (rest) void askAgain(view, { color: rest });
    else others?.();
    return false;
  } finally {
    wait();
  }
  accept(view, wanted);
  return true;
}
