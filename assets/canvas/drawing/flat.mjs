/**
 * The same picture without WebGL2: the pass of gl.mjs, pixel by pixel in a loop. Slower on large
 * screens, but the same colours.
 */

import { penOf, present } from "../../page/present.mjs";

export class FlatPainter {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    this.pen = penOf(canvas, { alpha: false, willReadFrequently: true });
    /** @type {{picture: ImageData, spots: Uint32Array} | undefined} what is drawn, once a map was given */
    this.drawn = undefined;
    this.draws = 0;
    this.lost = false;
    this.renderer = "none: drawn without WebGL2";
    this.tints = new Uint32Array(0);
    /** @type {Uint8ClampedArray | null} */
    this.ground = null;
  }

  /** @param {import("./splat.mjs").IndexMap} map */
  setMap(map) {
    const { canvas } = this;
    let picture = this.drawn?.picture;
    if (canvas.width !== map.width || canvas.height !== map.height || !picture) {
      canvas.width = map.width;
      canvas.height = map.height;
      picture = this.pen.createImageData(map.width, map.height);
    }
    this.drawn = { picture, spots: map.pixels };
  }

  /** @param {Uint32Array} tints RGBA bytes per spot */
  setTints(tints) {
    this.tints = tints;
  }

  /** @param {HTMLCanvasElement | null} picture of the canvas's size behind the spots; null = paper */
  setGround(picture) {
    const { width = 0, height = 0 } = picture ?? {};
    this.ground = picture && penOf(picture).getImageData(0, 0, width, height).data;
  }

  /** @param {[number, number, number]} background sRGB bytes
   * @param {import("./splat.mjs").Part} [part] else all */
  draw(background, part) {
    const { tints, ground } = this;
    const { picture, spots } = present(this.drawn, "A map of the spots");
    const behind = ground && new Uint32Array(ground.buffer);
    const bytes = picture.data;
    const pixels = new Uint32Array(bytes.buffer);
    const paper = new Uint32Array(Uint8Array.from([...background, 255]).buffer)[0];
    const { width, height } = picture;
    const { left, top, right, bottom } = part ?? { left: 0, top: 0, right: width, bottom: height };
    for (let row = top; row < bottom; row++) {
      for (let place = row * width + left; place < row * width + right; place++) {
        const id = spots[place] & 0xffffff;
        const cover = spots[place] >>> 24;
        if (!id) pixels[place] = behind ? behind[place] : paper;
        else if (cover === 255) pixels[place] = tints[id - 1];
        else {
          const tint = tints[id - 1];
          for (let channel = 0; channel < 3; channel++) {
            const ink = (tint >>> (8 * channel)) & 255;
            const under = ground ? ground[4 * place + channel] : background[channel];
            bytes[4 * place + channel] = Math.round((ink * cover + under * (255 - cover)) / 255);
          }
          bytes[4 * place + 3] = 255;
        }
      }
    }
    this.pen.putImageData(picture, 0, 0, left, top, right - left, bottom - top);
    this.draws++;
  }

  /** Drawing is done when draw() returns. */
  flush() {}

  /** @param {number} column @param {number} row device pixels @returns {number[]} RGBA bytes */
  read(column, row) {
    return [...this.pen.getImageData(column, row, 1, 1).data];
  }

  /** @returns {(column: number, row: number) => number[]} looks up the canvas as it is now */
  snapshot() {
    const { width, height } = this.canvas;
    const { data } = this.pen.getImageData(0, 0, width, height);
    return (column, row) => {
      const at = 4 * (row * width + column);
      return [...data.subarray(at, at + 4)];
    };
  }

  release() {}
}
