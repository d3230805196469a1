/**
 * The camera of the 3D view. It goes round the axis of the stack (yaw) and up and down (pitch: 0
 * looks along the axis onto the first section, as Explore shows it; 90 from the side; 180 from
 * behind), zooms and moves. Sections stay level on the screen, so a spot is always drawn as an
 * ellipse with its long axis across.
 *
 * @typedef {{x: number, y: number, z: number}} Point
 * @typedef {{width: number, height: number, centre: Point, radius: number, deep: boolean}} Stage
 *   width, height: of the panel, CSS pixels; centre and radius of what is looked at
 * @typedef {{cosYaw: number, sinYaw: number, cosPitch: number, sinPitch: number, scale: number,
 *   left: number, top: number, centre: Point, eye: number}} Projection
 *   eye: distance of the eye from the centre in units of the coordinates, Infinity: parallel rays
 */

const LEAST = 0.3;
const MOST = 60;
const MARGIN = 34;
// Of the radius: near enough to be felt, far enough not to bend a tissue.
const EYE = 3.4;

export class Turntable {
  constructor() {
    this.yaw = 0;
    this.pitch = 0;
    this.k = 1;
    this.x = 0;
    this.y = 0;
  }

  /** Zoom 1, in the middle. */
  resetPlace() {
    this.k = 1;
    this.x = 0;
    this.y = 0;
  }

  /** @param {number} yaw @param {number} pitch degrees to add */
  turn(yaw, pitch) {
    this.yaw = wrapped(this.yaw + yaw);
    this.pitch = Math.min(180, Math.max(0, this.pitch + pitch));
  }

  /** @param {number} dx @param {number} dy CSS pixels */
  pan(dx, dy) {
    this.x += dx;
    this.y += dy;
  }

  /** What is drawn under (atX, atY) stays there.
   * @param {number} factor @param {number} atX @param {number} atY pixels from the middle */
  zoom(factor, atX, atY) {
    const k = Math.min(MOST, Math.max(LEAST, this.k * factor));
    this.x = atX - ((atX - this.x) * k) / this.k;
    this.y = atY - ((atY - this.y) * k) / this.k;
    this.k = k;
  }

  /** As Explore's camera is written: 'X_Y_K'.
   * @param {number} width @param {number} height */
  encode(width, height) {
    if ((this.k === 1 && !this.x && !this.y) || !width || !height) return "";
    return [this.x / width, this.y / height, this.k].map((v) => Number(v.toPrecision(5))).join("_");
  }

  /** @param {string} text @param {number} width @param {number} height */
  decode(text, width, height) {
    const [x, y, k] = text.split("_").map(Number);
    this.resetPlace();
    if (!text || ![x, y, k].every(Number.isFinite)) return;
    this.k = Math.min(MOST, Math.max(LEAST, k));
    this.x = x * width;
    this.y = y * height;
  }

  /** @param {Stage} stage @returns {Projection} */
  projection({ width, height, centre, radius, deep }) {
    const yaw = (this.yaw * Math.PI) / 180;
    const pitch = (this.pitch * Math.PI) / 180;
    const room = Math.max(40, Math.min(width, height) / 2 - MARGIN);
    return {
      cosYaw: Math.cos(yaw),
      sinYaw: Math.sin(yaw),
      cosPitch: Math.cos(pitch),
      sinPitch: Math.sin(pitch),
      scale: (room / Math.max(radius, 1e-9)) * this.k,
      left: width / 2 + this.x,
      top: height / 2 + this.y,
      centre,
      eye: deep ? EYE * radius : Infinity,
    };
  }
}

/** An angle in -180..180.
 * @param {number} degrees */
export function wrapped(degrees) {
  return ((((degrees + 180) % 360) + 360) % 360) - 180;
}

/**
 * @param {Projection} p @param {number} x @param {number} y @param {number} z
 * @returns {{x: number, y: number, depth: number, near: number}} CSS pixels of the panel; depth
 *   away from the eye; near: how much larger than in the middle it is drawn
 */
export function project(p, x, y, z) {
  const dx = x - p.centre.x;
  const dy = y - p.centre.y;
  const dz = z - p.centre.z;
  const across = p.cosYaw * dx - p.sinYaw * dy;
  const along = p.sinYaw * dx + p.cosYaw * dy;
  const depth = p.cosPitch * dz - p.sinPitch * along;
  const near = nearness(p, depth);
  return {
    x: p.left + across * p.scale * near,
    y: p.top + (p.cosPitch * along + p.sinPitch * dz) * p.scale * near,
    depth,
    near,
  };
}

/** @param {Projection} p @param {number} depth */
export function nearness(p, depth) {
  return p.eye === Infinity ? 1 : p.eye / Math.max(p.eye + depth, 0.05 * p.eye);
}

/**
 * Planes from the farthest to the nearest. A ray of sight crosses parallel planes in the order of
 * their distance from the eye along the axis, so this order is exact where that of the spots'
 * middles is not.
 * @param {number[]} heights of the planes @param {Projection} p @returns {number[]} their numbers
 */
export function planesFromBehind(heights, p) {
  const order = heights.map((_, at) => at);
  if (p.eye === Infinity) {
    const away = p.cosPitch >= 0 ? 1 : -1;
    return order.sort((a, b) => away * (heights[b] - heights[a]) || a - b);
  }
  const eye = p.centre.z - p.cosPitch * p.eye;
  return order.sort((a, b) => Math.abs(heights[b] - eye) - Math.abs(heights[a] - eye) || a - b);
}
