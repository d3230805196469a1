/**
 * The Explore page: controls on one side, the canvas on the other, the address as the only state.
 * A choice adds a step to the browser's history; a drag replaces the last one.
 */

import { present } from "../page/present.mjs";
import { AtlasCanvas } from "../canvas/canvas.mjs";
import { reason, wayOn } from "../page/answers.mjs";
import { element } from "../page/dom.mjs";
import { showKey } from "../key/key.mjs";
import { forget, keepSelection } from "../canvas/selecting/keptselections.mjs";
import { writeWithout } from "../canvas/selecting/picks.mjs";
import { moveOn } from "../values/refused.mjs";
import { encodeSelection, fitsLink, shortened } from "../canvas/selecting/selection.mjs";
import { copyLink, copyPython } from "../page/takeaway.mjs";
import { withHelp } from "../guide/terms.mjs";
import { SelectionActions } from "./actions.mjs";
import { parameters, readState, writeState } from "./address.mjs";
import { GeneCard } from "./card.mjs";
import { ColorBy, field } from "./colorby.mjs";
import { Composition } from "./composition.mjs";
import { Differences } from "./differ.mjs";
import { History } from "./history.mjs";
import { OrientationChoice } from "./orientation.mjs";
import { pythonOf } from "./python.mjs";
import { SlicePick } from "./slices.mjs";
import { SpotSize } from "./spotsize.mjs";
import { StageSlider } from "./stages.mjs";
import { tellUnknown } from "./unknown.mjs";

/** @typedef {import("../canvas/state.mjs").State} State */
/** @typedef {{stages: StageSlider, slices: SlicePick, colorBy: ColorBy, size: SpotSize,
 *   tissue: HTMLInputElement, umap: HTMLInputElement, umapLabel: HTMLLabelElement,
 *   orientation: OrientationChoice}} Operated */

export class ExplorePage {
  /** @param {HTMLElement} host with data-base, data-digest, data-color and data-store */
  constructor(host) {
    this.host = host;
    this.pathname = window.location.pathname;
    this.history = new History();
    this.closed = false;
    /** @type {Operated | undefined} there once it is known what the atlas holds */
    this.operated = undefined;
    const { digest, color } = host.dataset;
    this.map = element("div", { class: "ex-map" });
    this.key = element("section", { class: "ex-section ex-key", "aria-label": "Colours" });
    this.top = element("div", { class: "ex-top" });
    this.side = element("div", { class: "ex-side" });
    this.main = element("div", { class: "ex-main" }, this.top, this.map);
    host.replaceChildren(this.side, this.main);

    /** What was asked for, before anything is written to it. */
    this.link = window.location.search;
    const state = readState(this.link);
    this.canvas = new AtlasCanvas(this.map, {
      base: present(host.dataset.base, "The address of the atlas"),
      digest,
      state: { ...state, color: state.color || color || "" },
    });
    host.atlasCanvas = this.canvas;
    this.card = new GeneCard(this.canvas.source, {
      open: (gene) => this.#showCard(gene),
      close: () => this.#showCard(""),
      color: (chosen) => {
        // On a phone the card lies over the whole map.
        if (window.matchMedia("(max-width: 800px)").matches) this.#showCard("");
        this.recolour(chosen);
      },
    });
    this.map.append(this.card.node);
    void this.card.show(parameters(window.location.search).card ?? "");
    const change = (/** @type {Partial<State>} */ asked) => { void this.change(asked); };
    this.actions = new SelectionActions(this.canvas, change);
    const recolour = (/** @type {string} */ color) => this.recolour(color);
    this.composition = new Composition(
      this.canvas, this.actions, () => this.#drawn(null), recolour,
    );
    this.differences = new Differences(this.canvas, change, recolour);
    this.main.append(this.differences.node);
    this.follow = () => this.#follow();
    window.addEventListener("popstate", this.follow);
    // Links inside the app change the address without leaving the page.
    window.addEventListener("_dashprivate_pushstate", this.follow);
    this.#controls();
    this.canvas.addEventListener("again", () => void this.#controls());
    this.canvas.addEventListener("key", () => this.#show());
    this.canvas.addEventListener("painted", () => {
      this.actions.draw();
      this.differences.update();
    });
    this.canvas.addEventListener("view", () => {
      this.operated?.size.tell();
      this.#write("quiet");
    });
    this.canvas.addEventListener("fault", () => this.#write("quiet"));
    this.canvas.addEventListener("alone", (event) => {
      this.recolour(/** @type {CustomEvent} */ (event).detail);
    });
    this.canvas.addEventListener("slice", (event) => {
      this.#showSlice(/** @type {CustomEvent} */ (event).detail);
    });
    this.canvas.addEventListener("picked", () => this.#tell());
    this.canvas.addEventListener("select", (event) => {
      this.#drawn(/** @type {CustomEvent} */ (event).detail);
    });
  }

  /** The reader selected something.
   * @param {State["selection"]} selection */
  #drawn(selection) {
    forget(this.canvas, "keep", "kept selection");
    void this.#select(selection);
  }

  /** A selection that no link can hold first has to have an address.
   * @param {State["selection"]} selection */
  async #select(selection) {
    const { picks, source, frame } = this.canvas;
    picks.coming = null;
    if (selection && !fitsLink(selection)) {
      const wanted = selection;
      picks.coming = wanted;
      const wait = frame.busy("Keeping the selection");
      try {
        await keepSelection(source, wanted);
        forget(this.canvas, "keep");
      } catch (error) {
        selection = shortened(wanted);
        const told = selection ? "its outlines have fewer corners." : "the selection is as it was.";
        const left = selection ?? this.canvas.state.selection;
        const retry = wayOn(error, () => {
          return this.canvas.state.selection === left ? this.#select(wanted) : forget(this.canvas, "keep");
        });
        if (picks.coming === wanted) {
          frame.warn(`A link cannot hold all that was drawn, so ${told} ${reason(error)}`, { about: "keep", retry });
        }
      } finally {
        wait();
      }
      if (this.closed || picks.coming !== wanted) return;
      picks.coming = null;
      if (!selection) return;
    }
    this.#take(selection);
  }

  /** @param {State["selection"]} selection that a link can hold */
  #take(selection) {
    /** @type {Partial<State>} */
    const asked = { selection };
    if (!selection) asked.diff = "";
    // What an earlier selection left out has nothing to do with a fresh one.
    if (!this.canvas.state.versus && !(selection && selection.length > 1)) asked.without = [];
    void this.change(asked);
  }

  /** One slice alone, or what was there before.
   * @param {string} slice its name, '' = none alone */
  #showSlice(slice) {
    const { state } = this.canvas;
    if (slice === state.slice) return;
    if (!state.slice) this.around = state.camera;
    // Of another stage than the one chosen, its own stage is what it comes back to.
    const stage = state.stage && present(this.operated, "A choice of slices").slices.stageOf({ ...state, slice });
    const camera = !slice && stage === state.stage ? (this.around ?? "") : "";
    void this.change({ slice, stage, camera });
  }

