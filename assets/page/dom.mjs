/** Building elements: text is always set as text, never as markup. */

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag @param {Record<string, any>} [props] attributes; on* are listeners
 * @param {...(Node | string | null | undefined)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function element(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "class") node.className = value;
    else if (name === "text") node.textContent = value;
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.flatMap((child) => child ?? []));
  return node;
}

const SVG = "http://www.w3.org/2000/svg";

/** A line icon from one path on a 24 x 24 field.
 * @param {string} path */
export function icon(path) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const line = document.createElementNS(SVG, "path");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}

/** @param {string} className @returns {{svg: SVGSVGElement, path: SVGPathElement}} */
export function outline(className) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", className);
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  svg.append(path);
  return { svg, path };
}

/** An element like another one, without what is in it.
 * @template {Element} E @param {E} node @returns {E} */
export function copied(node) {
  return /** @type {E} */ (node.cloneNode());
}

/** Run a function at most once per frame, with the latest arguments.
 * @template {any[]} A @param {(...args: A) => void} run @returns {(...args: A) => void} */
export function perFrame(run) {
  let waiting = false;
  /** @type {A} */
  let latest;
  return (...args) => {
    latest = args;
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      run(...latest);
    });
  };
}

/** Once what the page says now is on the screen.
 * @returns {Promise<void>} */
export function painted() {
  return new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
}

/** Counts with thousands set apart.
 * @param {number} n */
export function count(n) {
  return n.toLocaleString("en-GB");
}

/** A number of things: "1 spot", "1,200 spots".
 * @param {number} n @param {string} noun its plural is with an s */
export function counted(n, noun) {
  return `${count(n)} ${noun}${n === 1 ? "" : "s"}`;
}

/** A part of a whole in per cent, finer near its ends.
 * @param {number} n @param {number} total */
export function percentage(n, total) {
  const share = n / (total || 1);
  return `${(share * 100).toFixed(share > 0.995 || share < 0.1 ? 1 : 0)}%`;
}
