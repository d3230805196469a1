/**
 * The animation of stages: the map, a button that plays, a slider over time. The address holds the
 * time and the slices; it is written when the reader lets go, never while it plays. Nothing is
 * drawn while it stands.
 */

import { element, icon } from "../canvas/dom.mjs";
import { showKey } from "../canvas/key.mjs";
import { History } from "../explore/history.mjs";
import { readSlices, readTime, writeFilm } from "./address.mjs";
import { FilmCanvas } from "./canvas.mjs";
import { SlicePick } from "./slicepick.mjs";
import { StageTicks } from "./ticks.mjs";
import { REST_MS } from "./timeline.mjs";
import { SeenValues } from "./values.mjs";

/** @typedef {import("./centre.mjs").Film} Film */

const PLAY = "M8 5l11 7-11 7z";
const PAUSE = "M8 5v14M16 5v14";
// Keys are one step of the history when no more of them come.
const SETTLED_MS = 600;
// A frame that came late moves no further than this.
const MOST_STEP_MS = 100;
// Without motion every stage is held longer, as there is no way between.
const STEP_MS = 1600;
const LESS_MOTION = "(prefers-reduced-motion: reduce)";

export class FilmPlayer {
  /** @param {HTMLElement} host with data-base, data-digest, data-color, data-lit and data-film */
  constructor(host) {
    this.host = host;
    this.pathname = window.location.pathname;
    this.history = new History();
    /** @type {Film} */
    this.film = readSlices(window.location.search, JSON.parse(host.dataset.film));
    const map = element("div", { class: "ac-map" });
    const key = element("div", { class: "ac-strip" });
    /** The time of the address, as it was last read or written. @type {number | null} */
    this.told = readTime(window.location.search);
    this.canvas = new FilmCanvas(map, {
      base: host.dataset.base,
      digest: host.dataset.digest,
      color: host.dataset.color,
      lit: litOf(host),
      film: this.film,
      t: this.told,
    });
    host.atlasCanvas = this.canvas;
    this.timeline = this.canvas.timeline;
    this.scale = element("p", { class: "film-scale" });
    host.replaceChildren(map, this.scale, this.#controls(), key);
    this.followAddress = () => this.#followAddress();
    window.addEventListener("popstate", this.followAddress);
    // Links inside the app change the address without leaving the page.
    window.addEventListener("_dashprivate_pushstate", this.followAddress);
    this.hidden = () => document.hidden && this.pause();
    document.addEventListener("visibilitychange", this.hidden);
    this.#tell();
    this.#mark();
    void this.#open(key);
  }

  /** Go on in another host. @param {HTMLElement} host */
  move(host) {
    host.replaceChildren(...this.host.childNodes);
    delete this.host.atlasFilm;
    delete this.host.atlasCanvas;
    this.host = host;
    host.atlasFilm = this;
    host.atlasCanvas = this.canvas;
    this.#followAddress();
  }

  /** @param {HTMLElement} key */
  async #open(key) {
    if (!(await this.canvas.ready)) return; // The map says what is wrong.
    showKey(this.canvas, key, null);
    this.play.disabled = false;
    this.slider.disabled = false;
    this.slices.open(this.canvas.description);
    this.scale.textContent = this.canvas.scale.words;
    this.#tell();
  }

  #controls() {
    const { first, last } = this.timeline;
    this.play = element("button", {
      type: "button",
      class: "film-play",
      disabled: true,
      onclick: () => this.#toggle(),
    });
    this.slider = element("input", {
      type: "range",
      class: "ex-range",
      min: first,
      max: last,
      step: "any",
      disabled: true,
      "aria-label": "Time",
      oninput: () => this.#dragged(),
      onchange: () => this.#settle(0),
      onkeydown: (/** @type {KeyboardEvent} */ event) => this.#key(event),
    });
    this.slider.value = String(this.canvas.t);
    this.ticks = new StageTicks(this.film, this.timeline, (t) => this.#go(t, 0));
    this.slices = new SlicePick(this.film, (stage, slice) => this.#pick(stage, slice));
    this.values = new SeenValues(this.canvas);
    this.slices.node.append(this.values.node);
    this.#button(false);
    return element(
      "div",
      { class: "film-controls" },
      this.play,
      element("div", { class: "film-slider" }, this.slider, this.ticks.node),
      this.slices.node,
    );
  }

  /** @param {boolean} playing */
  #button(playing) {
    const label = playing ? "Pause" : "Play";
    this.play.setAttribute("aria-label", label);
    this.play.title = `${label} (space on the slider)`;
    this.play.replaceChildren(icon(playing ? PAUSE : PLAY));
    this.play.classList.toggle("is-playing", playing);
  }

  get playing() {
    return this.frame !== undefined || this.timer !== undefined;
  }

