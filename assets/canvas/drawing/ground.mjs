/**
 * What lies behind the spots: the tissue images of the slices that have one, each within its tile.
 * Drawn once for a camera; without an image there is nothing here but the paper.
 */

import { penOf } from "../../page/present.mjs";
import { isPassing } from "../../page/answers.mjs";

/** @typedef {{image: ImageBitmap, tissue: import("../../values/source.mjs").Tissue}} Picture of a slice */

// Beyond the outermost spots, pixels of the panel where everything is in view: tiles stay apart.
const MARGIN = 6;

export class Ground {
  /** @param {import("../canvas.mjs").AtlasCanvas} atlas */
  constructor(atlas) {
    this.atlas = atlas;
    /** @type {Map<number, ImageBitmap | null>} by slice; null on its way, or not to be had */
    this.images = new Map();
    this.picture = document.createElement("canvas");
    this.laid = "";
    /** @type {any} for whom it is laid */
    this.painter = undefined;
    /** @type {Set<number>} slices whose image may come when asked for once more */
    this.lost = new Set();
  }

  /** Give the painter what lies behind the spots, if it is another than before.
   * @param {boolean} moved whether anything lies elsewhere */
  lay(moved) {
    const { painter, frame, state } = this.atlas;
    const known = this.#shown();
    const laid = known.size ? `${[...known.keys()].join(" ")} ${state.tissue} ${frame.background}` : "";
    if (painter === this.painter && laid === this.laid && !(moved && laid)) return;
    if (!laid && !this.laid && !painter.ground) return;
    this.painter = painter;
    this.laid = laid;
    if (laid) this.#draw(known);
    painter.setGround(laid ? this.picture : null);
  }

  /** Slices on the map whose image is there; others are asked for.
   * @returns {Map<number, Picture>} */
  #shown() {
    const { description, layout, source, state } = this.atlas;
    /** @type {Map<number, Picture>} */
    const found = new Map();
    if (!state.tissue || !source.asGiven) return found;
    for (const { slice } of layout.tiles) {
      const { tissue } = description.slices[slice];
      if (!tissue) continue;
      const image = this.images.get(slice);
      if (image === undefined) void this.#fetch(slice);
      if (image) found.set(slice, { image, tissue });
    }
    return found;
  }

  /** @param {number} slice */
  async #fetch(slice) {
    const { atlas } = this;
    this.images.set(slice, null);
    try {
      const image = await atlas.source.tissue(slice);
      this.images.set(slice, image);
      atlas.draw();
    } catch (error) {
      if (!atlas.closed) this.#fail(slice, error);
    }
  }

  /** @param {number} slice @param {unknown} error */
  #fail(slice, error) {
    const { atlas, lost } = this;
    if (isPassing(error)) lost.add(slice);
    const names = [slice, ...[...lost].filter((each) => each !== slice)].map(
      (each) => atlas.description.slices[each].name,
    );
    const retry = () => {
      const again = [...lost];
      lost.clear();
      atlas.frame.warn("", { about: "tissue" });
      return Promise.all(again.map((each) => this.#fetch(each)));
    };
    const images = names.length === 1 ? "The tissue image" : "The tissue images";
    const text = `${images} of ${names.join(", ")} could not be loaded.`;
    atlas.frame.warn(text, { about: "tissue", retry: lost.size ? retry : undefined });
  }

  /** @param {Map<number, Picture>} shown by slice */
  #draw(shown) {
    const { atlas, picture } = this;
    const { map, frame, state, scene, layout, cameras } = atlas;
    const { ratio } = map;
    picture.width = map.width;
    picture.height = map.height;
    const pen = penOf(picture, { alpha: false });
    pen.fillStyle = `rgb(${frame.background.join(" ")})`;
    pen.fillRect(0, 0, map.width, map.height);
    pen.globalAlpha = state.tissue;
    const beyond = MARGIN * cameras.spatial.k;
    const ranges = atlas.ranges("spatial");
    for (const { rect } of frame.cells) {
      pen.setTransform(ratio, 0, 0, ratio, 0, 0);
      pen.save();
      clip(pen, rect.x, rect.y, rect.width, rect.height);
      layout.tiles.forEach(({ slice }, at) => {
        const found = shown.get(slice);
        if (!found) return;
        const { image, tissue: { width, height, scale } } = found;
        const { originX, originY, scaleX, scaleY, offsetX, offsetY } = ranges[at];
        const x = (/** @type {number} */ value) => rect.x + (value - originX) * scaleX + offsetX;
        const y = (/** @type {number} */ value) => rect.y + (value - originY) * scaleY + offsetY;
        const { minX, minY, maxX, maxY } = scene.boxes[slice];
        pen.save();
        clip(
          pen,
          x(minX) - beyond,
          y(minY) - beyond,
          x(maxX) - x(minX) + 2 * beyond,
          y(maxY) - y(minY) + 2 * beyond,
        );
        if (scene.turns) {
          pen.transform(scaleX, 0, 0, scaleY, x(0), y(0));
          pen.transform(...scene.turns[slice]);
          pen.drawImage(image, 0, 0, width / scale, height / scale);
        } else pen.drawImage(image, x(0), y(0), (width / scale) * scaleX, (height / scale) * scaleY);
        pen.restore();
      });
      pen.restore();
    }
  }
}

/** @param {CanvasRenderingContext2D} pen @param {number} x @param {number} y
 * @param {number} width @param {number} height */
function clip(pen, x, y, width, height) {
  pen.beginPath();
  pen.rect(x, y, width, height);
  pen.clip();
}
