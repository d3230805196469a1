/** The elements around the drawing of slices: its panels, its tools and how they share the room. */

import { leaveSlice, openSlice, stepSlice } from "./alone.mjs";
import { BoxSpoken } from "./boxspoken.mjs";
import { arrangeCells } from "../places/cells.mjs";
import { element, icon, perFrame } from "../../page/dom.mjs";
import { faultBox } from "../../page/fault.mjs";
import { boxOf, listen } from "./gestures.mjs";
import { HoverCard } from "./hover.mjs";
import { Overlay } from "./overlay.mjs";
import { savePicture } from "../../pictures/picture.mjs";
import { SidePanels } from "./sidepanels.mjs";
import { Surround } from "../../page/surround.mjs";

const ICONS = {
  move: "M12 3v18M3 12h18M9 6l3-3 3 3M9 18l3 3 3-3M6 9l-3 3 3 3M18 9l3 3-3 3",
  lasso: "M7.5 15.5C4.9 14.4 3 12.6 3 10.3 3 6.8 7 4 12 4s9 2.8 9 6.3-4 6.2-9 6.2c-.8 0-1.6-.1-2.3-.2M8 15.2a2.1 2.1 0 1 0 .01 4.2a2.1 2.1 0 0 0-.01-4.2M9.2 19c.4 1-.2 1.8-1.2 2.5",
  box: "M4 7V4h3M11 4h2M17 4h3v3M20 11v2M20 17v3h-3M13 20h-2M7 20H4v-3M4 13v-2",
  new: "M5 5h14v14H5z",
  add: "M4 4h11v11H4zM9 15v5h11V9h-5M12 9.5H7M9.5 7v5",
  subtract: "M4 4h11v11H4zM9 15v5h11V9h-5M12 9.5H7",
  plus: "M12 5v14M5 12h14",
  minus: "M5 12h14",
  reset: "M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5",
  save: "M12 4v11M7.5 11l4.5 4.5L16.5 11M5 20h14",
  vector: "M5 19C5 9 19 15 19 5M3 17h4v4H3zM17 3h4v4h-4z",
  link: "M10 14a4 4 0 0 0 5.7 0l3-3a4 4 0 0 0-5.7-5.7l-1.2 1.2M14 10a4 4 0 0 0-5.7 0l-3 3a4 4 0 0 0 5.7 5.7l1.2-1.2",
  code: "M9 7l-5 5 5 5M15 7l5 5-5 5",
};
const TISSUE = "Tissue map, slices in order of stage";
const KEYS = "Arrow keys move, plus and minus zoom, 0 shows all";
const DRAWING_KEYS =
  ", L draws a lasso by pointer, B a box: then arrow keys move it, with Shift they size it, Enter selects";
const SLICE_KEYS =
  "Enter shows the slice in the middle alone, Page Up and Page Down the one before and after it, Escape all again.";
const NARROW = 640;

export class Frame extends Surround {
  /** @param {import("../canvas.mjs").AtlasCanvas} atlas */
  constructor(atlas) {
    super(atlas, () => this.panels.spatial.node);
    this.atlas = atlas;
    /** @type {"move" | "lasso" | "box"} */
    this.tool = "move";
    /** @type {import("../../colours/sorts.mjs").Sort | undefined} what the map itself says of its values */
    this.told = undefined;
    /** @type {import("../selecting/selection.mjs").How} */
    this.how = "new";
    this.panels = {
      spatial: this.panel("spatial", TISSUE),
      umap: this.panel("umap", "UMAP of all spots"),
    };
    /** Drawings of the tissue: one, or one for each of several colours.
     * @type {import("./sidepanels.mjs").Panel[]} */
    this.cells = [this.panels.spatial];
    this.split = "";
    this.mark = element("div", { class: "ac-mark", hidden: true });
    this.back = element("button", {
      type: "button",
      class: "ac-back",
      title: "Show the other slices again (Escape)",
      hidden: true,
      onclick: () => leaveSlice(atlas) && this.panels.spatial.node.focus(),
    });
    this.card = new HoverCard(atlas);
    this.spoken = new BoxSpoken(atlas);
    this.toolButtons = {
      move: toolButton("move", "Move", () => this.choose("move"), "true"),
      lasso: toolButton("lasso", "Lasso (or Shift and drag)", () => this.choose("lasso"), "false"),
      box: toolButton("box", "Box", () => this.choose("box"), "false"),
    };
    const how = (/** @type {import("../selecting/selection.mjs").How} */ name, /** @type {string} */ label) =>
      toolButton(name, label, () => this.chooseHow(name), String(name === this.how));
    this.howButtons = {
      new: how("new", "A new selection"),
      add: how("add", "Add to the selection (or Shift)"),
      subtract: how("subtract", "Take away from the selection (or Alt)"),
    };
    this.hows = element(
      "div",
      { class: "ac-hows", role: "group", "aria-label": "What a drawn outline does", hidden: true },
      element("span", { class: "ac-tools-gap" }),
      ...Object.values(this.howButtons),
    );
    this.tools = this.#tools();
    this.root.append(
      this.canvas,
      this.panels.spatial.node,
      this.panels.umap.node,
      this.tools,
      this.card.node,
      this.status,
      this.spoken.node,
      this.notice.node,
    );
    atlas.host.replaceChildren(this.root);
    this.overlays = {
      spatial: new Overlay(atlas, "spatial", this.panels.spatial.node),
      umap: new Overlay(atlas, "umap", this.panels.umap.node),
    };
    this.panels.spatial.node.append(this.mark, this.back);
    this.sides = new SidePanels(this);
    this.watch();
    this.arrange();
  }