  #toggle() {
    if (this.playing) this.pause();
    else this.#start();
  }

  #start() {
    clearTimeout(this.settling);
    if (this.canvas.t >= this.timeline.last) this.#show(this.timeline.first);
    this.#button(true);
    if (window.matchMedia(LESS_MOTION).matches) {
      this.#step(true);
      return;
    }
    this.rest = this.canvas.moment.share ? 0 : REST_MS;
    /** @type {number | undefined} */
    let before;
    const tick = (/** @type {number} */ now) => {
      const ms = Math.min(MOST_STEP_MS, now - (before ?? now));
      before = now;
      if (this.rest > 0) this.rest -= ms;
      else {
        const to = this.timeline.moved(this.canvas.t, ms);
        if (!this.timeline.at(to).share) this.rest = REST_MS;
        this.#show(to);
      }
      if (this.canvas.t >= this.timeline.last) this.pause();
      else this.frame = requestAnimationFrame(tick);
    };
    this.frame = requestAnimationFrame(tick);
  }

  /** Stage by stage, without motion. @param {boolean} first where it stands is seen first */
  #step(first) {
    if (!first) this.#show(this.timeline.neighbour(this.canvas.t, 1));
    if (!first && this.canvas.t >= this.timeline.last) {
      this.timer = undefined;
      this.pause(true);
      return;
    }
    this.timer = setTimeout(() => this.#step(false), first ? REST_MS : STEP_MS);
  }

  /** @param {boolean} [ended] whether it came to its end by itself */
  pause(ended = false) {
    if (!this.playing && !ended) return;
    cancelAnimationFrame(this.frame);
    clearTimeout(this.timer);
    this.frame = this.timer = undefined;
    this.#button(false);
    this.#write();
    this.#tell();
  }

  /** Draw a time. @param {number} t */
  #show(t) {
    this.canvas.seek(t);
    this.slider.value = String(this.canvas.t);
    this.#tell();
  }

  /** The reader went to a time. @param {number} t @param {number} ms until it is a step of its own */
  #go(t, ms) {
    this.#hold();
    this.#show(t);
    this.#settle(ms);
  }

  /** Stop without a step of the history: what stopped it writes one. */
  #hold() {
    cancelAnimationFrame(this.frame);
    clearTimeout(this.timer);
    this.frame = this.timer = undefined;
    this.#button(false);
  }

  #dragged() {
    this.#hold();
    this.#show(this.timeline.snapped(Number(this.slider.value)));
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const { timeline } = this;
    const { t } = this.canvas;
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
    if (event.key === " ") this.#toggle();
    else if (to) this.#go(to(), SETTLED_MS);
    else return;
    event.preventDefault();
  }

  /** @param {import("./centre.mjs").FilmStage} stage @param {number} slice to stand for it */
  #pick(stage, slice) {
    this.#hold();
    const stages = this.film.stages.map((each) => (each === stage ? { ...each, shown: slice } : each));
    this.#recast({ ...this.film, stages });
    this.#write();
  }

  /** @param {Film} film */
  #recast(film) {
    const same = film.stages.every(({ shown }, at) => shown === this.film.stages[at].shown);
    this.film = film;
    if (!same) {
      this.canvas.recast(film);
      this.slices.recast(film);
      if (this.canvas.applied) this.scale.textContent = this.canvas.scale.words;
      this.#tell();
    }
    this.#mark();
  }

  /** Mark the slices shown in the table beside. */
  #mark() {
    const shown = new Set(this.film.stages.map((stage) => String(stage.shown)));
    const marks = this.host.parentElement?.querySelectorAll(".film-shown") ?? [];
    for (const mark of marks) mark.hidden = !shown.has(mark.dataset.slice);
  }

  /** @param {number} ms */
  #settle(ms) {
    clearTimeout(this.settling);
    if (!ms) this.#write();
    else this.settling = setTimeout(() => this.#write(), ms);
  }

  #write() {
    clearTimeout(this.settling);
    if (this.closed || !this.host.isConnected || window.location.pathname !== this.pathname) return;
    const t = this.canvas.t === this.timeline.first ? null : this.canvas.t;
    const before = window.location.search;
    this.history.write(writeFilm(before, t, this.film), "step");
    this.told = readTime(window.location.search);
    // The page around reads the address from Dash, which has to hear of it.
    if (window.location.search !== before) window.dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
  }

  /** Back, Forward, a link or a choice: stand where the address now says, if it says another time. */
  #followAddress() {
    if (this.closed || window.location.pathname !== this.pathname) return;
    this.#recast(readSlices(window.location.search, this.film));
    const told = readTime(window.location.search);
    if (told === this.told) return;
    this.told = told;
    this.#hold();
    this.#show(this.timeline.held(told));
  }

  /** The attributes of the host changed. */
  follow() {
    const { color, film } = this.host.dataset;
    this.canvas.chosen = litOf(this.host);
    if (color && color !== this.canvas.state.color) void this.canvas.set({ color });
    else this.canvas.highlight(null);
    this.#recast(readSlices(window.location.search, JSON.parse(film)));
  }

  /** What the controls say follows the time. */
  #tell() {
    const { t } = this.canvas;
    const near = this.timeline.nearest(t);
    this.slider.setAttribute("aria-valuetext", this.ticks.words(t));
    this.ticks.show(t);
    this.slices.show(near);
    this.values.show();
  }

  destroy() {
    this.closed = true;
    this.#hold();
    clearTimeout(this.settling);
    this.ticks.close();
    window.removeEventListener("popstate", this.followAddress);
    window.removeEventListener("_dashprivate_pushstate", this.followAddress);
    document.removeEventListener("visibilitychange", this.hidden);
    this.canvas.destroy();
    delete this.host.atlasFilm;
    delete this.host.atlasCanvas;
  }
}

/** @param {HTMLElement} host @returns {number | null} the category that stands out */
function litOf(host) {
  return host.dataset.lit ? Number(host.dataset.lit) : null;
}
