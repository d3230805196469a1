/**
 * Time in the animation: which stages are drawn at a time and how strongly, where the slider snaps
 * and how fast it runs.
 *
 * @typedef {{from: number, to: number, share: number}} Moment stages by their number; at a stage
 *   from = to and share = 0, between two share runs from 0 to 1
 */

// The spots of one stage are nearly gone before those of the next are seen: no pixel mixes the two.
const FADE = 0.55;
// A stage draws the slider from this share of the way to its neighbour.
const SNAP = 0.06;
const KEYS_PER_STAGE = 8;
const USUAL_MS = 1600;
const LEAST_MS = 700;
const MOST_MS = 3200;
/** How long a stage is shown before the way to the next, ms. */
export const REST_MS = 900;

export class Timeline {
  /** @param {number[]} places of the stages, rising, two or more */
  constructor(places) {
    this.places = places;
    this.first = places[0];
    this.last = places[places.length - 1];
  }

  /** @param {number | null} t of an address, null or no number = the beginning
   * @returns {number} on the axis, of a stage where the address cannot tell t from it */
  held(t) {
    if (t === null || !Number.isFinite(t)) return this.first;
    const on = this.places.find((place) => rounded(place) === rounded(t));
    return on ?? Math.min(this.last, Math.max(this.first, t));
  }

  /** @param {number} t @returns {Moment} */
  at(t) {
    const { places } = this;
    const from = Math.max(0, places.findLastIndex((place) => place <= t));
    const share = from + 1 < places.length ? (t - places[from]) / (places[from + 1] - places[from]) : 0;
    return share > 0 ? { from, to: from + 1, share } : { from, to: from, share: 0 };
  }

  /** The stage drawn the more strongly.
   * @param {number} t */
  nearest(t) {
    const { from, to, share } = this.at(t);
    return share < 0.5 ? from : to;
  }

  /** A stage where t is close to one, else t.
   * @param {number} t */
  snapped(t) {
    const { from, to, share } = this.at(t);
    if (share < SNAP) return this.places[from];
    return share > 1 - SNAP ? this.places[to] : t;
  }

  /** A key's step: an eighth of the way between two stages, so that none is missed.
   * @param {number} t @param {1 | -1} way */
  stepped(t, way) {
    const { from, share } = this.at(t);
    const now = KEYS_PER_STAGE * (from + share);
    const near = Math.round(now);
    const on = Math.abs(now - near) < 1e-6;
    const step = on ? near + way : way > 0 ? Math.ceil(now) : Math.floor(now);
    return this.#placed(step / KEYS_PER_STAGE);
  }

  /** The next stage or the one before.
   * @param {number} t @param {1 | -1} way */
  neighbour(t, way) {
    const { from, share } = this.at(t);
    return this.#placed(way > 0 || share > 0 ? from + Math.max(way, 0) : from - 1);
  }

  /** @param {number} position in stages */
  #placed(position) {
    const last = this.places.length - 1;
    const at = Math.min(last, Math.max(0, position));
    const from = Math.min(Math.floor(at), last - 1);
    return this.places[from] + (at - from) * (this.places[from + 1] - this.places[from]);
  }

  /** How long the way from a stage to the next takes, ms: by its length, within reason.
   * @param {number} from */
  duration(from) {
    const gap = this.places[from + 1] - this.places[from];
    const usual = (this.last - this.first) / (this.places.length - 1);
    return Math.min(MOST_MS, Math.max(LEAST_MS, (USUAL_MS * gap) / usual));
  }

  /** Where the animation stands after `ms` more on the way. It does not pass a stage.
   * @param {number} t @param {number} ms */
  moved(t, ms) {
    const { from } = this.at(t);
    if (from + 1 >= this.places.length) return this.last;
    const gap = this.places[from + 1] - this.places[from];
    return Math.min(this.places[from + 1], t + (gap * ms) / this.duration(from));
  }
}

/** A time as an address holds it, of six digits.
 * @param {number} t */
export function rounded(t) {
  return Number(t.toPrecision(6));
}

/** How strongly the spots of the earlier and the later stage are drawn, 0 to 1 each.
 * @param {number} share of the way @returns {[number, number]} */
export function strengths(share) {
  return [eased(1 - share / FADE), eased(1 - (1 - share) / FADE)];
}

/** @param {number} x */
function eased(x) {
  const held = Math.min(1, Math.max(0, x));
  return held * held * (3 - 2 * held);
}
