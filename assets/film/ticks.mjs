/** Names of the stages under the slider, at their times; those that find no room are left out. */

import { element } from "../page/dom.mjs";
import { endsOf, written } from "../page/ticklabels.mjs";

const APART = 8;

export class StageTicks {
  /** @param {import("./centre.mjs").Film} film @param {import("./timeline.mjs").Timeline} timeline
   * @param {(t: number) => void} choose */
  constructor(film, timeline, choose) {
    this.film = film;
    this.timeline = timeline;
    const { first, last } = timeline;
    this.labels = film.stages.map(({ name }) => element("span", { text: name }));
    this.ticks = film.stages.map(({ name, place }, at) =>
      element(
        "button",
        {
          type: "button",
          class: "film-tick",
          tabindex: -1,
          title: name,
          style: `left:${((place - first) / (last - first)) * 100}%`,
          onclick: () => choose(place),
        },
        element("i"),
        this.labels[at],
      ),
    );
    this.node = element("div", { class: "film-ticks" }, ...this.ticks);
    this.sizes = new ResizeObserver(() => this.#arrange());
    this.sizes.observe(this.node);
  }

  /** The stage, or the two that a time lies between.
   * @param {number} t */
  words(t) {
    const { from, to, share } = this.timeline.at(t);
    const { stages } = this.film;
    if (!share) return stages[from].name;
    const time = this.film.timed ? `${Number(t.toPrecision(3))}, ` : "";
    return `${time}between ${stages[from].name} and ${stages[to].name}`;
  }

  /** @param {number} t */
  show(t) {
    const { from, share } = this.timeline.at(t);
    const current = share ? -1 : from;
    if (current === this.current) return;
    /** @type {number | undefined} */ this.current = current;
    this.ticks.forEach((tick, at) => tick.classList.toggle("is-current", at === current));
  }

  /** First and last are named before those between. */
  #arrange() {
    const free = written(this.labels.map(endsOf), [0, this.labels.length - 1, ...this.labels.keys()], APART);
    this.labels.forEach((label, at) => label.classList.toggle("is-crowded", !free.has(at)));
  }

  close() {
    this.sizes.disconnect();
  }
}