  /** Another colour, while hidden spots go on taking no part in a selection.
   * @param {string} color */
  recolour(color) {
    const { selection, versus, hidden, without, color: before } = this.canvas.state;
    /** @type {Partial<State>} */
    const asked = { color, hidden: new Set() };
    if ((selection || versus) && hidden.size && color !== before) {
      asked.without = [...without, writeWithout(before, hidden)];
    }
    void this.change(asked);
  }

  async #controls() {
    const { canvas } = this;
    let description;
    try {
      description = await canvas.source.description();
    } catch {
      return; // The canvas says what is wrong.
    }
    if (this.operated) return;
    const stages = new StageSlider(description.stages, (stage, done) => {
      return this.change({ stage, slice: "" }, done);
    });
    const slices = new SlicePick(description.slices, (slice) => this.#showSlice(slice));
    const colorBy = new ColorBy(
      canvas.source,
      description,
      (color) => this.recolour(color),
      (gene) => this.#showCard(gene),
      true,
    );
    const size = new SpotSize(canvas, (wanted, done) => this.change({ size: wanted }, done));
    const tissue = element("input", {
      type: "range",
      class: "ex-range",
      id: "explore-tissue",
      min: 0,
      max: 1,
      step: 0.05,
      title: "How opaque the tissue images are",
      oninput: () => this.change({ tissue: Number(tissue.value) }, false),
      onchange: () => this.change({ tissue: Number(tissue.value) }),
    });
    const images = description.slices.some((slice) => slice.tissue);
    const umap = element("input", {
      type: "checkbox",
      id: "explore-umap",
      onchange: () => this.change({ umap: umap.checked }),
    });
    const umapLabel = element("label", { class: "ex-check" }, umap, "UMAP");
    const orientation = new OrientationChoice(canvas, description.slices, (aligned) => this.change({ aligned }));
    this.operated = { stages, slices, colorBy, size, tissue, umap, umapLabel, orientation };
    this.top.after(orientation.note);
    this.top.replaceChildren(
      stages.node,
      slices.node,
      orientation.node,
      withHelp(umapLabel, "umap"),
    );
    this.side.replaceChildren(
      colorBy.node,
      this.key,
      field("explore-size", "Spot size", size.node),
      ...(images ? [field("explore-tissue", "Tissue", tissue)] : []),
      this.composition.node,
    );
    showKey(canvas, this.key, (state, done) => this.change(state, done), true);
    canvas.frame.addTool("link", "Copy link", () => void this.#copyLink());
    canvas.frame.addTool("code", "Copy the Python of this figure", () => void this.#copyPython());
    this.#show();
    void this.composition.draw();
    void tellUnknown(canvas, this.link);
  }

  /** What the controls show follows the state. */
  #show() {
    if (!this.operated) return;
    const { stages, slices, colorBy, size, tissue, umap, umapLabel, orientation } = this.operated;
    const { canvas } = this;
    const { state, sides } = canvas;
    const shown = canvas.loaded ? canvas.shownSlices() : [];
    const some = canvas.loaded && shown.length < canvas.description.slices.length;
    colorBy.show(state.color, some ? shown : undefined);
    stages.show(slices.stageOf(state));
    slices.show(state);
    orientation.show();
    size.show();
    tissue.value = String(state.tissue);
    umap.checked = state.umap && !sides;
    umap.disabled = Boolean(sides);
    umapLabel.title = sides ? "The UMAP is shown beside one map, not beside several" : "";
  }

  /** The reader chose something.
   * @param {Partial<State>} change @param {boolean} [done] false while a handle is still dragged */
  async change(change, done = true) {
    const chosenAt = performance.now();
    moveOn(this.canvas, change);
    for (const name of /** @type {const} */ (["selection", "versus"])) {
      if (name in change) forget(this.canvas, `kept ${name}`);
    }
    const painted = this.canvas.set(change, chosenAt);
    this.#write(done ? "step" : "drag");
    await painted;
  }

  /** @param {"step" | "drag" | "quiet"} how quiet: follows from something else, no step of its own */
  #write(how) {
    if (this.closed || window.location.pathname !== this.pathname) return;
    this.history.write(writeState(this.canvas.state, window.location.search), how);
  }

