/** The card beside the pointer: which spot, where, when, and its value in real units. */

import { element } from "../../page/dom.mjs";
import { hexColor } from "../../colours/palettes.mjs";
import { MISSING_BYTE, readable, valueOf } from "../../colours/scale.mjs";
import { termsOf } from "../../key/told.mjs";
import { spoken } from "../../colours/words.mjs";

// Shares below this are hardly more than the noise of a spot.
const LEAST_SHARE = 0.05;

export class HoverCard {
  /** @param {import("../../values/starting.mjs").View} atlas */
  constructor(atlas) {
    this.atlas = atlas;
    this.index = -1;
    this.title = element("div", { class: "ac-card-title" });
    this.rows = element("dl", { class: "ac-card-rows" });
    this.node = element("div", { class: "ac-card", hidden: true }, this.title, this.rows);
    this.panel = 0;
    /** @type {HTMLElement[]} around the same spot in the other panels */
    this.rings = [];
  }

  /** @param {"spatial" | "umap"} view @param {number} x @param {number} y CSS pixels of the panel
   * @param {number} [panel] of several tissue maps side by side */
  at(view, x, y, panel = 0) {
    const { atlas } = this;
    if (atlas.closed || !atlas.values) return;
    const index = atlas.spotAt(view, x, y);
    if (index < 0) {
      this.hide();
      return;
    }
    if (index !== this.index || panel !== this.panel) {
      this.index = index;
      this.panel = panel;
      this.#fill(index);
      this.#mark(view, index);
    }
    this.#place(view, x, y);
  }

  hide() {
    this.index = -1;
    this.node.hidden = true;
    for (const ring of this.rings) ring.hidden = true;
  }

  /** @param {number} index */
  #fill(index) {
    const { atlas } = this;
    const { description, taken: { values } } = atlas;
    const slice = description.slices[atlas.scene.sliceOf(index)];
    const rows = [
      ["Slice", slice.name],
      ["Stage", slice.stage],
      ...this.#values(index),
      ...(values.kind === "blend" || atlas.sides ? [] : this.#terms(atlas.valuesColor, this.#value(index))),
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
    /** @type {string[][][]} */
    const later = [];
    [this.#domain(index), this.#factors(index)].forEach((asked, at) => {
      asked.then(
        (found) => {
          if (this.index !== index || !found.length) return;
          later[at] = found;
          this.#draw([...rows, ...later.flat()], index);
        },
        () => {},
      );
    });
  }

  /** The domain is fetched once, when a first spot is looked at.
   * @param {number} index @returns {Promise<string[][]>} */
  async #domain(index) {
    const { atlas } = this;
    const column = atlas.description.obs.find((c) => c.name === "domain");
    const shown = atlas.sides?.map(({ color }) => color) ?? [atlas.valuesColor];
    if (!column || shown.includes("obs:domain")) return [];
    const { bytes } = await atlas.source.values("obs", "domain");
    const name = column.categories?.[bytes[index]] ?? "–";
    return [[spoken(column.name), name], ...this.#terms("obs:domain", name)];
  }

  /** The factors that make most of the spot.
   * @param {number} index @returns {Promise<string[][]>} */
  async #factors(index) {
    const { description, source } = this.atlas;
    if (!description.spot_factors) return [];
    const found = (await source.spotFactors(index)).filter(({ share }) => share >= LEAST_SHARE);
    return found.map(({ factor, share }, at) => [
      at ? "" : "Factors",
      `${Math.round(100 * share)}% ${description.factors[factor].label}`,
    ]);
  }

  /** The value on the map; of a blend and side by side, each one's.
   * @param {number} index @returns {string[][]} */
  #values(index) {
    const { keyed: { key }, taken: { values }, sides } = this.atlas;
    if (sides) return sides.map((side) => [side.title, this.#sideValue(side, index)]);
    if (values.kind !== "blend") return [[key.title, this.#value(index)]];
    const { unit } = /** @type {import("../../colours/keys.mjs").BlendKey} */ (key);
    return values.parts.map(({ name, values: { bytes, lo, hi } }) => {
      const byte = bytes[index];
      return [name, byte === MISSING_BYTE ? "not measured" : `${readable(valueOf(byte, lo, hi))} ${unit}`];
    });
  }

  /** @param {string} color @param {string} category @returns {string[][]} */
  #terms(color, category) {
    const terms = termsOf(this.atlas.description, color, category);
    return terms ? [["Term", terms]] : [];
  }

  /** @param {number} index */
  #value(index) {
    const { keyed: { key }, taken: { values } } = this.atlas;
    const byte = values.bytes[index];
    if (byte === MISSING_BYTE) return "not measured";
    if (key.kind === "category") return key.categories[byte]?.name ?? "–";
    const { lo, hi, unit } = /** @type {import("../../colours/keys.mjs").NumberKey} */ (key);
    const text = readable(valueOf(byte, lo, hi));
    return unit ? `${text} ${unit}` : text;
  }

  /** @param {import("../../colours/sharedscale.mjs").SidePanel} side @param {number} index */
  #sideValue({ bytes, kind, lo, hi, unit, scale }, index) {
    const byte = bytes[index];
    if (byte === MISSING_BYTE) return "not measured";
    const { scales } = /** @type {import("../../colours/sharedscale.mjs").SideKey} */ (this.atlas.keyed.key);
    const key = scales[scale];
    if (kind === "category") return "categories" in key ? (key.categories[byte]?.name ?? "–") : "–";
    return `${readable(valueOf(byte, lo, hi))} ${unit}`.trim();
  }

  /** @param {string[][]} rows @param {number} index */
  #draw(rows, index) {
    const { keyed, taken, sides } = this.atlas;
    const { inks } = keyed;
    const { palette } = sides?.[this.panel] ?? keyed;
    const { bytes: values } = sides?.[this.panel] ?? taken.values;
    const bytes = inks ? new Uint8Array(inks.buffer, 4 * index, 3) : palette.subarray(4 * values[index]);
    const color = /** @type {any} */ ([...bytes.subarray(0, 3)]);
    this.node.style.setProperty("--ac-spot", hexColor(color));
    this.rows.replaceChildren(
      ...rows.flatMap(([name, value]) => [
        element("dt", { text: name }),
        element("dd", { text: value }),
      ]),
    );
  }

  /** A ring around the spot in the other panels.
   * @param {"spatial" | "umap"} view @param {number} index */
  #mark(view, index) {
    const { atlas } = this;
    /** @type {({x: number, y: number} | null)[]} */
    const places = atlas.frame.cells
      .map((_, at) => (view === "spatial" && at === this.panel ? null : atlas.screenOf(index, "spatial", at)));
    if (atlas.withUmap && view === "spatial" && atlas.scene.coordinates.umap) {
      places.push(atlas.screenOf(index, "umap"));
    }
    const seen = places.flatMap((place) => place ?? []);
    while (this.rings.length < seen.length) {
      const ring = element("div", { class: "ac-ring", hidden: true });
      this.rings.push(ring);
      this.node.before(ring);
    }
    this.rings.forEach((ring, at) => {
      ring.hidden = at >= seen.length;
      if (!ring.hidden) ring.style.transform = `translate(${seen[at].x}px, ${seen[at].y}px)`;
    });
  }

  /** @param {"spatial" | "umap"} view @param {number} x @param {number} y */
  #place(view, x, y) {
    const rect = this.atlas.frame.rectOf(view, this.panel);
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
