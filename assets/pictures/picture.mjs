/**
 * The view as a PNG or an SVG: the drawing, the names of the slices and panels, the scale, and what
 * it was made from.
 */

import { penOf, present } from "../page/present.mjs";
import { fullMixes } from "../colours/blend.mjs";
import { inkOutlines } from "./ink.mjs";
import { hexColor } from "../colours/palettes.mjs";
import { boundsOf } from "../colours/scale.mjs";
import { ownEnds } from "../colours/slicescale.mjs";
import { SvgPen } from "./svgpen.mjs";
import { splitColor } from "../colours/words.mjs";

const FOOT = 44;
const LINE = 20;

/** @typedef {import("./ink.mjs").Pen} Pen */

/** @param {import("../values/starting.mjs").View} atlas @param {"png" | "svg"} [format] */
export function savePicture(atlas, format = "png") {
  if (!atlas.values) return;
  if (format === "png") drawPicture(atlas).toBlob((blob) => save(atlas, present(blob, "The picture"), format), "image/png");
  else save(atlas, new Blob([drawSvg(atlas)], { type: "image/svg+xml" }), format);
}

/** @param {import("../values/starting.mjs").View} atlas @param {Blob} blob @param {string} ending */
function save(atlas, blob, ending) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  const [, name] = splitColor(atlas.valuesColor);
  const { key } = atlas.keyed;
  const sort = "sort" in key ? key.sort : undefined;
  const color = (sort ? `${sort.file}-${name}` : atlas.valuesColor).replace(/[^\w.-]+/g, "-").slice(0, 80);
  // A canvas that shows one of many moments says which.
  const parts = [atlas.description.id, color, atlas.fileNote, atlas.description.digest.slice(0, 8)];
  link.download = `${parts.filter(Boolean).join("-")}.${ending}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

/** @param {import("../values/starting.mjs").View} atlas @returns {HTMLCanvasElement} */
export function drawPicture(atlas) {
  const { ratio } = atlas.map;
  const [width, height] = sizeOf(atlas);
  const picture = document.createElement("canvas");
  picture.width = Math.round(width * ratio);
  picture.height = Math.round(height * ratio);
  const pen = penOf(picture);
  pen.scale(ratio, ratio);
  drawFigure(atlas, pen);
  return picture;
}

/** @param {import("../values/starting.mjs").View} atlas @returns {string} */
export function drawSvg(atlas) {
  const pen = new SvgPen(...sizeOf(atlas));
  drawFigure(atlas, pen);
  return pen.text();
}

/** @param {import("../values/starting.mjs").View} atlas @returns {[number, number]} CSS pixels */
function sizeOf(atlas) {
  const [width, height] = atlas.frame.size;
  return [width, height + FOOT + LINE * scalesOf(atlas.keyed.key).length];
}

/** @param {import("../values/starting.mjs").View} atlas @param {Pen} pen in CSS pixels */
function drawFigure(atlas, pen) {
  const [width, height] = atlas.frame.size;
  const [, tall] = sizeOf(atlas);
  const style = getComputedStyle(atlas.frame.root);
  pen.fillStyle = style.backgroundColor;
  pen.fillRect(0, 0, width, tall);
  atlas.draw();
  const { canvas } = atlas.frame;
  pen.drawImage(canvas, 0, 0, canvas.width / atlas.map.ratio, canvas.height / atlas.map.ratio);
  pen.fillStyle = style.color;
  pen.strokeStyle = style.color;
  const font = (/** @type {number} */ size, weight = 400) => {
    pen.font = `${weight} ${size}px ${style.fontFamily}`;
  };
  atlas.frame.axes?.ink(pen);
  // The 3D view has none.
  if ("overlays" in atlas.frame) inkOutlines(atlas.frame, atlas.withUmap, pen);
  labels(atlas, pen, font);
  titles(atlas, pen, font);
  scalesOf(atlas.keyed.key).forEach((each, at) => key(each, pen, font, height + 16 + LINE * at, width));
  font(11);
  pen.textAlign = "left";
  const { title, digest } = atlas.description;
  pen.fillText(`${title} · digest ${digest.slice(0, 12)}`, 16, tall - 8);
}

/** What the foot tells, a line each.
 * @param {import("../colours/keys.mjs").Key} shown */
function scalesOf(shown) {
  return shown.kind === "side" ? shown.scales : [shown];
}

/** @typedef {(size: number, weight?: number) => void} Font */

/** The end of `text` that fits into `width`.
 * @param {Pen} pen
 * @param {string} text @param {number} width */
function fitted(pen, text, width) {
  let shown = text;
  for (let cut = 1; pen.measureText(shown).width > width && cut < text.length; cut++) {
    shown = `…${text.slice(cut)}`;
  }
  return shown;
}

const BOLD = new Set(["ac-label-name", "ac-panel-title"]);

/** @param {import("../values/starting.mjs").View} atlas @param {Pen} pen
 * @param {Font} font */
function labels(atlas, pen, font) {
  const home = atlas.frame.root.getBoundingClientRect();
  const names = [".ac-label:not([hidden]) > span", ".ac-scalebar:not([hidden]) > span", ".ac-panel-title"];
  for (const node of atlas.frame.root.querySelectorAll(names.join())) {
    const box = node.getBoundingClientRect();
    const panel = node.closest(".ac-panel")?.getBoundingClientRect() ?? home;
    const middle = box.left + box.width / 2;
    if (!box.width || middle < panel.left || middle > panel.right || box.top < panel.top) continue;
    font(parseFloat(getComputedStyle(node).fontSize), BOLD.has(node.className) ? 600 : 400);
    pen.textAlign = "center";
    const text = fitted(pen, node.textContent ?? "", box.width);
    pen.fillText(text, middle - home.left, box.bottom - 4 - home.top);
  }
  const bar = atlas.frame.root.querySelector(".ac-scalebar:not([hidden]) > i");
  if (!bar) return;
  const box = bar.getBoundingClientRect();
  pen.fillRect(box.left - home.left, box.top - home.top, box.width, 2);
}

/** Names of panels side by side.
 * @param {import("../values/starting.mjs").View} atlas @param {Pen} pen
 * @param {Font} font */
function titles(atlas, pen, font) {
  pen.textAlign = "left";
  font(13, 600);
  (atlas.sides ?? []).forEach(({ title }, at) => {
    const { x, y } = atlas.frame.cells[at].rect;
    pen.fillText(title, x + 10, y - 10);
  });
}

/** @param {Exclude<import("../colours/keys.mjs").Key, {kind: "side"}>} shown @param {Pen} pen
 * @param {Font} font @param {number} top @param {number} width */
function key(shown, pen, font, top, width) {
  font(12, 600);
  pen.textAlign = "left";
  const own = shown.kind === "number" && shown.ranges ? ownEnds(shown.percent) : null;
  const unit = shown.kind === "category" ? "" : shown.unit;
  const told = [shown.title, unit, own && "each slice on its own scale"].filter(Boolean).join(", ");
  const title = fitted(pen, told, Math.max(width - 290, 80));
  pen.fillText(title, 16, top + 8);
  let x = 32 + pen.measureText(title).width;
  font(11);
  const ink = pen.fillStyle;
  if (shown.kind === "number") {
    const [low, high] = shown.clip;
    const [first, last] = own ?? boundsOf(shown, shown.zeroApart);
    pen.fillText(first, x, top + 8);
    x += pen.measureText(first).width + 8;
    for (let i = 0; i < 160; i++) {
      const byte = Math.round(low + (i / 159) * (high - low));
      pen.fillStyle = hexColor(/** @type {any} */ ([...shown.palette.subarray(4 * byte, 4 * byte + 3)]));
      pen.fillRect(x + i, top - 3, 1.5, 12);
    }
    pen.fillStyle = ink;
    pen.fillText(last, x + 168, top + 8);
    return;
  }
  for (const { name, color } of shown.kind === "blend" ? mixes(shown) : listed(shown)) {
    const needed = 24 + pen.measureText(name).width;
    if (x + needed > width - 24) {
      pen.fillText("…", x, top + 8);
      break;
    }
    pen.fillStyle = color;
    pen.fillRect(x, top - 2, 10, 10);
    pen.fillStyle = ink;
    pen.fillText(name, x + 14, top + 8);
    x += needed;
  }
}

/** @param {import("../colours/keys.mjs").CategoryKey} key */
function listed({ categories, hidden }) {
  return categories
    .filter(({ count, code }) => count && !hidden.has(code))
    .map(({ name, color }) => ({ name, color: hexColor(color) }));
}

/** @param {import("../colours/keys.mjs").BlendKey} key */
function mixes({ parts, scheme }) {
  return fullMixes(parts.map(({ name }) => name), scheme).map(({ genes, color }) => {
    const alone = genes.length === 1 && parts.find(({ name }) => name === genes[0]);
    return { name: alone ? `${alone.name} ${boundsOf(alone, true)[1]}` : genes.join(" + "), color };
  });
}
