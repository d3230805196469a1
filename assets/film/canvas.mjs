/**
 * The canvas with its slices in one place: one stage is drawn, or two while one fades into the
 * next. Spots keep their places and their colours; only how strongly they are drawn changes.
 */

import { present } from "../page/present.mjs";
import { AlignedSource } from "../canvas/places/aligned.mjs";
import { AtlasCanvas } from "../canvas/canvas.mjs";
import { paintKey, tintSpots } from "../canvas/drawing/colouring.mjs";
import { counted } from "../page/dom.mjs";
import { unionOf } from "../canvas/drawing/grid.mjs";
import { readable } from "../colours/scale.mjs";
import { centre } from "./centre.mjs";
import { MovingOutline } from "./movingoutline.mjs";
import { chooseScale } from "./scale.mjs";
import { Timeline, rounded, strengths } from "./timeline.mjs";

const SIDE = 20;
const TOP = 44;
const FOOT = 30;
// Room on the right for the tools.
const TOOLS = 46;
// A spot fainter than this is not told of.
const SEEN = 0.4;

export class FilmCanvas extends AtlasCanvas {
  /** @param {HTMLElement} host @param {{base: string, digest: string, color: string,
   *   lit: number | null, film: import("./centre.mjs").Film, t: number | null}} options */
  constructor(host, { base, digest, color, lit, film, t }) {
    const source = new AlignedSource(base, digest, (points, { slices }) => centre(points, slices, film));
    super(host, { base, digest, source, state: { color, umap: false } });
    this.film = film;
    this.chosen = lit;
    this.timeline = new Timeline(film.stages.map((stage) => stage.place));
    this.t = this.timeline.held(t);
    this.moving = new MovingOutline(this);
    this.frame.axes = this.moving;
    this.addEventListener("key", () => this.highlight(null));
  }

  /** No outline is drawn by hand here. */
  get readOnly() {
    return true;
  }

  get tissue() {
    return "Tissue of one stage at a time";
  }

  /** The slice of every stage.
   * @returns {number[]} */
  shownSlices() {
    return this.film.stages.map((stage) => stage.shown);
  }

  /** What the name of a picture says of its moment. */
  get fileNote() {
    return `t${rounded(this.t)}`;
  }

  /** The slice that is drawn the more strongly. */
  get front() {
    const { stages } = this.film;
    return stages[this.timeline.nearest(this.t)].shown;
  }

  get moment() {
    return this.timeline.at(this.t);
  }

  /** @returns {Map<number, number>} how strongly slices are drawn, where not fully */
  get strengths() {
    const { from, to, share } = this.moment;
    if (!share) return new Map();
    const [earlier, later] = strengths(share);
    const { stages } = this.film;
    return new Map([[stages[from].shown, earlier], [stages[to].shown, later]]);
  }

  /** The scale of the slices shown, and what is said of it. */
  get scale() {
    const { boxes, spacings } = this.scene;
    const stages = this.film.stages.map((stage) => {
      const { name, shown } = stage;
      const { minX, maxX, minY, maxY } = boxes[shown];
      const side = Math.max(maxX - minX, maxY - minY);
      const { apart } = shownOf(stage);
      return { name, apart, side, spacing: spacings[shown] };
    });
    return chooseScale(stages, this.description.units?.coordinate ?? "");
  }

  /** All slices in one place and, where that can be read, at one scale.
   * @param {number} width @param {number} height of the panel, CSS pixels */
  lay(width, height) {
    const { boxes, spacings } = this.scene;
    const shown = this.shownSlices();
    const { common: commonScale } = this.scale;
    const all = unionOf(shown.map((slice) => boxes[slice]));
    const tiles = shown.map((slice) => {
      const box = boxes[slice];
      const whole = commonScale ? all : box;
      const wide = Math.max(whole.maxX - whole.minX, spacings[slice], 1e-9);
      const high = Math.max(whole.maxY - whole.minY, spacings[slice], 1e-9);
      const room = { width: Math.max(width - SIDE - TOOLS, 60), height: Math.max(height - TOP - FOOT, 60) };
      const scale = Math.min(room.width / wide, room.height / high);
      const x = SIDE + (room.width - wide * scale) / 2 + (box.minX - whole.minX) * scale;
      const y = TOP + (room.height - high * scale) / 2 + (box.minY - whole.minY) * scale;
      // Without a width there is no label at the tile: the map has one for all.
      return { slice, x, y, width: 0, height: 0, scale, labelWidth: 0 };
    });
    return { tiles, commonScale, labelHeight: 0 };
  }

