/**
 * From one outline to another: both become rings of as many corners, equally far apart along the
 * line and starting where they fit each other best; between them every corner goes straight.
 *
 * @typedef {import("./contour.mjs").Ring} Ring
 */

export const CORNERS = 180;
const SMOOTHED = 2;

/** @param {Ring} ring three corners or more @param {number} [n]
 * @returns {Ring} n corners equally far apart along it, counter-clockwise as y points up */
export function resampled(ring, n = CORNERS) {
  const way = area(ring) < 0 ? [...ring].reverse() : ring;
  const steps = way.map(([x, y], i) => {
    const [nx, ny] = way[(i + 1) % way.length];
    return Math.hypot(nx - x, ny - y);
  });
  const total = steps.reduce((sum, step) => sum + step, 0);
  /** @type {Ring} */
  const found = [];
  let at = 0;
  let passed = 0;
  for (let k = 0; k < n; k++) {
    const wanted = (total * k) / n;
    while (at < steps.length - 1 && passed + steps[at] < wanted) passed += steps[at++];
    const share = steps[at] ? (wanted - passed) / steps[at] : 0;
    found.push(mixed(way[at], way[(at + 1) % way.length], Math.min(1, share)));
  }
  return found;
}

/** The steps of the grid that an outline was found on, taken off.
 * @param {Ring} ring @returns {Ring} */
export function smoothed(ring) {
  let kept = ring;
  for (let pass = 0; pass < SMOOTHED; pass++) {
    const before = kept;
    kept = before.map(([x, y], i) => {
      const [px, py] = before[(i || before.length) - 1];
      const [nx, ny] = before[(i + 1) % before.length];
      return [(px + 2 * x + nx) / 4, (py + 2 * y + ny) / 4];
    });
  }
  return kept;
}

/** The later ring, begun at the corner from which it lies most like the earlier one: both about
 * their middle and at one size, since tissue moves and grows.
 * @param {Ring} earlier @param {Ring} later of as many corners @returns {Ring} */
export function matched(earlier, later) {
  const a = levelled(earlier);
  const b = levelled(later);
  const n = a.length;
  let best = 0;
  let least = Infinity;
  for (let shift = 0; shift < n; shift++) {
    let sum = 0;
    for (let i = 0; i < n && sum < least; i++) {
      const [x, y] = b[(i + shift) % n];
      sum += (a[i][0] - x) ** 2 + (a[i][1] - y) ** 2;
    }
    if (sum < least) {
      least = sum;
      best = shift;
    }
  }
  return later.map((_, i) => later[(i + best) % n]);
}

/** @param {Ring} earlier @param {Ring} later matched @param {number} share 0 = earlier, 1 = later
 * @returns {Ring} */
export function between(earlier, later, share) {
  return earlier.map((corner, i) => mixed(corner, later[i], share));
}

/** Twice the signed area within.
 * @param {Ring} ring */
function area(ring) {
  return ring.reduce((sum, [x, y], i) => {
    const [nx, ny] = ring[(i + 1) % ring.length];
    return sum + x * ny - nx * y;
  }, 0);
}

/** @param {Ring} ring @returns {Ring} about its middle, with mean square distance 1 from it */
function levelled(ring) {
  const n = ring.length;
  const mx = ring.reduce((sum, [x]) => sum + x, 0) / n;
  const my = ring.reduce((sum, [, y]) => sum + y, 0) / n;
  const size = Math.sqrt(ring.reduce((sum, [x, y]) => sum + (x - mx) ** 2 + (y - my) ** 2, 0) / n) || 1;
  return ring.map(([x, y]) => [(x - mx) / size, (y - my) / size]);
}

/** @param {[number, number]} a @param {[number, number]} b @param {number} share
 * @returns {[number, number]} */
function mixed(a, b, share) {
  return [a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share];
}
