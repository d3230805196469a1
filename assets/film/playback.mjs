/** Running through time by itself: smoothly with a rest at every stage, or stage by stage. */

import { REST_MS } from "./timeline.mjs";

// A frame that came late moves no further than this.
const MOST_STEP_MS = 100;
// Without motion every stage is held longer, as there is no way between.
const STEP_MS = 1600;
const LESS_MOTION = "(prefers-reduced-motion: reduce)";

/**
 * @typedef {{now: () => number, show: (t: number) => void, turned: (playing: boolean) => void,
 *   ended: () => void}} Reel what is played: the time it stands at, how to go to another, and who
 *   is told that it began or stopped, and that it came to its end by itself
 */

export class Playback {
  /** @param {import("./timeline.mjs").Timeline} timeline @param {Reel} reel */
  constructor(timeline, reel) {
    this.timeline = timeline;
    this.reel = reel;
    /** @type {number | undefined} of the next picture, while it runs */
    this.frame = undefined;
    /** @type {ReturnType<typeof setTimeout> | undefined} to the next stage, while it goes by these */
    this.timer = undefined;
  }

  get playing() {
    return this.frame !== undefined || this.timer !== undefined;
  }

  /** From where it stands, or from the beginning when it stands at the end. */
  start() {
    const { timeline, reel } = this;
    if (reel.now() >= timeline.last) reel.show(timeline.first);
    reel.turned(true);
    if (window.matchMedia(LESS_MOTION).matches) this.#step(true);
    else this.#run();
  }

  stop() {
    if (this.frame !== undefined) cancelAnimationFrame(this.frame);
    clearTimeout(this.timer);
    this.frame = this.timer = undefined;
    this.reel.turned(false);
  }

  #run() {
    const { timeline, reel } = this;
    let rest = timeline.at(reel.now()).share ? 0 : REST_MS;
    /** @type {number | undefined} */
    let before;
    const tick = (/** @type {number} */ now) => {
      const ms = Math.min(MOST_STEP_MS, now - (before ?? now));
      before = now;
      if (rest > 0) rest -= ms;
      else {
        const to = timeline.moved(reel.now(), ms);
        if (!timeline.at(to).share) rest = REST_MS;
        reel.show(to);
      }
      if (reel.now() >= timeline.last) this.#end();
      else this.frame = requestAnimationFrame(tick);
    };
    this.frame = requestAnimationFrame(tick);
  }

  /** Stage by stage, without motion.
   * @param {boolean} first where it stands is seen first */
  #step(first) {
    const { timeline, reel } = this;
    if (!first) reel.show(timeline.neighbour(reel.now(), 1));
    if (!first && reel.now() >= timeline.last) this.#end();
    else this.timer = setTimeout(() => this.#step(false), first ? REST_MS : STEP_MS);
  }

  #end() {
    this.stop();
    this.reel.ended();
  }
}
