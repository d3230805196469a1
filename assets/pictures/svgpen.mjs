/**
 * A pen that writes SVG: as much of a canvas's 2D context as a figure needs. Spots are one picture
 * within it, since 100,000 circles would open in no drawing program; texts, bars and marks stay
 * what they are and can be edited.
 */

import { penOf } from "../page/present.mjs";

const XML = "http://www.w3.org/2000/svg";

/**
 * @typedef {{fill: import("./ink.mjs").Ink | null, stroke: import("./ink.mjs").Ink | null,
 *   width: number, dashes?: number[], join?: string}} Look dashes: their lengths and those of the
 *   gaps; none = a whole line
 */

export class SvgPen {
  /** @param {number} width @param {number} height CSS pixels */
  constructor(width, height) {
    this.size = [width, height];
    this.fillStyle = this.strokeStyle = "#000000";
    this.font = "400 12px sans-serif";
    this.textAlign = "left";
    /** @type {string[]} */
    this.parts = [];
    this.clips = 0;
    this.rule = penOf(document.createElement("canvas"));
  }

  /** @param {string} text @returns {{width: number}} */
  measureText(text) {
    this.rule.font = this.font;
    return this.rule.measureText(text);
  }

  /** @param {number} x @param {number} y @param {number} width @param {number} height */
  fillRect(x, y, width, height) {
    const box = `x="${short(x)}" y="${short(y)}" width="${short(width)}" height="${short(height)}"`;
    this.parts.push(`<rect ${box} fill="${escaped(this.fillStyle)}"/>`);
  }

  /** @param {string} text @param {number} x @param {number} y its baseline */
  fillText(text, x, y) {
    const [, weight, size, family] = /^(\S+) (\S+?)px (.*)$/.exec(this.font) ?? ["", "400", "12", "sans-serif"];
    const anchor = { center: "middle", right: "end" }[/** @type {"center"} */ (this.textAlign)] ?? "start";
    const look = `font-family="${escaped(family)}" font-size="${size}" font-weight="${weight}"`;
    const place = `x="${short(x)}" y="${short(y)}" text-anchor="${anchor}"`;
    this.parts.push(`<text ${place} ${look} fill="${escaped(this.fillStyle)}">${escaped(text)}</text>`);
  }

  /** @param {HTMLCanvasElement} image drawn over a place of the size given
   * @param {number} x @param {number} y @param {number} width @param {number} height */
  drawImage(image, x, y, width, height) {
    const place = `x="${short(x)}" y="${short(y)}" width="${short(width)}" height="${short(height)}"`;
    this.parts.push(`<image ${place} href="${image.toDataURL("image/png")}"/>`);
  }

  /** @param {string} d of a path @param {Look} look */
  shape(d, { fill, stroke, width, dashes = [], join = "miter" }) {
    const inked = (/** @type {"fill" | "stroke"} */ name, /** @type {import("./ink.mjs").Ink | null} */ ink) =>
      `${name}="${ink?.color ?? "none"}"${ink && ink.opacity < 1 ? ` ${name}-opacity="${short(ink.opacity)}"` : ""}`;
    const line = stroke ? ` stroke-width="${width}"` : "";
    const joined = stroke && join !== "miter" ? ` stroke-linejoin="${escaped(join)}"` : "";
    const dashed = stroke && dashes.length ? ` stroke-dasharray="${dashes.join(" ")}"` : "";
    this.parts.push(
      `<path d="${escaped(d)}" ${inked("fill", fill)} ${inked("stroke", stroke)}${line}${joined}${dashed}/>`,
    );
  }

  /** What `run` draws, moved to a rectangle and cut off at its edges.
   * @param {import("../canvas/drawing/splat.mjs").Rect} rect @param {() => void} run */
  within({ x, y, width, height }, run) {
    const name = `panel-${++this.clips}`;
    const box = `width="${short(width)}" height="${short(height)}"`;
    this.parts.push(
      `<clipPath id="${name}"><rect ${box}/></clipPath>`,
      `<g transform="translate(${short(x)} ${short(y)})" clip-path="url(#${name})">`,
    );
    run();
    this.parts.push("</g>");
  }

  /** @returns {string} the figure */
  text() {
    const [width, height] = this.size.map(short);
    const head = `<svg xmlns="${XML}" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`;
    return `${head}\n${this.parts.join("\n")}\n</svg>\n`;
  }
}

/** @param {number} value */
function short(value) {
  return Number(value.toFixed(2));
}

/** @param {string} text */
function escaped(text) {
  const names = /** @type {Record<string, string>} */ ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" });
  return text.replace(/[&<>"]/g, (letter) => names[letter]);
}
