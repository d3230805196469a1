/** What is written over a panel: names of slices, scale bar, the lasso. */

import { penOf } from "../../page/present.mjs";
import { copied, count, counted, element, outline } from "../../page/dom.mjs";
import { cornersIn } from "../selecting/lasso.mjs";
import { linesOf, pathOf } from "../selecting/pieces.mjs";
import { rangeText } from "../../colours/slicescale.mjs";
import { turned } from "../selecting/turns.mjs";

const LEAST_LABEL = 34;
const TWO_LINES = 34;
const ONE_LINE = 20;
// Tiles laid out without labels get them once the view is this much enlarged.
const ROOM_AT = 3;
const OWN_SCALES = "Each slice has a scale of its own";
const SCALE_BAR = 110;
// Beside it a narrow map has to find room for a mark.
const SCALE_BAR_SHARE = 0.2;
const TILE_ROOM = 3;
// What lies around the letters of a label (canvas.css), CSS pixels.
const LABEL_SIDES = 6;

export class Overlay {
  /** @param {import("../canvas.mjs").AtlasCanvas} atlas @param {"spatial" | "umap"} view
   * @param {HTMLElement} panel */
  constructor(atlas, view, panel) {
    this.atlas = atlas;
    this.view = view;
    this.labels = element("div", { class: "ac-labels" });
    const { svg, path } = outline("ac-outline");
    this.svg = svg;
    /** What adds, what takes away, the second selection, and what is being drawn. */
    this.paths = { other: path, add: copied(path), cut: copied(path), draft: copied(path) };
    for (const [name, each] of Object.entries(this.paths)) {
      each.setAttribute("class", `ac-outline-${name}`);
      svg.append(each);
    }
    this.length = element("span");
    this.line = element("i");
    this.bar = element("div", { class: "ac-scalebar", hidden: true }, this.length, this.line);
    panel.append(svg, this.labels);
    if (view === "spatial") panel.append(this.bar);
    else panel.append(element("div", { class: "ac-panel-title", text: "UMAP" }));
    /** @type {Map<number, {node: HTMLElement, name: HTMLElement, facts: HTMLElement}>} */
    this.known = new Map();
    /** @type {Map<string, number>} of texts of labels */
    this.widths = new Map();
    /** @type {CanvasRenderingContext2D | undefined} that measures them */
    this.pen = undefined;
  }

  /** Follow the camera. */
  update() {
    if (this.view === "spatial") {
      this.#labels();
      this.#scaleBar();
    }
    this.#selection();
  }

