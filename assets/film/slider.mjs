/** The slider over time with the names of the stages under it, by hand and by keys. */

import { element } from "../page/dom.mjs";
import { StageTicks } from "./ticks.mjs";

// Keys are one step of the history when no more of them come.
const SETTLED_MS = 600;

/**
 * @typedef {{dragged: (t: number) => void, went: (t: number, settledMs: number) => void,
 *   settled: () => void, toggled: () => void}} Moves what the reader did: dragged to a time, went to
 *   one (a step of the history after so many ms), let go, and asked to play or pause
 */

export class TimeSlider {
  /** @param {import("./centre.mjs").Film} film @param {import("./timeline.mjs").Timeline} timeline
   * @param {Moves} moves */
  constructor(film, timeline, moves) {
    this.timeline = timeline;
    this.moves = moves;
    this.t = timeline.first;
    this.input = element("input", {
      type: "range",
      class: "ex-range",
      min: timeline.first,
      max: timeline.last,
      step: "any",
      disabled: true,
      "aria-label": "Time",
      oninput: () => moves.dragged(timeline.snapped(Number(this.input.value))),
      onchange: () => moves.settled(),
      onkeydown: (/** @type {KeyboardEvent} */ event) => this.#key(event),
    });
    this.ticks = new StageTicks(film, timeline, (t) => moves.went(t, 0));
    this.node = element("div", { class: "film-slider" }, this.input, this.ticks.node);
    this.show(timeline.first);
  }

  open() {
    this.input.disabled = false;
  }

  /** @param {number} t */
  show(t) {
    this.t = t;
    this.input.value = String(t);
    this.input.setAttribute("aria-valuetext", this.ticks.words(t));
    this.ticks.show(t);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const { timeline, t } = this;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const to = {
      ArrowRight: () => timeline.stepped(t, 1),
      ArrowUp: () => timeline.stepped(t, 1),
      ArrowLeft: () => timeline.stepped(t, -1),
      ArrowDown: () => timeline.stepped(t, -1),
      PageUp: () => timeline.neighbour(t, 1),
      PageDown: () => timeline.neighbour(t, -1),
      Home: () => timeline.first,
      End: () => timeline.last,
    }[event.key];
    if (event.key === " ") this.moves.toggled();
    else if (to) this.moves.went(to(), SETTLED_MS);
    else return;
    event.preventDefault();
  }

  close() {
    this.ticks.close();
  }
}