  /** @param {"spatial" | "umap"} view @param {string} label @param {number} [at] of several tissue maps */
  panel(view, label, at = 0) {
    const node = element("div", { class: `ac-panel ac-${view}`, tabindex: 0, role: "group" });
    called(node, label);
    const { atlas } = this;
    const redraw = perFrame(() => !atlas.closed && atlas.values && atlas.moved(false, view));
    const camera = () => atlas.cameras[view];
    listen(node, {
      pan: (dx, dy) => {
        camera().pan(dx, dy);
        redraw();
      },
      zoom: (factor, x, y) => {
        camera().zoom(factor, x, y);
        redraw();
      },
      settle: () => {
        clearTimeout(this.settling);
        this.settling = setTimeout(() => atlas.values && !atlas.closed && atlas.moved(true, view), 200);
      },
      trace: (path, done, how) => {
        if (atlas.readOnly) return;
        for (const overlay of this.#overlaysOf(view)) overlay.trace(done ? null : path);
        if (done && atlas.values) atlas.picks.draw(view, path, how || this.how);
      },
      untrace: () => {
        for (const overlay of this.#overlaysOf(view)) overlay.trace(null);
      },
      boxed: (corners, what) => this.spoken.tell(view, corners, what),
      hover: perFrame((x, y) => this.card.at(view, x, y, at)),
      leave: () => this.card.hide(),
      open: (x, y, near) => view === "spatial" && openSlice(atlas, x, y, near),
      key: (name) => {
        if (name === "reset") atlas.resetView();
        else if (name === "previous") stepSlice(atlas, -1);
        else if (name === "next") stepSlice(atlas, 1);
        else if (name !== "escape") this.#chooseByKey(name);
        else if (!leaveSlice(atlas) && atlas.values) atlas.picks.draw(view, [], "new");
      },
      tool: () => this.tool,
    });
    return { node, rect: { x: 0, y: 0, width: 0, height: 0 } };
  }

  /** @param {"spatial" | "umap"} view @returns {Overlay[]} of every drawing of the same */
  #overlaysOf(view) {
    return [this.overlays[view], ...(view === "spatial" ? this.sides.overlays : [])];
  }

  /** Where a drawing lies.
   * @param {"spatial" | "umap"} view @param {number} at of several tissue maps */
  rectOf(view, at) {
    return (view === "spatial" ? this.cells[at] : this.panels.umap).rect;
  }

  /** Tell what the panels show. */
  name() {
    const { sides, tissue = TISSUE } = this.atlas;
    called(this.panels.spatial.node, sides ? `${tissue}, of ${sides[0].title}` : tissue, this.atlas.readOnly);
    if (!this.atlas.readOnly) this.panels.spatial.node.setAttribute("aria-description", SLICE_KEYS);
    this.sides.name(sides);
    const { slice, stage } = this.atlas.state;
    this.back.hidden = !slice;
    this.back.textContent = `‹ ${stage ? `All of ${stage}` : "All slices"}`;
  }

  #tools() {
    return element(
      "div",
      { class: "ac-tools", role: "toolbar", "aria-label": "Map tools" },
      ...(this.atlas.readOnly
        ? []
        : [...Object.values(this.toolButtons), this.hows, element("span", { class: "ac-tools-gap" })]),
      toolButton("plus", "Zoom in", () => this.#zoom(1.5)),
      toolButton("minus", "Zoom out", () => this.#zoom(1 / 1.5)),
      toolButton("reset", "Show all", () => this.atlas.resetView()),
      toolButton("save", "Save as PNG", () => savePicture(this.atlas)),
      toolButton("vector", "Save as SVG", () => savePicture(this.atlas, "svg")),
    );
  }

  /** A tool of the page around the canvas.
   * @param {keyof typeof ICONS} name @param {string} label @param {() => void} run */
  addTool(name, label, run) {
    this.tools.append(toolButton(name, label, run));
  }

  /** @param {number} factor */
  #zoom(factor) {
    const { rect } = this.panels.spatial;
    this.atlas.cameras.spatial.zoom(factor, rect.width / 2, rect.height / 2);
    if (this.atlas.values) this.atlas.moved(true, "spatial");
  }

  /** @param {"move" | "lasso" | "box"} tool */
  choose(tool) {
    if (this.atlas.readOnly) return;
    this.tool = tool;
    this.root.classList.toggle("is-lassoing", tool !== "move");
    this.hows.hidden = tool === "move";
    for (const [name, button] of Object.entries(this.toolButtons)) {
      button.setAttribute("aria-pressed", String(name === tool));
    }
  }

  /** @param {"lasso" | "box"} tool pressed again it is put down */
  #chooseByKey(tool) {
    this.choose(this.tool === tool ? "move" : tool);
    if (!this.atlas.readOnly) this.spoken.chosen(this.tool);
  }

