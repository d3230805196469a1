/**
 * What is written over the 3D view: the far edges of the box that holds the stack, the sections'
 * names and depths along one edge of it, a scale bar in the unit of the plane, and small axes.
 */

import { copied, element, outline } from "../page/dom.mjs";
import { inkPath } from "../pictures/ink.mjs";
import { lengthText, niceLength } from "../canvas/around/overlay.mjs";
import { project } from "./turntable.mjs";
import { depthText } from "./words.mjs";

const SCALE_BAR = 110;
const LEAST_STEP = 15;
const ARROW = 26;
const NARROW = 560;
// Corners of a box by bits: 1 is x, 2 is y, 4 is z.
const EDGES = [0, 1, 2, 3, 4, 5, 6, 7].flatMap((corner) =>
  [1, 2, 4].filter((bit) => !(corner & bit)).map((bit) => [corner, corner | bit]),
);

export class Axes {
  /** @param {import("./view.mjs").StackView} view @param {HTMLElement} panel */
  constructor(view, panel) {
    this.view = view;
    const { svg, path } = outline("st-axes");
    this.box = path;
    this.arrows = copied(path);
    this.arrows.setAttribute("class", "st-arrows");
    svg.append(this.arrows);
    this.labels = element("div", { class: "ac-labels" });
    this.length = element("span");
    this.line = element("i");
    this.bar = element("div", { class: "ac-scalebar", hidden: true }, this.length, this.line);
    this.names = ["x", "y", "depth"].map((text) =>
      element("div", { class: "ac-label st-axis" }, element("span", { text })),
    );
    this.labels.append(...this.names);
    panel.append(svg, this.labels, this.bar);
    /** @type {Map<number, HTMLElement>} */
    this.known = new Map();
  }

  /** Follow the camera. */
  update() {
    const { view } = this;
    const p = view.projection();
    this.#frame(p);
    this.#sections(p);
    this.#arrows(p);
    this.#scaleBar(p);
  }

  /** @param {import("./turntable.mjs").Projection} p @param {number} corner */
  #corner(p, corner) {
    const { minX, maxX, minY, maxY } = this.view.sections.box;
    const { sections, state } = this.view;
    const high = sections.height(sections.depths[1], state.gap);
    return project(p, corner & 1 ? maxX : minX, corner & 2 ? maxY : minY, corner & 4 ? high : 0);
  }

  /** The edges that do not meet in the corner nearest to the eye: spots are drawn over none.
   * @param {import("./turntable.mjs").Projection} p */
  #frame(p) {
    const corners = [0, 1, 2, 3, 4, 5, 6, 7].map((corner) => this.#corner(p, corner));
    const nearest = corners.reduce((best, at, i) => (at.depth < corners[best].depth ? i : best), 0);
    const far = EDGES.filter((edge) => !edge.includes(nearest));
    this.box.setAttribute(
      "d",
      far.map(([a, b]) => `M${dot(corners[a])}L${dot(corners[b])}`).join(""),
    );
  }

  /** @param {import("./turntable.mjs").Projection} p */
  #sections(p) {
    const { sections, left, frame } = this.view;
    const { stack } = sections;
    const heights = this.view.heights();
    // Of the four edges along the stack, the one farthest to the right.
    const { minX, maxX, minY, maxY } = sections.box;
    /** @type {[number, number][]} */
    const feet = [[minX, minY], [maxX, minY], [minX, maxY], [maxX, maxY]];
    const foot = feet.reduce((best, at) =>
      project(p, at[0], at[1], 0).x > project(p, best[0], best[1], 0).x ? at : best,
    );
    /** @type {number[]} */
    const taken = [];
    const order = sections.list.map((_, at) => at).sort((a, b) => heights[a] - heights[b]);
    const several = order.length > 1;
    const ends = [order[0], order[order.length - 1]].map((at) => project(p, ...foot, heights[at]).y);
    const flat = several && Math.abs(ends[0] - ends[1]) < LEAST_STEP;
    const seen = new Set();
    // First and last are named before those between.
    for (const at of [order[0], order[order.length - 1], ...order]) {
      const section = sections.list[at];
      if (seen.has(at) || !left[at] || flat) continue;
      const place = project(p, ...foot, heights[at]);
      if (taken.some((y) => Math.abs(y - place.y) < LEAST_STEP)) continue;
      taken.push(place.y);
      seen.add(at);
      const node = this.#label(section.slice);
      const depth = depthText(section, stack);
      // Where there is no room for names, the table has them.
      const text = frame.size[0] < NARROW ? depth : `${section.name} · ${depth}`;
      if (node.textContent !== text) node.replaceChildren(element("span", { text }));
      const room = Math.min(230, Math.max(64, frame.size[0] - place.x - 14));
      const x = Math.min(place.x + 8, frame.size[0] - room - 4);
      node.style.maxWidth = `${room}px`;
      node.style.transform = `translate(${x}px, ${place.y - 8}px)`;
    }
    for (const [slice, node] of this.known) {
      node.hidden = !sections.list.some((section, at) => section.slice === slice && seen.has(at));
    }
  }

  /** @param {number} slice */
  #label(slice) {
    const known = this.known.get(slice);
    if (known) return known;
    /** @type {HTMLElement} */
    const node = element("div", { class: "ac-label st-label" });
    this.labels.append(node);
    this.known.set(slice, node);
    return node;
  }

  /** @param {import("./turntable.mjs").Projection} p */
  #arrows(p) {
    const [width, height] = this.view.frame.size;
    const flat = { ...p, eye: Infinity, scale: 1, left: 0, top: 0, centre: { x: 0, y: 0, z: 0 } };
    const middle = { x: width - 62, y: height - 48 };
    /** @type {string[]} */
    const lines = [];
    [[1, 0, 0], [0, 1, 0], [0, 0, 1]].forEach((axis, i) => {
      const at = project(flat, axis[0], axis[1], axis[2]);
      const x = middle.x + ARROW * at.x;
      const y = middle.y + ARROW * at.y;
      const long = Math.hypot(at.x, at.y);
      lines.push(`M${dot(middle)}L${dot({ x, y })}`);
      this.names[i].hidden = long < 0.25;
      const beyond = 9 / Math.max(long, 1e-6);
      const node = this.names[i];
      node.style.transform =
        `translate(${x + at.x * beyond}px, ${y + at.y * beyond}px) translate(-50%, -50%)`;
    });
    this.arrows.setAttribute("d", lines.join(""));
  }

  /** @param {import("./turntable.mjs").Projection} p */
  #scaleBar(p) {
    const length = niceLength(SCALE_BAR / p.scale);
    const { units } = this.view.description;
    const text = lengthText(length, units?.coordinate ?? "");
    this.length.textContent = this.view.state.deep ? `${text} in the middle` : text;
    this.line.style.width = `${length * p.scale}px`;
    this.bar.hidden = false;
  }

  /** The lines, for a picture.
   * @param {import("../pictures/ink.mjs").Pen} pen */
  ink(pen) {
    for (const path of [this.box, this.arrows]) inkPath(pen, path);
  }
}

/** @param {{x: number, y: number}} at */
function dot(at) {
  return `${at.x.toFixed(1)} ${at.y.toFixed(1)}`;
}
