/**
 * Which spots are picked: those of the selection, and those of the second one that it is compared
 * with. Spots that the legend hides take no part, and go on taking none when another colour is
 * chosen: the values they had are kept as `without`.
 */

import { reason, wayOn } from "../../page/answers.mjs";
import { outlineFrom, placedSlices } from "./lasso.mjs";
import { bringSelections } from "./keptselections.mjs";
import { askAgain } from "../../values/refused.mjs";
import { MOST_KEPT, hasViews, isAway, joined, pick } from "./selection.mjs";
import { turnedBack } from "./turns.mjs";
import { splitColor } from "../../colours/words.mjs";

export class Picks {
  /** @param {import("../canvas.mjs").AtlasCanvas} atlas */
  constructor(atlas) {
    this.atlas = atlas;
    this.flags = new Uint8Array(atlas.n);
    this.others = new Uint8Array(atlas.n);
    /** @type {number[]} picked spots of each slice, and those of the second selection */
    this.perSlice = [];
    this.othersPerSlice = /** @type {number[]} */ ([]);
    /** @type {(spot: number) => boolean} whether a spot takes part; none does before they are marked */
    this.shown = () => false;
    this.leftOut = new Uint8Array(atlas.n);
    this.leftBy = "";
    /** What was drawn and waits for its address.
     * @type {import("./selection.mjs").Selection | null} */
    this.coming = null;
  }

  /** The atlas is there, and nothing of it is picked. */
  begin() {
    const { n } = this.atlas;
    this.flags = new Uint8Array(n);
    this.others = new Uint8Array(n);
    this.leftOut = new Uint8Array(n);
    this.leftBy = "";
  }

  /** Whether the spots that take no part are known. */
  get ready() {
    const { selection, versus, without } = this.atlas.state;
    return without.join("~") === this.leftBy && !isAway(selection) && !isAway(versus);
  }

  /** Find the spots that take no part, by values that may have to be fetched.
   * @returns {Promise<boolean>} false where something else was asked for meanwhile */
  async prepare() {
    const { atlas } = this;
    if (!(await bringSelections(atlas))) return false;
    const wanted = atlas.state.without;
    const flags = new Uint8Array(atlas.n);
    try {
      for (const text of wanted) {
        const [color, codes] = splitWithout(text);
        const { bytes } = await atlas.source.values(...splitColor(color));
        for (let i = 0; i < flags.length; i++) if (codes.has(bytes[i])) flags[i] = 1;
      }
    } catch (error) {
      const retry = wayOn(error, () => askAgain(atlas, { without: wanted }));
      atlas.frame.warn(`Spots that were hidden count again: ${reason(error)}`, { about: "without", retry });
      if (atlas.state.without !== wanted) return false;
      atlas.state = { ...atlas.state, without: [] };
      return this.prepare();
    }
    if (atlas.closed || atlas.state.without !== wanted) return false;
    if (wanted.length) atlas.frame.warn("", { about: "without" });
    this.leftOut = flags;
    this.leftBy = wanted.join("~");
    return true;
  }

  mark() {
    const { state, scene, taken: { values } } = this.atlas;
    const { spans, takenFrom: coordinates } = scene;
    this.shown = (i) => !state.hidden.has(values.bytes[i]) && !this.leftOut[i];
    this.perSlice = pick(state.selection, coordinates, spans, this.shown, this.flags);
    this.othersPerSlice = pick(state.versus, coordinates, spans, this.shown, this.others);
  }

  /** Whether a spot is on the other side: of the second selection alone, else of the rest.
   * @param {number} i */
  opposite(i) {
    if (this.flags[i]) return false;
    return this.atlas.state.versus ? Boolean(this.others[i]) : this.shown(i);
  }

  /** Whether there is a selection, and all that it was drawn on. */
  get selecting() {
    const { state, scene } = this.atlas;
    return Boolean(state.selection?.length && hasViews(state.selection, scene.coordinates));
  }

  /** Whether a selection waits for the UMAP. */
  get needsUmap() {
    const { selection, versus } = this.atlas.state;
    return [selection, versus].some((each) => each?.some(({ view }) => view === "umap"));
  }

  /** How many spots a path holds, without those that take no part.
   * @param {import("../drawing/scene.mjs").View} view @param {[number, number][]} path CSS pixels of the panel */
  within(view, path) {
    const { scene } = this.atlas;
    const outline = this.#outline(view, path, false);
    if (!outline) return 0;
    const flags = new Uint8Array(this.atlas.n);
    return pick([outline], scene.coordinates, scene.spans, this.shown, flags).reduce((sum, n) => sum + n, 0);
  }

  /** @param {import("../drawing/scene.mjs").View} view @param {[number, number][]} path @param {boolean} subtract */
  #outline(view, path, subtract) {
    const { atlas } = this;
    const { spans, coordinates } = atlas.scene;
    const cloud = coordinates[view];
    // Nothing lies on a UMAP that is not there yet, or not to be had.
    if (!cloud) return null;
    const placed = placedSlices(atlas.ranges(view), spans, atlas.shownSlices());
    return outlineFrom(view, path, subtract, placed, cloud, spans);
  }

  /** An outline was drawn on a panel: listeners decide.
   * @param {import("../drawing/scene.mjs").View} view
   * @param {[number, number][]} path CSS pixels of the panel
   * @param {import("./selection.mjs").How} how */
  draw(view, path, how) {
    const selection = this.#drawn(view, path, how);
    if (selection === undefined) {
      this.atlas.frame.warn("A selection cannot hold so many outlines; it is as it was.");
    } else if (selection !== this.atlas.state.selection) {
      this.atlas.dispatchEvent(new CustomEvent("select", { detail: selection }));
    }
  }

  /** @param {import("../drawing/scene.mjs").View} view @param {[number, number][]} path
   * @param {import("./selection.mjs").How} how
   * @returns {import("./selection.mjs").Selection | null | undefined} undefined: it is too large */
  #drawn(view, path, how) {
    const { atlas } = this;
    const { spans, takenFrom, turns } = atlas.scene;
    const before = how === "new" ? null : (this.coming ?? atlas.state.selection);
    const subtract = how === "subtract";
    if (subtract && !before) return null;
    const outline = this.#outline(view, path, subtract);
    if (!outline) return before;
    const outlines = turns && view === "spatial" ? turnedBack(outline, turns) : [outline];
    let after = before;
    for (const each of outlines) {
      after = joined(after, each, MOST_KEPT);
      if (!after) return undefined;
    }
    const left = pick(after, takenFrom, spans, () => true, new Uint8Array(atlas.n));
    return left.some(Boolean) ? after : null;
  }
}

/** What `without` holds of hidden values.
 * @param {string} color @param {Set<number>} hidden */
export function writeWithout(color, hidden) {
  return `${color}*${[...hidden].sort((a, b) => a - b).join("_")}`;
}

/** @param {string} text @returns {[string, Set<number>]} */
export function splitWithout(text) {
  const at = text.lastIndexOf("*");
  return [text.slice(0, at), new Set(text.slice(at + 1).split("_").map(Number))];
}
