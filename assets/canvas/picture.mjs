/** The view as a PNG: the drawing, the names of the slices, the scale, and what it was made from. */

import { fullMixes } from "./blend.mjs";
import { hexColor } from "./palettes.mjs";
import { boundsOf, readable, valueOf } from "./scale.mjs";
import { splitColor } from "./words.mjs";

const FOOT = 64;

/** @param {import("./canvas.mjs").AtlasCanvas} atlas */
export function savePicture(atlas) {
  if (!atlas.values) return;
  drawPicture(atlas).toBlob((blob) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    const [, name] = splitColor(atlas.valuesColor);
    const { sort } = atlas.key;
    const color = (sort ? `${sort.file}-${name}` : atlas.valuesColor).replace(/[^\w.-]+/g, "-").slice(0, 80);
    link.download = `${atlas.description.id}-${color}-${atlas.description.digest.slice(0, 8)}.png`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }, "image/png");
}

/** @param {import("./canvas.mjs").AtlasCanvas} atlas @returns {HTMLCanvasElement} */
export function drawPicture(atlas) {
  const ratio = atlas.map.ratio;
  const [width, height] = atlas.frame.size;
  const picture = document.createElement("canvas");
  picture.width = Math.round(width * ratio);
  picture.height = Math.round((height + FOOT) * ratio);
  const pen = picture.getContext("2d");
  const style = getComputedStyle(atlas.frame.root);
  pen.fillStyle = style.backgroundColor;
  pen.fillRect(0, 0, picture.width, picture.height);
  atlas.draw();
  pen.drawImage(atlas.frame.canvas, 0, 0);
  pen.scale(ratio, ratio);
  pen.fillStyle = style.color;
  pen.strokeStyle = style.color;
  const font = (/** @type {number} */ size, weight = 400) => {
    pen.font = `${weight} ${size}px ${style.fontFamily}`;
  };
  atlas.frame.axes?.ink(pen);
  labels(atlas, pen, font);
  key(atlas, pen, font, height + 16, width);
  font(11);
  pen.textAlign = "left";
  const { title, digest } = atlas.description;
  pen.fillText(`${title} · digest ${digest.slice(0, 12)}`, 16, height + FOOT - 8);
  return picture;
}

/** @typedef {(size: number, weight?: number) => void} Font */

/** The end of `text` that fits into `width`. @param {CanvasRenderingContext2D} pen
 * @param {string} text @param {number} width */
function fitted(pen, text, width) {
  let shown = text;
  for (let cut = 1; pen.measureText(shown).width > width && cut < text.length; cut++) {
    shown = `…${text.slice(cut)}`;
  }
  return shown;
}

/** @param {import("./canvas.mjs").AtlasCanvas} atlas @param {CanvasRenderingContext2D} pen
 * @param {Font} font */
function labels(atlas, pen, font) {
  const home = atlas.frame.root.getBoundingClientRect();
  const selector = ".ac-label:not([hidden]) > span, .ac-scalebar:not([hidden]) > span";
  for (const node of atlas.frame.root.querySelectorAll(selector)) {
    const box = node.getBoundingClientRect();
    if (!box.width) continue;
    font(parseFloat(getComputedStyle(node).fontSize), node.className === "ac-label-name" ? 600 : 400);
    pen.textAlign = "center";
    const text = fitted(pen, node.textContent, box.width);
    pen.fillText(text, box.left + box.width / 2 - home.left, box.bottom - 4 - home.top);
  }
  const bar = atlas.frame.root.querySelector(".ac-scalebar:not([hidden]) > i");
  if (!bar) return;
  const box = bar.getBoundingClientRect();
  pen.fillRect(box.left - home.left, box.top - home.top, box.width, 2);
}

/** @param {import("./canvas.mjs").AtlasCanvas} atlas @param {CanvasRenderingContext2D} pen
 * @param {Font} font @param {number} top @param {number} width */
function key(atlas, pen, font, top, width) {
  const { key: shown } = atlas;
  font(12, 600);
  pen.textAlign = "left";
  const title = shown.kind !== "category" && shown.unit ? `${shown.title}, ${shown.unit}` : shown.title;
  pen.fillText(title, 16, top + 8);
  let x = 32 + pen.measureText(title).width;
  font(11);
  const ink = pen.fillStyle;
  if (shown.kind === "number") {
    const [low, high] = shown.clip;
    const first = readable(valueOf(low, shown.lo, shown.hi));
    pen.fillText(first, x, top + 8);
    x += pen.measureText(first).width + 8;
    for (let i = 0; i < 160; i++) {
      const byte = Math.round(low + (i / 159) * (high - low));
      pen.fillStyle = hexColor(/** @type {any} */ ([...shown.palette.subarray(4 * byte, 4 * byte + 3)]));
      pen.fillRect(x + i, top - 3, 1.5, 12);
    }
    pen.fillStyle = ink;
    pen.fillText(readable(valueOf(high, shown.lo, shown.hi)), x + 168, top + 8);
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

/** @param {import("./keys.mjs").CategoryKey} key */
function listed({ categories, hidden }) {
  return categories
    .filter(({ count, code }) => count && !hidden.has(code))
    .map(({ name, color }) => ({ name, color: hexColor(color) }));
}

/** @param {import("./keys.mjs").BlendKey} key */
function mixes({ parts, scheme }) {
  return fullMixes(parts.map(({ name }) => name), scheme).map(({ genes, color }) => {
    const alone = genes.length === 1 && parts.find(({ name }) => name === genes[0]);
    return { name: alone ? `${alone.name} ${boundsOf(alone, true)[1]}` : genes.join(" + "), color };
  });
}