  #labels() {
    const { atlas } = this;
    const { k, x, y } = atlas.cameras.spatial;
    const { rect } = atlas.frame.panels.spatial;
    const labelHeight = atlas.layout.labelHeight || ONE_LINE;
    const bare = !atlas.layout.labelHeight && k < ROOM_AT;
    const seen = new Set();
    for (const tile of atlas.layout.tiles) {
      const left = (tile.x + tile.width / 2) * k + x;
      const bottom = tile.y * k + y;
      const width = Math.max(tile.labelWidth, tile.width) * k - (k > 1 ? 0 : 2);
      const offside = left < 0 || left > rect.width || bottom < 0 || bottom > rect.height + 20;
      if (bare || width < LEAST_LABEL || offside) continue;
      seen.add(tile.slice);
      const label = this.#label(tile.slice, width);
      label.node.style.transform = `translate(${left - width / 2}px, ${bottom - labelHeight}px)`;
      label.facts.hidden = labelHeight < TWO_LINES;
      label.node.style.height = `${labelHeight - 2}px`;
      label.node.style.width = `${width}px`;
    }
    for (const [slice, label] of this.known) label.node.hidden = !seen.has(slice);
  }

  /** @param {number} slice @param {number} width CSS pixels there are for it */
  #label(slice, width) {
    const { name, stage, start, stop, aligned } = this.atlas.description.slices[slice];
    const label = this.known.get(slice) ?? this.#newLabel(slice, name);
    const picked = this.atlas.pickedPerSlice[slice];
    const { key } = this.atlas.keyed;
    const ranges = key.kind === "number" ? key.ranges : undefined;
    const n = stop - start;
    // Without its stage a range fits a narrow tile: half a number would be a wrong one.
    const measure = (/** @type {string} */ words) => this.#widthOf(words, label.facts);
    const facts = this.atlas.selecting
      ? pickedText(stage, picked, n, width, measure)
      : ranges
        ? rangeText(ranges, slice)
        : factsText(stage, n, width, measure);
    const text = this.atlas.scene.aligned && !aligned ? `not aligned · ${facts}` : facts;
    if (label.facts.textContent !== text) label.facts.textContent = text;
    return label;
  }

  /** @param {number} slice @param {string} name */
  #newLabel(slice, name) {
    const words = element("bdi", { dir: "ltr", text: name });
    const title = element("span", { class: "ac-label-name", title: name }, words);
    const facts = element("span", { class: "ac-label-facts" });
    const node = element("div", { class: "ac-label", "data-slice": slice }, title, facts);
    this.labels.append(node);
    const label = { node, name: title, facts };
    this.known.set(slice, label);
    return label;
  }

  /** How wide a text is in the letters of a node.
   * @param {string} text @param {HTMLElement} node */
  #widthOf(text, node) {
    const known = this.widths.get(text);
    if (known !== undefined) return known;
    this.pen ??= penOf(document.createElement("canvas"));
    const { font } = getComputedStyle(node);
    this.pen.font = font;
    const { width } = this.pen.measureText(text);
    this.widths.set(text, width);
    return width;
  }

  #scaleBar() {
    const { atlas } = this;
    const { measured } = atlas;
    const unit = atlas.description.units?.coordinate;
    this.bar.hidden = !atlas.layout.tiles.length || unit === null;
    this.line.hidden = !measured;
    if (!measured) {
      this.length.textContent = OWN_SCALES;
      return;
    }
    const { of } = measured;
    const perPixel = atlas.unitsPerPixel;
    const { width } = atlas.frame.panels.spatial.rect;
    const length = niceLength(Math.min(SCALE_BAR, SCALE_BAR_SHARE * width) * perPixel);
    const told = lengthText(length, unit ?? "");
    this.length.textContent = of ? `${told} in ${of}` : told;
    this.line.style.width = `${length / perPixel}px`;
  }

  /** @param {[number, number][] | null} path drawn so far, CSS pixels of the panel */
  trace(path) {
    const { draft } = this.paths;
    if (path) draft.setAttribute("d", `M${path.map((p) => p.join(" ")).join("L")}Z`);
    else draft.removeAttribute("d");
  }

  #selection() {
    const { selection, versus } = this.atlas.state;
    const own = selection ?? [];
    this.#draw(this.paths.add, own.filter((outline) => !outline.subtract));
    this.#draw(this.paths.cut, own.filter((outline) => outline.subtract));
    this.#draw(this.paths.other, versus ?? []);
  }

  /** @param {Element} path @param {import("../selecting/lasso.mjs").Outline[]} outlines */
  #draw(path, outlines) {
    const own = outlines.filter(({ view }) => view === this.view);
    const copies = own.map((each) => this.#copies(each));
    // The UMAP has no tiles that could move.
    const lines = this.view === "umap" ? copies.flat().map(({ line }) => line) : linesOf(copies);
    const d = lines.map(pathOf).join("");
    if (d) path.setAttribute("d", d);
    else path.removeAttribute("d");
  }

  /** @param {import("../selecting/lasso.mjs").Outline} outline
   * @returns {import("../selecting/pieces.mjs").Copy[]} for each tile that it was drawn over */
  #copies(outline) {
    const { turns } = this.atlas.scene;
    const copies = [];
    for (const range of this.atlas.ranges(this.view)) {
      const carry = outline.slices.find(({ slice }) => {
        const [start, stop] = this.atlas.scene.spans[slice];
        return start >= range.start && stop <= range.stop;
      });
      if (!carry) continue;
      const corners = cornersIn(outline, carry);
      const shown = turns && this.view === "spatial" ? turned(turns[carry.slice], corners) : corners;
      /** @type {import("../selecting/pieces.mjs").Line} */
      const line = shown.map(([px, py]) => [
        (px - range.originX) * range.scaleX + range.offsetX,
        (py - range.originY) * range.scaleY + range.offsetY,
      ]);
      copies.push({ line, box: this.#boxOf(range) });
    }
    return copies;
  }

  /** Where a tile lies on the panel, with some room.
   * @param {import("../drawing/splat.mjs").Range} range
   * @returns {[number, number, number, number]} left, top, right, bottom */
  #boxOf({ start, offsetX, offsetY, scaleX, scaleY, originX, originY }) {
    const box = this.atlas.scene.boxes[this.atlas.scene.sliceOf(start)];
    const left = (box.minX - originX) * scaleX + offsetX;
    const top = (box.minY - originY) * scaleY + offsetY;
    const right = left + (box.maxX - box.minX) * scaleX;
    const bottom = top + (box.maxY - box.minY) * scaleY;
    return [left - TILE_ROOM, top - TILE_ROOM, right + TILE_ROOM, bottom + TILE_ROOM];
  }
}

/** Stage and number of spots of a slice; without the word where its label would have to be cut.
 * @param {string} stage @param {number} n @param {number} width CSS pixels of the label
 * @param {(text: string) => number} measure a text's width in it */
export function factsText(stage, n, width, measure) {
  const text = `${stage} · ${counted(n, "spot")}`;
  return measure(text) > width - LABEL_SIDES ? `${stage} · ${count(n)}` : text;
}

/** The same of a slice of whose n spots some are selected; without the stage where its label would
 * have to be cut, and a number with it.
 * @param {string} stage @param {number} picked @param {number} n @param {number} width
 * @param {(text: string) => number} measure */
export function pickedText(stage, picked, n, width, measure) {
  const numbers = `${count(picked)} of ${count(n)}`;
  const text = `${stage} · ${numbers}`;
  return measure(text) > width - LABEL_SIDES ? numbers : text;
}

/** 1, 2 or 5 times a power of ten, at most `length`.
 * @param {number} length */
export function niceLength(length) {
  const power = 10 ** Math.floor(Math.log10(length));
  return ([5, 2].find((m) => m * power <= length) ?? 1) * power;
}

/** @param {number} length @param {string} unit of the coordinates, '' when not given */
export function lengthText(length, unit) {
  if (/^(µm|μm|um|micron|micrometre|micrometer)s?$/i.test(unit)) {
    return length >= 1000 ? `${length / 1000} mm` : `${Number(length.toPrecision(6))} µm`;
  }
  const told = Number(length.toPrecision(6));
  return `${told < 1000 ? told : count(told)} ${unit || "units"}`;
}
