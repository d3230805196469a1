/**
 * What the canvas of Explore and the view of 3D have in common: an atlas, and its spots in a colour.
 * Both come some time after the view itself, the atlas first: `loaded` tells of the one, and that there
 * are `values` of the other. What is asked for before it is there is a fault that says so.
 *
 * @typedef {import("../values/source.mjs").Description} Description
 * @typedef {import("../values/source.mjs").Values} Values
 * @typedef {ReturnType<typeof import("../colours/keys.mjs").keyOf>} Keyed what the colours of the spots mean
 */

import { present } from "../page/present.mjs";
import { ColorValues } from "../values/colorvalues.mjs";

export class SpotView extends EventTarget {
  /** @type {Description | undefined} */
  #description;
  /** @type {{color: string, values: Values} | undefined} */
  #taken;
  /** @type {Keyed | undefined} */
  #keyed;

  /** @param {HTMLElement} host @param {import("../values/source.mjs").Source} source of the bytes */
  constructor(host, source) {
    super();
    this.host = host;
    this.source = source;
    this.fetched = new ColorValues(source);
    /** The first colour, where it could not be had. */
    this.refused = "";
    this.mountedAt = performance.now();
    this.closed = false;
    /** Spots of the atlas, and the layer and the colour of each; none before it is loaded. */
    this.n = 0;
    this.layers = new Uint8Array(0);
    this.tints = new Uint32Array(0);
  }

  /** The atlas is there.
   * @param {Description} description */
  hold(description) {
    this.#description = description;
    this.n = description.n_spots;
    this.layers = new Uint8Array(this.n);
    this.tints = new Uint32Array(this.n);
  }

  /** Whether it is known what the atlas holds and where its spots lie. */
  get loaded() {
    return this.#description !== undefined;
  }

  get description() {
    return present(this.#description, "The atlas");
  }

  /** The values of a colour are there.
   * @param {string} color @param {Values} values */
  take(color, values) {
    this.#taken = { color, values };
  }

  /** Those taken last; not there before the first, when nothing can be drawn.
   * @returns {Values | undefined} */
  get values() {
    return this.#taken?.values;
  }

  /** Of which colour they are, '' while there are none. */
  get valuesColor() {
    return this.#taken?.color ?? "";
  }

  /** The values with their colour. */
  get taken() {
    return present(this.#taken, "A first colour");
  }

  /** What their colours mean.
   * @type {Keyed} */
  get keyed() {
    return present(this.#keyed, "A first key");
  }

  set keyed(keyed) {
    this.#keyed = keyed;
  }

  /** The key to them; not there before it is made.
   * @returns {import("../colours/keys.mjs").Key | undefined} */
  get key() {
    return this.#keyed?.key;
  }

  /** Colours side by side, else null: as everywhere but on the canvas.
   * @returns {import("../colours/sharedscale.mjs").SidePanel[] | null} */
  get sides() {
    return null;
  }

  /** Whether the UMAP has a panel.
   * @returns {boolean} */
  get withUmap() {
    return false;
  }

  /** What the name of a picture says beside its colour.
   * @returns {string} */
  get fileNote() {
    return "";
  }

  /** All categories but one step back, where a view can show that; none with null.
   * @param {number | null} _code */
  highlight(_code) {}
}
