/** The elements around the 3D drawing: its panel, its tools and what they take away. */

import { reason, wayOn } from "../page/answers.mjs";
import { element, icon, painted, perFrame } from "../page/dom.mjs";
import { HoverCard } from "../canvas/around/hover.mjs";
import { savePicture } from "../pictures/picture.mjs";
import { Surround } from "../page/surround.mjs";
import { copyLink, copyPython, saveText } from "../page/takeaway.mjs";
import { Axes } from "./axes.mjs";
import { listen } from "./gestures.mjs";
import { csvOf, fileName, pythonOf } from "./takeaway.mjs";

const ICONS = {
  plus: "M12 5v14M5 12h14",
  minus: "M5 12h14",
  reset: "M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5",
  front: "M5 5h14v14H5z",
  side: "M4 7h16M4 12h16M4 17h16",
  link: "M10 14a4 4 0 0 0 5.7 0l3-3a4 4 0 0 0-5.7-5.7l-1.2 1.2M14 10a4 4 0 0 0-5.7 0l-3 3a4 4 0 0 0 5.7 5.7l1.2-1.2",
  code: "M9 7l-5 5 5 5M15 7l5 5-5 5",
  table: "M4 5h16v14H4zM4 10h16M10 5v14",
  save: "M12 4v11M7.5 11l4.5 4.5L16.5 11M5 20h14",
  vector: "M5 19C5 9 19 15 19 5M3 17h4v4H3zM17 3h4v4h-4z",
};
const DEGREES = 0.4;
// Pixels of the spots in a figure for print, to a pixel of the page.
const PRINT = 3;

export class StackFrame extends Surround {
  /** @param {import("./view.mjs").StackView} view */
  constructor(view) {
    super(view, () => this.panel);
    this.view = view;
    this.panel = element("div", {
      class: "ac-panel st-panel",
      tabindex: 0,
      role: "group",
      "aria-label":
        "Sections in three dimensions. Arrow keys turn, with Shift they move, plus and minus zoom, " +
        "0 shows all.",
    });
    this.card = new HoverCard(view);
    this.tools = this.#tools();
    this.root.append(
      this.canvas,
      this.panel,
      this.tools,
      this.card.node,
      this.status,
      this.notice.node,
    );
    view.host.replaceChildren(this.root);
    this.axes = new Axes(view, this.panel);
    this.rect = { x: 0, y: 0, width: 0, height: 0 };
    /** Drawings: this one. */
    this.cells = [{ node: this.panel, rect: this.rect }];
    this.#gestures();
    this.watch();
    this.arrange();
  }

  #gestures() {
    const { view, panel } = this;
    const redraw = perFrame(() => !view.closed && view.values && view.moved(false));
    listen(panel, {
      turn: (dx, dy) => {
        view.camera.turn(-DEGREES * dx, DEGREES * -dy);
        redraw();
      },
      pan: (dx, dy) => {
        view.camera.pan(dx, dy);
        redraw();
      },
      zoom: (factor, x, y) => {
        const [width, height] = this.size;
        view.camera.zoom(factor, x - width / 2, y - height / 2);
        redraw();
      },
      reset: () => view.values && view.look(),
      settle: () => {
        clearTimeout(this.settling);
        this.settling = setTimeout(() => view.values && !view.closed && view.moved(true), 200);
      },
      hover: perFrame((x, y) => this.card.at("spatial", x, y)),
      leave: () => this.card.hide(),
    });
  }

  #tools() {
    const { view } = this;
    const button = (
      /** @type {keyof typeof ICONS} */ name,
      /** @type {string} */ label,
      /** @type {() => void} */ run,
    ) =>
      element(
        "button",
        {
          type: "button",
          class: `ac-tool ac-tool-${name}`,
          "aria-label": label,
          title: label,
          onclick: () => view.values && run(),
        },
        icon(ICONS[name]),
      );
    const zoom = (/** @type {number} */ factor) => {
      view.camera.zoom(factor, 0, 0);
      view.moved(true);
    };
    return element(
      "div",
      { class: "ac-tools", role: "toolbar", "aria-label": "View" },
      button("plus", "Zoom in", () => zoom(1.4)),
      button("minus", "Zoom out", () => zoom(1 / 1.4)),
      button("reset", "Show all", () => view.look()),
      element("span", { class: "ac-tools-gap" }),
      button("front", "Look along the stack", () => view.look([0, 0])),
      button("side", "Look from the side", () => view.look([0, 90])),
      element("span", { class: "ac-tools-gap" }),
      button("link", "Copy link", () => void this.#copyLink()),
      button("code", "Copy the Python of this figure", () => void this.#copyPython()),
      button("table", "Save values as CSV", () => void this.#saveValues()),
      button("save", "Save as PNG", () => savePicture(view)),
      button("vector", "Save as SVG", () => void this.#saveSvg()),
    );
  }

  async #copyLink() {
    this.view.moved(true);
    this.tell(await copyLink());
  }

  async #copyPython() {
    this.tell(await copyPython(pythonOf(this.view), fileName(this.view, "py")));
  }

  async #saveSvg() {
    this.tell("Drawing the SVG");
    // Of many spots it takes seconds, in which nothing else is shown.
    await painted();
    this.view.sharply(PRINT, () => savePicture(this.view, "svg"));
    this.tell("SVG saved: the spots are one picture in it; lines, names and scale can be edited");
  }

  async #saveValues() {
    const wait = this.busy("Collecting values");
    try {
      saveText(await csvOf(this.view), fileName(this.view, "csv"));
    } catch (error) {
      const retry = wayOn(error, () => this.#saveValues());
      this.warn(`The values could not be collected. ${reason(error)}`, { about: "values", retry });
    } finally {
      wait();
    }
  }

  arrange() {
    const { clientWidth: width, clientHeight: height } = this.root;
    this.size = /** @type {[number, number]} */ ([width, height]);
    Object.assign(this.rect, { width, height });
    this.view.map.resize(width, height, window.devicePixelRatio || 1);
  }

  /** Where the drawing lies. */
  rectOf() {
    return this.rect;
  }

  overlay() {
    this.card.hide();
    this.axes.update();
  }
}