  /** The card of a gene is a step of its own.
   * @param {string} gene '' closes it */
  #showCard(gene) {
    const { card: before, ...others } = parameters(window.location.search);
    const query = new URLSearchParams(gene ? { ...others, card: gene } : others);
    void this.card.show(gene, true);
    this.history.write(writeState(this.canvas.state, `?${query}`), "step");
    if (before && !gene) this.operated?.colorBy.about?.focus();
  }

  async #copyLink() {
    this.#write("quiet");
    this.canvas.frame.tell(await copyLink());
  }

  async #copyPython() {
    const { canvas } = this;
    if (canvas.values) canvas.frame.tell(await copyPython(pythonOf(canvas), `${canvas.description.id}.py`));
  }

  /** Back, Forward or a link: show what the address now says. */
  #follow() {
    if (this.closed || window.location.pathname !== this.pathname) return;
    const { canvas } = this;
    const { search } = window.location;
    // What was drawn and waits for its address is not what is asked for now.
    canvas.picks.coming = null;
    forget(canvas, "keep", "kept selection", "kept versus");
    moveOn(canvas);
    const state = readState(search, canvas.loaded ? canvas.description.slices.length : undefined);
    const color = state.color || this.host.dataset.color || canvas.state.color;
    void canvas.set({ ...state, color });
    void this.card.show(parameters(search).card ?? "");
    if (canvas.loaded) void tellUnknown(canvas, search);
  }

  /** Tell Dash which spots are selected: the outline, not a list of them. */
  #tell() {
    const { selection } = this.canvas.state;
    const { store } = this.host.dataset;
    const clientside = window.dash_clientside;
    if (!store || !clientside?.set_props) return;
    const outline = selection ? encodeSelection(selection) : "";
    const told = `${outline} ${this.canvas.pickedCount}`;
    if (told === (this.told ?? " 0")) return;
    /** @type {string | undefined} */ this.told = told;
    const slices = this.canvas.description.slices;
    const spots = Object.fromEntries(
      slices.map((s, i) => [s.name, this.canvas.pickedPerSlice[i]]).filter(([, n]) => n),
    );
    clientside.set_props(store, {
      data: outline
        ? { outline, count: this.canvas.pickedCount, spots, digest: this.canvas.description.digest }
        : null,
    });
  }

  destroy() {
    this.closed = true;
    window.removeEventListener("popstate", this.follow);
    window.removeEventListener("_dashprivate_pushstate", this.follow);
    this.canvas.destroy();
    delete this.host.atlasCanvas;
  }
}
