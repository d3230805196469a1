/** Over the map: the outline of the slice drawn, or the line between two, and what is drawn. */

import { element, outline } from "../page/dom.mjs";
import { inkPath } from "../pictures/ink.mjs";
import { between, matched, resampled, smoothed } from "./morph.mjs";
import { outlineOf } from "./outline.mjs";

/** @typedef {import("./contour.mjs").Ring} Ring */

export class MovingOutline {
  /** @param {import("./canvas.mjs").FilmCanvas} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    /** @type {Map<number, Ring>} by slice, in units of the coordinates */
    this.rings = new Map();
    /** @type {Map<string, Ring>} of a pair of slices: the later one's, begun where it fits the earlier's */
    this.pairs = new Map();
    const { svg, path } = outline("film-outline");
    this.path = path;
    this.words = ["film-stage", "film-facts"].map((name) => element("span", { class: name }));
    this.label = element("div", { class: "ac-label film-label" }, ...this.words);
    canvas.frame.panels.spatial.node.append(svg, this.label);
  }

  /** @param {number} slice @returns {Ring} */
  #ring(slice) {
    let ring = this.rings.get(slice);
    if (!ring) {
      const { coordinates, spans, spacings } = this.canvas.scene;
      ring = smoothed(resampled(outlineOf(coordinates.spatial, ...spans[slice], spacings[slice])));
      this.rings.set(slice, ring);
    }
    return ring;
  }

  /** @param {number} earlier @param {number} later slices @returns {Ring} of the later one */
  #following(earlier, later) {
    const key = `${earlier} ${later}`;
    let ring = this.pairs.get(key);
    if (!ring) {
      ring = matched(this.#ring(earlier), this.#ring(later));
      this.pairs.set(key, ring);
    }
    return ring;
  }

  /** A ring on the panel, by the stage it belongs to.
   * @param {Ring} ring @param {number} stage
   * @returns {Ring} CSS pixels */
  #laid(ring, stage) {
    const { layout, scene, cameras } = this.canvas;
    const { slice, x, y, scale } = layout.tiles[stage];
    const { minX, minY } = scene.boxes[slice];
    const { k, x: dx, y: dy } = cameras.spatial;
    return ring.map(([px, py]) => [
      ((px - minX) * scale + x) * k + dx,
      ((py - minY) * scale + y) * k + dy,
    ]);
  }

  /** @returns {Ring} CSS pixels of the panel */
  corners() {
    const { moment, film } = this.canvas;
    const { from, to, share } = moment;
    const slices = [from, to].map((stage) => film.stages[stage].shown);
    const earlier = this.#laid(this.#ring(slices[0]), from);
    if (!share) return earlier;
    return between(earlier, this.#laid(this.#following(slices[0], slices[1]), to), share);
  }

  /** Follow the canvas. */
  update() {
    const corners = this.corners().map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`);
    this.path.setAttribute("d", `M${corners.join("L")}Z`);
    this.path.classList.toggle("is-between", this.canvas.moment.share > 0);
    this.canvas.caption().forEach((text, at) => {
      if (this.words[at].textContent !== text) this.words[at].textContent = text;
    });
  }

  /** The line, for a picture.
   * @param {import("../pictures/ink.mjs").Pen} pen */
  ink(pen) {
    inkPath(pen, this.path);
  }
}
