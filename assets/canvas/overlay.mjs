/** What is written over a panel: names of slices, scale bar, the lasso. */

import { count, element, outline } from "./dom.mjs";
import { outlineIn } from "./lasso.mjs";

const LEAST_LABEL = 34;
const TWO_LINES = 34;
const ONE_LINE = 20;
// Tiles laid out without labels get them once the view is this much enlarged.
const ROOM_AT = 3;
const SCALE_BAR = 110;

export class Overlay {
  /** @param {import("./canvas.mjs").AtlasCanvas} atlas @param {"spatial" | "umap"} view
   * @param {HTMLElement} panel */
  constructor(atlas, view, panel) {
    this.atlas = atlas;
    this.view = view;
    this.labels = element("div", { class: "ac-labels" });
    const { svg, path } = outline("ac-outline");
    this.svg = svg;
    this.path = path;
    this.bar = element("div", { class: "ac-scalebar", hidden: true }, element("span"), element("i"));
    panel.append(svg, this.labels);
    if (view === "spatial") panel.append(this.bar);
    else panel.append(element("div", { class: "ac-panel-title", text: "UMAP" }));
    /** @type {Map<number, {node: HTMLElement, name: HTMLElement, facts: HTMLElement}>} */
    this.known = new Map();
  }

  /** Follow the camera. */
  update() {
    if (this.view === "spatial") {
      this.#labels();
      this.#scaleBar();
    }
    if (!this.tracing) this.#selection();
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
      const label = this.#label(tile.slice);
      label.node.style.transform = `translate(${left - width / 2}px, ${bottom - labelHeight}px)`;
      label.facts.hidden = labelHeight < TWO_LINES;
      label.node.style.height = `${labelHeight - 2}px`;
      label.node.style.width = `${width}px`;
    }
    for (const [slice, label] of this.known) label.node.hidden = !seen.has(slice);
  }

  /** @param {number} slice */
  #label(slice) {
    let label = this.known.get(slice);
    const { name, stage, start, stop } = this.atlas.description.slices[slice];
    if (!label) {
      const words = element("bdi", { dir: "ltr", text: name });
      const title = element("span", { class: "ac-label-name", title: name }, words);
      const facts = element("span", { class: "ac-label-facts" });
      const node = element("div", { class: "ac-label", "data-slice": slice }, title, facts);
      this.labels.append(node);
      label = { node, name: title, facts };
      this.known.set(slice, label);
    }
    const picked = this.atlas.pickedPerSlice[slice];
    const spots = this.atlas.selecting
      ? `${count(picked)} of ${count(stop - start)}`
      : `${count(stop - start)} spots`;
    const text = `${stage} · ${spots}`;
    if (label.facts.textContent !== text) label.facts.textContent = text;
    return label;
  }

  #scaleBar() {
    const { atlas } = this;
    const tile = atlas.layout.tiles[0];
    const several = !atlas.layout.commonScale && atlas.layout.tiles.length > 1;
    this.bar.hidden = !tile || several;
    if (this.bar.hidden) return;
    const perPixel = 1 / (tile.scale * atlas.cameras.spatial.k);
    const length = niceLength(SCALE_BAR * perPixel);
    const [label, line] = this.bar.children;
    label.textContent = lengthText(length, atlas.description.units?.coordinate ?? "");
    line.style.width = `${length / perPixel}px`;
  }

  /** @param {[number, number][] | null} path drawn so far, CSS pixels of the panel */
  trace(path) {
    this.tracing = Boolean(path);
    if (path) this.path.setAttribute("d", `M${path.map((p) => p.join(" ")).join("L")}Z`);
    else this.path.removeAttribute("d");
  }

  #selection() {
    const { selection } = this.atlas.state;
    if (!selection || selection.view !== this.view) {
      this.path.removeAttribute("d");
      return;
    }
    // The same outline may lie over several tiles at once; where the tiles have kept their places
    // these copies coincide, so one that has hits is enough for each place.
    const drawn = new Set();
    for (const range of this.atlas.ranges(this.view)) {
      const carry = selection.slices.find(({ slice }) => {
        const [start, stop] = this.atlas.scene.spans[slice];
        return start >= range.start && stop <= range.stop;
      });
      if (!carry) continue;
      const corners = outlineIn(selection, carry).map(([px, py]) =>
        [
          (px - range.originX) * range.scaleX + range.offsetX,
          (py - range.originY) * range.scaleY + range.offsetY,
        ].map((v) => v.toFixed(1)).join(" "),
      );
      drawn.add(`M${corners.join("L")}Z`);
    }
    this.path.setAttribute("d", [...drawn].join(""));
  }
}

/** 1, 2 or 5 times a power of ten, at most `length`. @param {number} length */
export function niceLength(length) {
  const power = 10 ** Math.floor(Math.log10(length));
  return [5, 2, 1].find((m) => m * power <= length) * power;
}

/** @param {number} length @param {string} unit of the coordinates, '' when not given */
export function lengthText(length, unit) {
  if (/^(µm|μm|um|micron|micrometre|micrometer)s?$/i.test(unit)) {
    return length >= 1000 ? `${length / 1000} mm` : `${Number(length.toPrecision(6))} µm`;
  }
  return `${Number(length.toPrecision(6))} ${unit || "units"}`;
}
