/**
 * Charts as files: a button in a figure saves what Plotly draws there, as SVG or as PNG, over a line
 * that says what it shows, of which atlas.
 */

import { captionLines } from "./captionlines.mjs";
import { penOf } from "./present.mjs";

const PNG_SCALE = 2;
/** Milliseconds in which a browser has taken what is saved. */
const KEPT = 10_000;
/** Of the line: room above and below it, and from one to the next where a narrow chart needs several. */
const LINE = { step: 15, above: 17, below: 9, size: 11, side: 12, ink: "#5c6670", font: "system-ui, sans-serif" };

/** @param {HTMLElement} button in the figure, with data-save (svg or png), data-name, data-caption */
async function save(button) {
  const figure = button.closest(".figure");
  const plot = /** @type {any} */ (figure?.querySelector(".js-plotly-plot"));
  const plotly = /** @type {any} */ (window).Plotly;
  if (!plot || !plotly) return;
  const format = button.dataset.save;
  const caption = button.dataset.caption ?? "";
  const { width, height } = plot.getBoundingClientRect();
  // Files are looked at on white, whatever the page is.
  const address = await plotly.toImage(
    {
      data: plot.data,
      layout: { ...plot.layout, paper_bgcolor: "#ffffff", plot_bgcolor: "#ffffff" },
      config: { staticPlot: true },
    },
    { format, width, height, scale: format === "png" ? PNG_SCALE : 1 },
  );
  const written = format === "png" ? namedPng : namedSvg;
  const named = caption ? await written(address, caption) : address;
  const link = document.createElement("a");
  link.href = named;
  link.download = `${button.dataset.name}.${format}`;
  link.click();
  if (named.startsWith("blob:")) setTimeout(() => URL.revokeObjectURL(named), KEPT);
}

/** A caption as it stands below a chart.
 * @param {string} caption @param {number} width of the chart
 * @returns {{lines: string[], height: number}} height: of all of them */
function broken(caption, width) {
  const pen = penOf(document.createElement("canvas"));
  pen.font = `${LINE.size}px ${LINE.font}`;
  const lines = captionLines(caption, width - 2 * LINE.side, (text) => pen.measureText(text).width);
  return { lines, height: LINE.above + LINE.step * (lines.length - 1) + LINE.below };
}

/** A drawing with the line below.
 * @param {string} address @param {string} caption */
function namedSvg(address, caption) {
  const drawn = decodeURIComponent(address.slice(address.indexOf(",") + 1));
  const page = new DOMParser().parseFromString(drawn, "image/svg+xml");
  const root = page.documentElement;
  const [width, height] = ["width", "height"].map((name) => Number.parseFloat(root.getAttribute(name) ?? "0"));
  const { lines, height: room } = broken(caption, width);
  const tall = height + room;
  root.setAttribute("height", String(tall));
  root.setAttribute("viewBox", `0 0 ${width} ${tall}`);
  const make = (/** @type {string} */ tag, /** @type {Record<string, string | number>} */ given) => {
    const node = page.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(given)) node.setAttribute(name, String(value));
    root.append(node);
    return node;
  };
  make("rect", { x: 0, y: height, width, height: room, fill: "#ffffff" });
  const { side, size, ink, font } = LINE;
  lines.forEach((line, at) => {
    const y = height + LINE.above + LINE.step * at;
    make("text", { x: side, y, fill: ink, "font-size": size, "font-family": font }).textContent = line;
  });
  const text = new XMLSerializer().serializeToString(page);
  return URL.createObjectURL(new Blob([text], { type: "image/svg+xml" }));
}

/** A picture with the line below.
 * @param {string} address @param {string} caption */
async function namedPng(address, caption) {
  const image = new Image();
  image.src = address;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = image.naturalWidth;
  const { lines, height: room } = broken(caption, image.naturalWidth / PNG_SCALE);
  canvas.height = image.naturalHeight + room * PNG_SCALE;
  const pen = penOf(canvas);
  pen.fillStyle = "#ffffff";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(image, 0, 0);
  pen.fillStyle = LINE.ink;
  pen.font = `${LINE.size * PNG_SCALE}px ${LINE.font}`;
  lines.forEach((line, at) => {
    const y = image.naturalHeight + (LINE.above + LINE.step * at) * PNG_SCALE;
    pen.fillText(line, LINE.side * PNG_SCALE, y);
  });
  return canvas.toDataURL("image/png");
}

document.addEventListener("click", (event) => {
  const button = /** @type {HTMLElement} */ (event.target)?.closest?.("button[data-save]");
  if (button) void save(/** @type {HTMLElement} */ (button));
});
