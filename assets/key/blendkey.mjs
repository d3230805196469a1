/**
 * The key of a blend: a square that two genes span, or a bar for each of three; every gene with its
 * range and how many spots have it, the colours of full mixes, and one clipping for all genes.
 */

import { penOf } from "../page/present.mjs";
import { fullMixes, mixed } from "../colours/blend.mjs";
import { ClipField } from "./clipfield.mjs";
import { count, element, percentage } from "../page/dom.mjs";
import { MISSING, hexColor } from "../colours/palettes.mjs";
import { boundsOf } from "../colours/scale.mjs";

const SIDE = 64;
const LENGTH = 256;

/** @typedef {import("../colours/keys.mjs").BlendKey} BlendKey */

export class BlendLegend {
  /** @param {HTMLElement} host
   * @param {((clip: [number, number], done: boolean) => void) | null} clip null: for reading only */
  constructor(host, clip) {
    this.host = host;
    this.title = element("div", { class: "ac-key-title" });
    this.unit = element("div", { class: "ac-key-unit" });
    this.field = element("div", { class: "ac-blend" });
    this.rows = element("ul", { class: "ac-blend-list" });
    this.parts = [this.title, this.unit, this.field, this.rows];
    if (!clip) return;
    this.clip = new ClipField("Clip each", " of each gene", (percent) => clip(percent, true));
    this.parts.push(element("div", { class: "ac-bar-form" }, this.clip.node));
  }

  /** @param {BlendKey} key */
  draw(key) {
    this.title.textContent = this.title.title = key.title;
    this.unit.textContent = `${key.unit}, each gene on its own scale`;
    const drawn = key.parts.length === 2 ? [square(key)] : key.parts.map((_, gene) => bar(key, gene));
    this.field.replaceChildren(...drawn);
    this.rows.setAttribute("aria-label", `Colours of ${key.title}`);
    this.rows.replaceChildren(...rowsOf(key));
    this.clip?.show(key.percent);
    if (!this.title.isConnected) this.host.replaceChildren(...this.parts);
  }
}

/** @param {BlendKey} key */
function square(key) {
  const [across, up] = key.parts;
  const plot = painted(SIDE, SIDE, (x, y) => mixed([x, 1 - y], key.scheme));
  const [left, right] = boundsOf(across, true);
  const [bottom, top] = boundsOf(up, true);
  plot.className = "ac-blend-square";
  plot.setAttribute("role", "img");
  plot.setAttribute(
    "aria-label",
    `${across.name} from ${left} to ${right} from left to right, ${up.name} from ${bottom} to ${top} upwards`,
  );
  return element(
    "div",
    { class: "ac-blend-plot" },
    element("span", { class: "ac-blend-up", text: up.name, title: up.name }),
    element("span", { class: "ac-blend-top", text: top }),
    element("span", { class: "ac-blend-bottom", text: bottom }),
    plot,
    element("span", { class: "ac-blend-left", text: left }),
    element("span", { class: "ac-blend-across", text: across.name, title: across.name }),
    element("span", { class: "ac-blend-right", text: right }),
  );
}

/** @param {BlendKey} key @param {number} gene */
function bar(key, gene) {
  const part = key.parts[gene];
  const share = (/** @type {number} */ x) => key.parts.map((_, at) => (at === gene ? x : 0));
  const plot = painted(LENGTH, 1, (x) => mixed(share(x), key.scheme));
  plot.className = "ac-gradient";
  const [low, high] = boundsOf(part, true);
  return element(
    "div",
    { class: "ac-blend-bar" },
    element("span", { class: "ac-legend-name", text: part.name, title: part.name }),
    plot,
    element(
      "div",
      { class: "ac-bounds" },
      element("span", { class: "ac-bound", text: low }),
      element("span", { class: "ac-bound", text: high }),
    ),
  );
}

/** @param {BlendKey} key */
function rowsOf(key) {
  const of = (/** @type {number} */ n) => percentage(n, key.shown);
  const rows = fullMixes(key.parts.map(({ name }) => name), key.scheme).map(({ genes, color }) => {
    const alone = genes.length === 1 ? key.parts.find(({ name }) => name === genes[0]) : undefined;
    return row(color, genes.join(" + "), alone ? `in ${of(alone.some)}` : "", alone?.some ?? 0);
  });
  if (key.missing) rows.push(row(MISSING[key.scheme], "not all measured", of(key.missing), key.missing));
  return rows;
}

/** @param {string} color @param {string} name @param {string} share @param {number} n */
function row(color, name, share, n) {
  return element(
    "li",
    { class: "ac-legend-item" },
    element("span", { class: "ac-swatch", style: `background:${color}` }),
    element("span", { class: "ac-legend-name", text: name, title: name }),
    share && element("span", { class: "ac-legend-count", text: share, title: `${count(n)} spots` }),
  );
}

/** @param {number} width @param {number} height
 * @param {(x: number, y: number) => import("../colours/palettes.mjs").Rgb} color of places from 0 to 1 */
function painted(width, height, color) {
  const plot = element("canvas", { width, height });
  const pen = penOf(plot);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      pen.fillStyle = hexColor(color(x / (width - 1), height > 1 ? y / (height - 1) : 0));
      pen.fillRect(x, y, 1, 1);
    }
  }
  return plot;
}
