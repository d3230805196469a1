/**
 * User Timing marks, so that anyone can measure what a reader waits for:
 * `first-paint` (navigation start to the first coloured frame) and `recolour` (choice to flushed
 * pixels). Both end after a pixel was read back, so the drawing is really done.
 */

let painted = false;

/** The first canvas of a document counts from navigation start, later ones from their mounting.
 * @param {number} mountedAt @param {object} detail */
export function measureFirstPaint(mountedAt, detail) {
  measure("first-paint", painted ? mountedAt : 0, detail);
  painted = true;
}

/** @param {number} chosenAt @param {object} detail */
export function measureRecolour(chosenAt, detail) {
  measure("recolour", chosenAt, detail);
}

/** @param {string} name @param {number} start @param {object} detail */
function measure(name, start, detail) {
  performance.measure(name, { start, end: performance.now(), detail });
}