  /** @param {import("../selecting/selection.mjs").How} how */
  chooseHow(how) {
    this.how = how;
    for (const [name, button] of Object.entries(this.howButtons)) {
      button.setAttribute("aria-pressed", String(name === how));
    }
  }

  /** Draw a box around all of the tissue panel, which needs no pointer. */
  selectView() {
    const { width, height } = this.panels.spatial.rect;
    this.atlas.picks.draw("spatial", boxOf([0, 0], [width, height]), this.how);
  }

  /** Share the room out between the panels. */
  arrange() {
    const width = this.root.clientWidth;
    const height = this.root.clientHeight;
    const { sides, withUmap: umap } = this.atlas;
    const stacked = width < NARROW;
    const first = umap ? (stacked ? 0.6 * height : 0.64 * width) : stacked ? height : width;
    const split = Math.round(first);
    this.size = /** @type {[number, number]} */ ([width, height]);
    this.split = this.atlas.split;
    const rects = sides && arrangeCells(sides.length, width, height, (w, h) => {
      return this.atlas.lay(w, h).tiles[0]?.width ?? 0;
    });
    this.panels.spatial.rect = rects?.[0] ?? {
      x: 0,
      y: 0,
      width: stacked ? width : split,
      height: stacked ? split : height,
    };
    this.panels.umap.rect = {
      x: stacked ? 0 : split,
      y: stacked ? split : 0,
      width: stacked ? width : width - split,
      height: stacked ? height - split : height,
    };
    this.sides.match(rects ?? []);
    this.cells = [this.panels.spatial, ...this.sides.panels];
    for (const { node, rect } of [...this.cells, this.panels.umap]) {
      node.style.left = `${rect.x}px`;
      node.style.top = `${rect.y}px`;
      node.style.width = `${rect.width}px`;
      node.style.height = `${rect.height}px`;
    }
    this.tools.style.right = `${rects ? 6 : width - this.panels.spatial.rect.width + 8}px`;
    this.notice.node.style.maxWidth = `${(rects ? width : this.panels.spatial.rect.width) - 72}px`;
    this.root.classList.toggle("is-stacked", stacked);
    this.panels.umap.node.hidden = !umap;
    this.atlas.map.resize(width, height, window.devicePixelRatio || 1);
  }

  /** Say on the map itself what sort of values it shows. */
  #tell() {
    const { key } = this.atlas.keyed;
    const sort = "sort" in key ? key.sort : undefined;
    if (sort === this.told) return;
    this.told = sort;
    this.mark.hidden = !sort;
    this.mark.textContent = sort?.mark ?? "";
    this.mark.classList.toggle("is-predicted", sort?.predicted ?? false);
  }

  overlay() {
    this.card.hide();
    this.#tell();
    for (const overlay of this.#overlaysOf("spatial")) overlay.update();
    if (this.atlas.withUmap) this.overlays.umap.update();
  }

  /** In place of the UMAP.
   * @param {string} text '' where it is there @param {() => unknown} [retry] */
  noUmap(text, retry) {
    this.umapFault?.remove();
    const { node } = this.panels.umap;
    this.umapFault = text ? faultBox(text, retry, { back: () => node }) : null;
    if (this.umapFault) node.append(this.umapFault);
  }
}

/** @param {keyof typeof ICONS} name @param {string} label @param {() => void} run
 * @param {string} [pressed] of what is chosen or not */
function toolButton(name, label, run, pressed) {
  return element(
    "button",
    {
      type: "button",
      class: `ac-tool ac-tool-${name}`,
      "aria-label": label,
      title: label,
      "aria-pressed": pressed,
      onclick: run,
    },
    icon(ICONS[name]),
  );
}

/** @param {HTMLElement} node of a panel @param {string} label @param {boolean} [readOnly] */
function called(node, label, readOnly = false) {
  node.setAttribute("aria-label", `${label}. ${KEYS}${readOnly ? "" : DRAWING_KEYS}.`);
}