  /** Of stages that each fill the map, the scale bar is that of the one in front, and names it: no
   * scale lies between two. */
  get measured() {
    const { tiles, commonScale } = this.layout;
    const front = this.seen[this.seen.length - 1];
    return tiles.length ? { tile: tiles[front], of: commonScale ? "" : this.film.stages[front].name } : null;
  }

  /** Stages of which anything is seen, the stronger one last, which is in front.
   * @returns {number[]} */
  get seen() {
    const { from, to, share } = this.moment;
    if (!share) return [from];
    const [earlier, later] = strengths(share);
    const order = earlier > later ? [to, from] : [from, to];
    return order.filter((stage) => (stage === from ? earlier : later) > 0);
  }

  /** The one or two slices that are drawn.
   * @param {"spatial" | "umap"} view */
  ranges(view) {
    const all = super.ranges(view);
    return view === "spatial" && all.length ? this.seen.map((stage) => all[stage]) : all;
  }

  /** @param {"spatial" | "umap"} view @param {number} x @param {number} y */
  spotAt(view, x, y) {
    const spot = super.spotAt(view, x, y);
    if (spot < 0) return spot;
    return (this.strengths.get(this.scene.sliceOf(spot)) ?? 1) < SEEN ? -1 : spot;
  }

  /** Go to a time.
   * @param {number} t on the axis */
  seek(t) {
    const before = this.seen.join(" ");
    const counted = this.front;
    if (t === this.t) return;
    this.t = t;
    if (!this.applied || this.closed) return;
    if (this.seen.join(" ") !== before) this.stir("spatial");
    if (this.front !== counted) this.recount();
    tintSpots(this);
    this.draw();
  }

  /** Another slice is in front: the key counts that one. */
  recount() {
    paintKey(this);
    this.dispatchEvent(new CustomEvent("counted"));
  }

  /** Other slices stand for the stages.
   * @param {import("./centre.mjs").Film} film of the same stages */
  recast(film) {
    this.film = film;
    if (!this.applied || this.closed) return;
    this.resized();
    this.retheme();
  }

  /** @param {"spatial" | "umap"} [only] */
  draw(only) {
    super.draw(only);
    if (this.layout.tiles.length && !this.closed) this.moving.update();
  }

  /** What the reader points at stands out, else what was chosen.
   * @param {number | null} code */
  highlight(code) {
    super.highlight(code ?? this.chosen);
  }

  /** What is drawn, in two lines.
   * @returns {[string, string]} */
  caption() {
    const { from, to, share } = this.moment;
    const [a, b] = [from, to].map((at) => this.film.stages[at].name);
    const unit = this.description.units?.time;
    const told = unit ? `${readable(this.t)} ${unit}` : `time ${readable(this.t)}`;
    const time = this.film.timed ? [told] : [];
    if (share) return [`Between ${a} and ${b}`, [...time, "nothing is measured here"].join(" · ")];
    const stage = this.film.stages[from];
    const { name, start, stop } = this.description.slices[stage.shown];
    const own = shownOf(stage).apart ? ["not aligned, centred"] : [];
    return [a, [...time, name, counted(stop - start, "spot"), ...own].join(" · ")];
  }
}

/** The slice that a stage shows.
 * @param {import("./centre.mjs").FilmStage} stage */
function shownOf({ slices, shown }) {
  return present(slices.find(({ slice }) => slice === shown), "The slice of a stage");
}
