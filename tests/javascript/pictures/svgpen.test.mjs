import assert from "node:assert/strict";
import { before, test } from "node:test";

import { inkOf } from "../../../assets/pictures/ink.mjs";
import { SvgPen } from "../../../assets/pictures/svgpen.mjs";

// A pen measures text by a canvas of the page; nothing else of a page is needed.
before(() => {
  const rule = { font: "", measureText: (/** @type {string} */ text) => ({ width: 7 * text.length }) };
  globalThis.document = /** @type {any} */ ({ createElement: () => ({ getContext: () => rule }) });
});

test("what is drawn is in the figure in its order, to a hundredth of a pixel", () => {
  const pen = new SvgPen(200.004, 100);
  pen.fillStyle = "#112233";
  pen.fillRect(1.23456, 2, 3, 4);
  const stroke = { color: "#abcdef", opacity: 1 };
  pen.shape("M0 0L5 5", { fill: null, stroke, width: 2, dashes: [3, 1] });
  const lines = pen.text().trim().split("\n");
  assert.equal(lines[0], '<svg xmlns="http://www.w3.org/2000/svg" width="200" height="100" viewBox="0 0 200 100">');
  assert.equal(lines[1], '<rect x="1.23" y="2" width="3" height="4" fill="#112233"/>');
  assert.equal(lines[2], '<path d="M0 0L5 5" fill="none" stroke="#abcdef" stroke-width="2" stroke-dasharray="3 1"/>');
  assert.equal(lines[3], "</svg>");
});

test("text keeps its font and place, and cannot end the figure", () => {
  const pen = new SvgPen(10, 10);
  pen.font = '600 13.5px "Noto Sans", sans-serif';
  pen.textAlign = "right";
  pen.fillText('A & B <script> "x"', 5, 6);
  const [text] = pen.parts;
  assert.match(text, /font-size="13.5" font-weight="600"/);
  assert.match(text, /text-anchor="end"/);
  assert.match(text, /font-family="&quot;Noto Sans&quot;, sans-serif"/);
  assert.match(text, />A &amp; B &lt;script&gt; &quot;x&quot;<\/text>$/);
});

test("pictures are taken along whole", () => {
  const pen = new SvgPen(10, 10);
  const image = /** @type {any} */ ({ toDataURL: (/** @type {string} */ type) => `data:${type};base64,AA` });
  pen.drawImage(image, 0, 0, 10, 5);
  assert.equal(pen.parts[0], '<image x="0" y="0" width="10" height="5" href="data:image/png;base64,AA"/>');
});

test("what belongs to a panel is moved there and cut off at its edges", () => {
  const pen = new SvgPen(200, 100);
  const look = { fill: { color: "#010203", opacity: 0.0901 }, stroke: null, width: 1.5, dashes: [5, 3] };
  for (const x of [0, 100.5]) pen.within({ x, y: 30, width: 100, height: 70 }, () => pen.shape("M0 0L5 5Z", look));
  assert.deepEqual(pen.parts.slice(4), [
    '<clipPath id="panel-2"><rect width="100" height="70"/></clipPath>',
    '<g transform="translate(100.5 30)" clip-path="url(#panel-2)">',
    '<path d="M0 0L5 5Z" fill="#010203" fill-opacity="0.09" stroke="none"/>',
    "</g>",
  ]);
});

test("a colour of a style sheet is told as any reader of SVG knows it", () => {
  assert.deepEqual(inkOf("rgb(10, 20, 30)"), { color: "#0a141e", opacity: 1 });
  assert.deepEqual(inkOf("rgba(10, 20, 255, 0.25)"), { color: "#0a14ff", opacity: 0.25 });
  assert.deepEqual(inkOf("color(srgb 0 0.5 1 / 0.09)"), { color: "#0080ff", opacity: 0.09 });
  assert.deepEqual(inkOf("color(srgb 1.2 1e-7 1)"), { color: "#ff00ff", opacity: 1 });
  for (const none of ["none", "rgba(0, 0, 0, 0)", "currentcolor"]) assert.equal(inkOf(none), null);
});
