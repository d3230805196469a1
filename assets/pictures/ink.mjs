/** Lines that lie over a map as SVG, put into a picture with the look that the page gives them. */

import { SvgPen } from "./svgpen.mjs";

/** @typedef {CanvasRenderingContext2D | SvgPen} Pen */
/** @typedef {import("../canvas/drawing/splat.mjs").Rect} Rect */
/** @typedef {{color: string, opacity: number}} Ink opacity: 0..1 */

/**
 * A colour as browsers tell it, in two parts that every reader of SVG knows: none of them reads
 * `color(srgb …)`, which is what a mix of colours becomes.
 * @param {string} text 'rgb(1, 2, 3)', 'rgba(1, 2, 3, 0.5)', 'color(srgb 0.1 0.2 0.3 / 0.5)', 'none'
 * @returns {Ink | null} null where nothing is drawn
 */
export function inkOf(text) {
  const [, kind, inner] = /^(rgba?|color)\((.*)\)$/.exec(text.trim()) ?? [];
  const parts = (inner?.match(/-?[\d.]+(?:e-?\d+)?%?/g) ?? []).map((part) =>
    part.endsWith("%") ? parseFloat(part) / 100 : Number(part),
  );
  if (parts.length < 3) return null;
  const scale = kind === "color" ? 255 : 1;
  const bytes = parts.slice(0, 3).map((part) => Math.min(255, Math.max(0, Math.round(part * scale))));
  const opacity = Math.min(1, Math.max(0, parts[3] ?? 1));
  return opacity ? { color: `#${bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("")}`, opacity } : null;
}

/** One path as it is seen.
 * @param {Pen} pen @param {Element} path */
export function inkPath(pen, path) {
  const d = path.getAttribute("d");
  if (!d) return;
  const style = getComputedStyle(path);
  const [fill, stroke] = [inkOf(style.fill), inkOf(style.stroke)];
  const width = parseFloat(style.strokeWidth) || 1;
  const dashes = (style.strokeDasharray.match(/[\d.]+/g) ?? []).map(Number);
  if (pen instanceof SvgPen) {
    pen.shape(d, { fill, stroke, width, dashes, join: style.strokeLinejoin });
    return;
  }
  const shape = new Path2D(d);
  pen.save();
  if (fill) {
    pen.globalAlpha = fill.opacity;
    pen.fillStyle = fill.color;
    pen.fill(shape);
  }
  if (stroke) {
    pen.globalAlpha = stroke.opacity;
    pen.strokeStyle = stroke.color;
    pen.lineWidth = width;
    pen.lineJoin = /** @type {CanvasLineJoin} */ (style.strokeLinejoin);
    pen.setLineDash(dashes);
    pen.stroke(shape);
  }
  pen.restore();
}

/** What `run` draws, moved to a rectangle and cut off at its edges.
 * @param {Pen} pen @param {Rect} rect CSS pixels @param {() => void} run */
export function within(pen, rect, run) {
  if (pen instanceof SvgPen) {
    pen.within(rect, run);
    return;
  }
  pen.save();
  pen.translate(rect.x, rect.y);
  pen.beginPath();
  pen.rect(0, 0, rect.width, rect.height);
  pen.clip();
  run();
  pen.restore();
}

/** Outlines of selections, those of each panel within it.
 * @param {import("../canvas/around/frame.mjs").Frame} frame @param {boolean} umap whether the UMAP has a panel
 * @param {Pen} pen */
export function inkOutlines({ panels, overlays, sides }, umap, pen) {
  const drawings = [
    [panels.spatial, overlays.spatial],
    ...sides.panels.map((panel, at) => [panel, sides.overlays[at]]),
    ...(umap ? [[panels.umap, overlays.umap]] : []),
  ];
  for (const [{ rect }, { paths }] of /** @type {[{rect: Rect}, import("../canvas/around/overlay.mjs").Overlay][]} */ (drawings)) {
    const drawn = Object.values(paths).filter((path) => path.hasAttribute("d"));
    if (drawn.length) within(pen, rect, () => drawn.forEach((path) => inkPath(pen, path)));
  }
}
