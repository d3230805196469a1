/** The card beside the pointer: which spot, where, when, and its value in real units. */

import { element } from "./dom.mjs";
import { hexColor } from "./palettes.mjs";
import { MISSING_BYTE, readable, valueOf } from "./scale.mjs";
import { termsOf } from "./told.mjs";
import { spoken } from "./words.mjs";

export class HoverCard {
  /** @param {import("./canvas.mjs").AtlasCanvas} atlas */
  constructor(atlas) {
    this.atlas = atlas;
    this.index = -1;
    this.title = element("div", { class: "ac-card-title" });
    this.rows = element("dl", { class: "ac-card-rows" });
    this.node = element("div", { class: "ac-card", hidden: true }, this.title, this.rows);
    this.ring = element("div", { class: "ac-ring", hidden: true });
  }

  /** @param {"spatial" | "umap"} view @param {number} x @param {number} y CSS pixels of the panel */
  at(view, x, y) {
    const { atlas } = this;
    if (atlas.closed || !atlas.values) return;
    const index = atlas.spotAt(view, x, y);
    if (index < 0) {
      this.hide();
      return;
    }
    if (index !== this.index) {
      this.index = index;
      this.#fill(index);
      this.#mark(view, index);
    }
    this.#place(view, x, y);
  }

  hide() {
    this.index = -1;
    this.node.hidden = true;
    this.ring.hidden = true;
  }

  /** @param {number} index */
  #fill(index) {
    const { atlas } = this;
    const { description } = atlas;
    const slice = description.slices[atlas.scene.sliceOf(index)];
    const rows = [
      ["Slice", slice.name],
      ["Stage", slice.stage],
      ...this.#values(index),
      ...(atlas.values.parts ? [] : this.#terms(atlas.valuesColor, this.#value(index))),
      ...(atlas.facts?.(index) ?? []),
    ];
    this.title.textContent = `Spot ${index - slice.start + 1} of ${slice.name}`;
    this.#draw(rows, index);
    if (description.spots) {
      const show = (/** @type {string} */ name) => {
        if (this.index === index && name) this.title.textContent = name;
      };
      atlas.source.spotName(index).then(show, () => {});
    }
    this.#domain(index, rows);
  }

  /** The domain is fetched once, when a first spot is looked at.
   * @param {number} index @param {string[][]} rows */
  #domain(index, rows) {
    const { atlas } = this;
    const column = atlas.description.obs.find((c) => c.name === "domain");
    if (!column || atlas.valuesColor === "obs:domain") return;
    atlas.source.values("obs", "domain").then(
      (values) => {
        if (this.index !== index) return;
        const name = column.categories?.[values.bytes[index]] ?? "–";
        const more = this.#terms("obs:domain", name);
        this.#draw([...rows, [spoken(column.name), name], ...more], index);
      },
      () => {},
    );
  }

  /** The value on the map; of a blend, each gene's. @param {number} index @returns {string[][]} */
  #values(index) {
    const { key, values } = this.atlas;
    if (!values.parts) return [[key.title, this.#value(index)]];
    return values.parts.map(({ name, values: { bytes, lo, hi } }) => {
      const byte = bytes[index];
      return [name, byte === MISSING_BYTE ? "not measured" : `${readable(valueOf(byte, lo, hi))} ${key.unit}`];
    });
  }

  /** @param {string} color @param {string} category @returns {string[][]} */
  #terms(color, category) {
    const terms = termsOf(this.atlas.description, color, category);
    return terms ? [["Term", terms]] : [];
  }

  /** @param {number} index */
  #value(index) {
    const { key, values } = this.atlas;
    const byte = values.bytes[index];
    if (byte === MISSING_BYTE) return "not measured";
    if (key.kind === "category") return key.categories[byte]?.name ?? "–";
    const text = readable(valueOf(byte, key.lo, key.hi));
    return key.unit ? `${text} ${key.unit}` : text;
  }

  /** @param {string[][]} rows @param {number} index */
  #draw(rows, index) {
    const { palette, inks, values } = this.atlas;
    const bytes = inks ? new Uint8Array(inks.buffer, 4 * index, 3) : palette.subarray(4 * values.bytes[index]);
    const color = /** @type {any} */ ([...bytes.subarray(0, 3)]);
    this.node.style.setProperty("--ac-spot", hexColor(color));
    this.rows.replaceChildren(
      ...rows.flatMap(([name, value]) => [
        element("dt", { text: name }),
        element("dd", { text: value }),
      ]),
    );
  }

  /** A ring around the spot in both panels. @param {"spatial" | "umap"} view @param {number} index */
  #mark(view, index) {
    const other = view === "spatial" ? "umap" : "spatial";
    const at = this.atlas.state.umap || other === "spatial" ? this.atlas.screenOf(index, other) : null;
    this.ring.hidden = !at || !this.atlas.scene.coordinates[other];
    if (this.ring.hidden) return;
    if (!this.ring.isConnected) this.node.before(this.ring);
    this.ring.style.transform = `translate(${at.x}px, ${at.y}px)`;
  }

  /** @param {"spatial" | "umap"} view @param {number} x @param {number} y */
  #place(view, x, y) {
    const { rect } = this.atlas.frame.panels[view];
    const [width, height] = this.atlas.frame.size;
    this.node.hidden = false;
    const box = this.node.getBoundingClientRect();
    const px = rect.x + x;
    const py = rect.y + y;
    const left = px + 16 + box.width > width ? px - 16 - box.width : px + 16;
    const top = Math.min(py + 14, height - box.height - 6);
    this.node.style.transform = `translate(${Math.max(4, left)}px, ${Math.max(4, top)}px)`;
  }
}
