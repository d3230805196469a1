import assert from "node:assert/strict";
import { before, test } from "node:test";

import { captionLines } from "../../../assets/page/captionlines.mjs";

/** @type {(event: object) => void} */
let click = () => {};
/** @type {any[]} */
let asked = [];
/** @type {any[]} */
let links = [];
before(async () => {
  globalThis.document = /** @type {any} */ ({
    addEventListener: (/** @type {string} */ kind, /** @type {any} */ run) => kind === "click" && (click = run),
    createElement: () => links[links.push({ clicks: 0, click() { this.clicks += 1; } }) - 1],
  });
  const toImage = async (/** @type {any[]} */ ...given) => (asked.push(given), "data:of-the-chart");
  globalThis.window = /** @type {any} */ ({ Plotly: { toImage } });
  await import("../../../assets/page/figures.mjs");
});

/** Click a button that saves a chart as so.
 * @param {string} save @param {object | null} plot */
async function press(save, plot) {
  [asked, links] = [[], []];
  const figure = { querySelector: () => plot };
  const button = { dataset: { save, name: "heart-usage" }, closest: () => figure };
  click({ target: { closest: (/** @type {string} */ of) => (of === "button[data-save]" ? button : null) } });
  await new Promise((done) => setImmediate(done));
}

const plot = {
  data: [{ y: [1, 2] }],
  layout: { title: "Usage", paper_bgcolor: "#111", plot_bgcolor: "#222" },
  getBoundingClientRect: () => ({ width: 500, height: 300 }),
};

test("a chart is saved as large as it is seen, on white, under its name", async () => {
  await press("svg", plot);
  const [[figure, how]] = asked;
  assert.deepEqual(how, { format: "svg", width: 500, height: 300, scale: 1 });
  const white = { title: "Usage", paper_bgcolor: "#ffffff", plot_bgcolor: "#ffffff" };
  assert.deepEqual([figure.data, figure.layout], [plot.data, white]);
  assert.equal(plot.layout.paper_bgcolor, "#111");
  const [{ href, download, clicks }] = links;
  assert.deepEqual([href, download, clicks], ["data:of-the-chart", "heart-usage.svg", 1]);
});

test("a picture of points is twice as fine", async () => {
  await press("png", plot);
  assert.deepEqual([asked[0][1].scale, links[0].download], [2, "heart-usage.png"]);
});

test("a click elsewhere, or before there is a chart, saves nothing", async () => {
  await press("png", null);
  click({ target: { closest: () => null } });
  click({ target: null });
  assert.deepEqual([asked, links], [[], []]);
});

test("a caption is broken between words where its chart is narrow", () => {
  const measure = (/** @type {string} */ text) => text.length;
  const caption = "Usage of factor 3 · Human heart · digest 0123456789ab";
  assert.deepEqual(captionLines(caption, 100, measure), [caption]);
  const lines = captionLines(caption, 24, measure);
  assert.deepEqual(lines, ["Usage of factor 3 ·", "Human heart · digest", "0123456789ab"]);
  assert.deepEqual(captionLines("a verylongword b", 4, measure), ["a", "verylongword", "b"]);
});
