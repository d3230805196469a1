/**
 * The colour bar in real units: a histogram of the spots drawn in the map's own colours, two
 * handles that clip by percentile, and zero and missing listed beside the scale.
 */

import { penOf, present } from "../page/present.mjs";
import { ClipField, clipped } from "./clipfield.mjs";
import { count, element, percentage } from "../page/dom.mjs";
import { ANCHORS, hexColor } from "../colours/palettes.mjs";
import { MISSING_BYTE, boundsOf, percentOf, readable, valueOf } from "../colours/scale.mjs";
import { ScaleChoice, listRanges } from "./scalechoice.mjs";
import { ownEnds } from "../colours/slicescale.mjs";

const WIDTH = 256;
const HEIGHT = 46;
const OWN = "each slice on its own scale";
const ENDS = /** @type {const} */ (["low", "high"]);

/**
 * @typedef {import("../colours/keys.mjs").NumberKey} NumberKey
 * @typedef {{clip: (clip: [number, number], done: boolean) => void, map: (name: string) => void,
 *   hidden: ((hidden: Set<number>) => void) | null,
 *   scale?: (scale: import("../canvas/state.mjs").State["scale"]) => void}} Change hidden: null where none can
 *   be hidden; scale: not there where one scale holds for all
 */

export class ColorBar {
  /** @param {HTMLElement} host @param {Change | null} change null: for reading only */
  constructor(host, change) {
    this.host = host;
    this.change = change;
    this.mark = element("div", { class: "ac-key-mark" });
    this.title = element("div", { class: "ac-key-title" });
    this.unit = element("div", { class: "ac-key-unit" });
    this.plot = element("canvas", { class: "ac-histogram", width: WIDTH, height: HEIGHT });
    this.bar = element("canvas", { class: "ac-gradient", width: WIDTH, height: 1 });
    this.low = element("span", { class: "ac-bound" });
    this.zero = element("span", { class: "ac-bound" });
    this.high = element("span", { class: "ac-bound" });
    /** @type {NumberKey | undefined} what it shows, once it does */
    this.key = undefined;
    /** @type {HTMLElement[]} none where it is for reading only */
    this.handles = change ? ENDS.map((end) => this.#handle(end, change)) : [];
    this.track = element("div", { class: "ac-track" }, this.plot, this.bar);
    this.apart = element("div", { class: "ac-apart" });
    const bounds = element("div", { class: "ac-bounds" }, this.low, this.zero, this.high);
    this.sides = element("div", { class: "ac-sides" });
    this.told = element("div", { class: "ac-key-expected" });
    this.parts = [this.mark, this.title, this.unit, this.track, bounds];
    this.parts.push(this.sides, this.told, this.apart);
    this.track.append(...this.handles);
    this.form = change ? this.#form(change) : null;
    if (this.form) this.parts.push(...this.form.parts);
  }

  /** @param {NumberKey} key */
  draw(key) {
    this.key = key;
    this.title.textContent = key.title;
    this.title.title = key.title;
    this.unit.textContent = key.ranges ? [key.unit, OWN].filter(Boolean).join(", ") : key.unit;
    this.#paint(key);
    const [low, high] = key.clip;
    const sort = key.sort;
    this.mark.textContent = sort?.mark ?? "";
    this.mark.hidden = !sort;
    for (const node of [this.mark, this.track]) node.classList.toggle("is-predicted", sort?.predicted ?? false);
    const bounds = key.ranges ? ownEnds(key.percent) : boundsOf(key, key.zeroApart);
    [this.low.textContent, this.high.textContent] = bounds;
    this.sides.hidden = !sort?.ends;
    this.sides.replaceChildren(...(sort?.ends ?? []).map((text) => element("span", { text })));
    this.zero.textContent = sort?.ends ? "0" : "";
    this.told.hidden = key.expected === undefined;
    this.told.textContent = key.expected === undefined ? "" : toldOf(key.expected);
    this.handles.forEach((handle, at) => {
      const byte = at === 0 ? low : high + 1;
      handle.style.left = `${(byte / 255) * 100}%`;
      handle.setAttribute("aria-valuenow", String(key.percent[at]));
      handle.setAttribute(
        "aria-valuetext",
        `${key.percent[at]}%, ${readable(valueOf(key.clip[at], key.lo, key.hi))}`,
      );
    });
    // A place on the bar is no one value there, which a handle could be dragged to.
    for (const handle of this.handles) handle.hidden = key.fixed || Boolean(key.ranges);
    this.form?.show(key);
    this.#listApart(key);
    if (!this.title.isConnected) this.host.replaceChildren(...this.parts);
  }

  /** @param {NumberKey} key */
  #paint(key) {
    const plot = penOf(this.plot);
    const bar = penOf(this.bar);
    plot.clearRect(0, 0, WIDTH, HEIGHT);
    bar.clearRect(0, 0, WIDTH, 1);
    const first = key.zeroApart ? 1 : 0;
    let most = 1;
    for (let b = first; b < MISSING_BYTE; b++) most = Math.max(most, key.counts[b]);
    for (let b = 0; b < MISSING_BYTE; b++) {
      const [r, g, blue] = key.palette.subarray(4 * b, 4 * b + 3);
      plot.fillStyle = bar.fillStyle = `rgb(${r},${g},${blue})`;
      bar.fillRect((b / 255) * WIDTH, 0, WIDTH / 255 + 0.5, 1);
      // Square roots keep rare high values visible beside the many low ones.
      const tall = b < first ? 0 : Math.sqrt(key.counts[b] / most) * (HEIGHT - 2);
      plot.fillRect((b / 255) * WIDTH, HEIGHT - tall, WIDTH / 255 + 0.5, tall);
    }
  }

