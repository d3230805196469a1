/** Which of the names below a slider are written, where not all find room. */

/** @typedef {[number, number]} Box left and right end of a name */

/** Of some names those that lie on none before them.
 * @param {Box[]} boxes of all names @param {number[]} order the numbers of some, what matters first
 * @param {number} apart the least room between two
 * @returns {Set<number>} */
export function written(boxes, order, apart) {
  /** @type {Set<number>} */
  const found = new Set();
  for (const at of new Set(order)) {
    const [left, right] = boxes[at];
    const free = [...found].every((other) => right + apart < boxes[other][0] || left - apart > boxes[other][1]);
    if (free) found.add(at);
  }
  return found;
}

/** Of names that stand equally far apart all, or else every second, third, … one, with the first, the
 * last and the current one.
 * @param {Box[]} boxes @param {number} current @param {number} apart
 * @returns {Set<number>} */
export function evenly(boxes, current, apart) {
  const last = boxes.length - 1;
  const every = [...boxes.keys()];
  for (let step = 1; step < last; step++) {
    // The last one before the end gives way to it.
    const even = every.filter((at) => at === last || (at % step === 0 && (step === 1 || at + step <= last)));
    if (written(boxes, even, apart).size === even.length) return written(boxes, [current, ...even], apart);
  }
  return written(boxes, [current, 0, last], apart);
}

/** @param {Element} label @returns {Box} */
export function endsOf(label) {
  const { left, right } = label.getBoundingClientRect();
  return [left, right];
}
