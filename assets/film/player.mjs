/**
 * The animation of stages: the map, a button that plays, a slider over time. The address holds the
 * time and the slices; it is written when the reader lets go, never while it plays. Nothing is
 * drawn while it stands.
 */

import { present } from "../page/present.mjs";
import { element } from "../page/dom.mjs";
import { showKey } from "../key/key.mjs";
import { History } from "../explore/history.mjs";
import { readSlices, readTime, writeFilm } from "./address.mjs";
import { FilmCanvas } from "./canvas.mjs";
import { Playback } from "./playback.mjs";
import { PlayButton } from "./playbutton.mjs";
import { TimeSlider } from "./slider.mjs";
import { SlicePick } from "./slicepick.mjs";
import { SeenValues } from "./values.mjs";

/** @typedef {import("./centre.mjs").Film} Film */

export class FilmPlayer {
  /** @param {HTMLElement} host with data-base, data-digest, data-color, data-lit and data-film */
  constructor(host) {
    this.host = host;
    this.closed = false;
    this.pathname = window.location.pathname;
    this.history = new History();
    /** @type {Film} */
    this.film = readSlices(window.location.search, stagesOf(host));
    const map = element("div", { class: "ac-map" });
    const key = element("div", { class: "ac-strip" });
    /** The time of the address, as it was last read or written.
     * @type {number | null} */
    this.told = readTime(window.location.search);
    this.canvas = new FilmCanvas(map, {
      base: present(host.dataset.base, "The address of the atlas"),
      digest: host.dataset.digest ?? "",
      color: host.dataset.color ?? "",
      lit: litOf(host),
      film: this.film,
      t: this.told,
    });
    host.atlasCanvas = this.canvas;
    this.timeline = this.canvas.timeline;
    this.scale = element("p", { class: "film-scale" });
    this.playback = new Playback(this.timeline, {
      now: () => this.canvas.t,
      show: (t) => this.#show(t),
      turned: (playing) => this.button.show(playing),
      ended: () => this.#write(),
    });
    const toggle = () => (this.playback.playing ? this.pause() : this.#start());
    this.button = new PlayButton(toggle);
    this.slider = new TimeSlider(this.film, this.timeline, {
      dragged: (t) => this.#dragged(t),
      went: (t, ms) => this.#go(t, ms),
      settled: () => this.#settle(0),
      toggled: toggle,
    });
    this.slices = new SlicePick(this.film, (stage, slice) => this.#pick(stage, slice));
    this.values = new SeenValues(this.canvas);
    this.slices.node.append(this.values.node);
    const controls = [this.button.node, this.slider.node, this.slices.node];
    host.replaceChildren(map, this.scale, element("div", { class: "film-controls" }, ...controls), key);
    this.followAddress = () => this.#followAddress();
    window.addEventListener("popstate", this.followAddress);
    // Links inside the app change the address without leaving the page.
    window.addEventListener("_dashprivate_pushstate", this.followAddress);
    this.hidden = () => document.hidden && this.pause();
    document.addEventListener("visibilitychange", this.hidden);
    this.#tell();
    this.#mark();
    this.canvas.addEventListener("again", () => void this.#open(key));
    void this.#open(key);
  }

  /** Go on in another host.
   * @param {HTMLElement} host */
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
    this.button.open();
    this.slider.open();
    this.slices.open(this.canvas.description);
    this.scale.textContent = this.canvas.scale.words;
    this.#tell();
  }

  #start() {
    clearTimeout(this.settling);
    this.playback.start();
  }

  pause() {
    if (!this.playback.playing) return;
    this.playback.stop();
    this.#write();
  }

  /** Draw a time.
   * @param {number} t */
  #show(t) {
    this.canvas.seek(t);
    this.#tell();
  }

  /** The reader went to a time.
   * @param {number} t @param {number} ms until it is a step of its own */
  #go(t, ms) {
    this.#dragged(t);
    this.#settle(ms);
  }

  /** Stop without a step of the history: letting go writes one.
   * @param {number} t */
  #dragged(t) {
    this.playback.stop();
    this.#show(t);
  }

  /** @param {import("./centre.mjs").FilmStage} stage @param {number} slice to stand for it */
  #pick(stage, slice) {
    this.playback.stop();
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
    /** @type {Iterable<HTMLElement>} */
    const marks = this.host.parentElement?.querySelectorAll(".film-shown") ?? [];
    for (const mark of marks) mark.hidden = !shown.has(mark.dataset.slice ?? "");
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
    this.playback.stop();
    this.#show(this.timeline.held(told));
  }

  /** The attributes of the host changed. */
  follow() {
    const { color } = this.host.dataset;
    this.canvas.chosen = litOf(this.host);
    if (color && color !== this.canvas.state.color) void this.canvas.set({ color });
    else this.canvas.highlight(null);
    this.#recast(readSlices(window.location.search, stagesOf(this.host)));
  }

  /** What the controls say follows the time. */
  #tell() {
    const { t } = this.canvas;
    this.slider.show(t);
    this.slices.show(this.timeline.nearest(t));
    this.values.show();
  }

  destroy() {
    this.closed = true;
    this.playback.stop();
    clearTimeout(this.settling);
    this.slider.close();
    window.removeEventListener("popstate", this.followAddress);
    window.removeEventListener("_dashprivate_pushstate", this.followAddress);
    document.removeEventListener("visibilitychange", this.hidden);
    this.canvas.destroy();
    delete this.host.atlasFilm;
    delete this.host.atlasCanvas;
  }
}

/** @param {HTMLElement} host @returns {Film} what the page says of its stages */
function stagesOf(host) {
  return JSON.parse(present(host.dataset.film, "The stages of the animation"));
}

/** @param {HTMLElement} host @returns {number | null} the category that stands out */
function litOf(host) {
  return host.dataset.lit ? Number(host.dataset.lit) : null;
}