  /** @param {NumberKey} key */
  #listApart(key) {
    const total = key.counts.reduce((sum, n) => sum + n, 0);
    const rows = [];
    if (key.zeroApart) rows.push({ byte: 0, name: "zero", n: key.counts[0] });
    if (key.counts[MISSING_BYTE] || key.room?.missing) {
      rows.push({ byte: MISSING_BYTE, name: "not measured", n: key.counts[MISSING_BYTE] });
    }
    // The widest of its shares is "100.0%".
    if (key.room) this.apart.style.setProperty("--ac-count", "6ch");
    this.apart.replaceChildren(
      ...rows.map(({ byte, name, n }) => {
        const color = [...key.palette.subarray(4 * byte, 4 * byte + 3)];
        const parts = [
          element("span", { class: "ac-swatch", style: `background:${hexColor(/** @type {any} */ (color))}` }),
          element("span", { class: "ac-legend-name", text: name }),
          element("span", { class: "ac-legend-count", text: percentage(n, total), title: `${count(n)} spots` }),
        ];
        const change = this.change?.hidden;
        if (!change) return element("div", { class: "ac-legend-item" }, ...parts);
        const shown = !key.hidden.has(byte);
        const button = element(
          "button",
          {
            type: "button",
            class: "ac-legend-item",
            "aria-pressed": String(shown),
            "data-code": byte,
            title: "Show or hide",
            onclick: () => {
              const hidden = new Set(key.hidden);
              if (!hidden.delete(byte)) hidden.add(byte);
              change(hidden);
            },
          },
          ...parts,
        );
        button.classList.toggle("is-hidden", !shown);
        return button;
      }),
    );
  }

  /** @param {"low" | "high"} end @param {Change} change */
  #handle(end, change) {
    const handle = element("div", {
      class: `ac-handle ac-handle-${end}`,
      role: "slider",
      tabindex: 0,
      "aria-label": end === "low" ? "Lowest percentile coloured" : "Highest percentile coloured",
      "aria-valuemin": 0,
      "aria-valuemax": 100,
    });
    const at = end === "low" ? 0 : 1;
    let dragging = false;
    /** Handles are on the page once a key is. */
    const shown = () => present(this.key, "A key to operate");
    const propose = (/** @type {number} */ percent, /** @type {boolean} */ done) =>
      change.clip(clipped(shown().percent, at, percent), done);
    const moveTo = (/** @type {PointerEvent} */ event, /** @type {boolean} */ done) => {
      const box = this.track.getBoundingClientRect();
      const byte = Math.round(((event.clientX - box.left) / box.width) * 255) - at;
      const { zeroApart, counts } = shown();
      const limited = Math.min(254, Math.max(zeroApart ? 1 : 0, byte));
      propose(percentOf(counts, limited, zeroApart, end), done);
    };
    handle.addEventListener("pointerdown", (/** @type {PointerEvent} */ event) => {
      handle.setPointerCapture(event.pointerId);
      dragging = true;
      event.preventDefault();
      handle.focus();
    });
    handle.addEventListener("pointermove", (/** @type {PointerEvent} */ event) => {
      if (dragging) moveTo(event, false);
    });
    for (const name of /** @type {const} */ (["pointerup", "pointercancel"])) {
      handle.addEventListener(name, (/** @type {PointerEvent} */ event) => {
        if (dragging) moveTo(event, true);
        dragging = false;
      });
    }
    handle.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      const steps = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -5, PageUp: 5 };
      const step = steps[/** @type {keyof typeof steps} */ (event.key)];
      if (!step) return;
      event.preventDefault();
      propose(shown().percent[at] + step, true);
    });
    return handle;
  }

  /** What is chosen below the bar.
   * @param {Change} change */
  #form(change) {
    const field = new ClipField("Clip", "", (clip) => change.clip(clip, true));
    const map = element(
      "select",
      {
        class: "ac-select",
        "aria-label": "Colour map",
        onchange: () => change.map(map.value),
      },
      ...Object.keys(ANCHORS).map((name) => element("option", { value: name, text: name })),
    );
    const node = element("div", { class: "ac-bar-form" }, field.node, map);
    const scale = change.scale ? new ScaleChoice(change.scale) : null;
    const ranges = element("div");
    return {
      parts: scale ? [node, scale.node, ranges] : [node],
      show: (/** @type {NumberKey} */ key) => {
        field.show(key.percent);
        map.value = key.map;
        node.hidden = key.fixed;
        scale?.show(key);
        listRanges(ranges, key);
      },
    };
  }
}

/** @param {string} expected correlation, or why there is none */
function toldOf(expected) {
  const r = Number(expected);
  return Number.isFinite(r)
    ? `Held out, this estimate correlates with what was measured at ${r.toFixed(2)}.`
    : `How well this estimate does, held out: ${expected}.`;
}
