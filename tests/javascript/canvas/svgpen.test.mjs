import assert from "node:assert/strict";
import { before, test } from "node:test";

import { SvgPen } from "../../../assets/canvas/svgpen.mjs";

// A pen measures text by a canvas of the page; nothing else of a page is needed.
before(() => {
  const rule = { font: "", measureText: (/** @type {string} */ text) => ({ width: 7 * text.length }) };
  globalThis.document = /** @type {any} */ ({ createElement: () => ({ getContext: () => rule }) });
});

test("what is drawn is in the figure in its order, to a hundredth of a pixel", () => {
  const pen = new SvgPen(200.004, 100);
  pen.fillStyle = "#112233";
  pen.fillRect(1.23456, 2, 3, 4);
  pen.line("M0 0L5 5", { stroke: "#abcdef", strokeWidth: "2px" }, [3, 1]);
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
