/**
 * Pan and zoom of one panel: screen = world * k + (x, y), CSS pixels; k = 1 shows everything.
 */

const LEAST = 0.5;
const MOST = 400;

export class Camera {
  constructor() {
    this.k = 1;
    this.x = 0;
    this.y = 0;
  }

  reset() {
    this.k = 1;
    this.x = 0;
    this.y = 0;
  }

  get moved() {
    return this.k !== 1 || this.x !== 0 || this.y !== 0;
  }

  /** @param {number} dx @param {number} dy CSS pixels */
  pan(dx, dy) {
    this.x += dx;
    this.y += dy;
  }

  /** The point under (atX, atY) stays where it is.
   * @param {number} factor @param {number} atX @param {number} atY */
  zoom(factor, atX, atY) {
    const k = Math.min(MOST, Math.max(LEAST, this.k * factor));
    this.x = atX - ((atX - this.x) * k) / this.k;
    this.y = atY - ((atY - this.y) * k) / this.k;
    this.k = k;
  }

  /** Show one rectangle of the world as large as the panel allows.
   * @param {import("../drawing/splat.mjs").Rect} rect @param {number} width @param {number} height */
  frame(rect, width, height) {
    const wide = width / Math.max(rect.width, 1e-6);
    const high = height / Math.max(rect.height, 1e-6);
    this.k = Math.min(MOST, Math.max(LEAST, 0.9 * Math.min(wide, high)));
    this.x = width / 2 - (rect.x + rect.width / 2) * this.k;
    this.y = height / 2 - (rect.y + rect.height / 2) * this.k;
  }

  /** Independent of the panel's size: centre as a fraction of the panel, and zoom.
   * @param {number} width @param {number} height @returns {string} */
  encode(width, height) {
    if (!this.moved || !width || !height) return "";
    const cx = (width / 2 - this.x) / this.k / width;
    const cy = (height / 2 - this.y) / this.k / height;
    return [cx, cy, this.k].map((v) => Number(v.toPrecision(5))).join("_");
  }

  /** @param {string} text @param {number} width @param {number} height */
  decode(text, width, height) {
    const [cx, cy, k] = text.split("_").map(Number);
    if (![cx, cy, k].every(Number.isFinite)) {
      this.reset();
      return;
    }
    this.k = Math.min(MOST, Math.max(LEAST, k));
    this.x = width / 2 - cx * width * this.k;
    this.y = height / 2 - cy * height * this.k;
  }
}
