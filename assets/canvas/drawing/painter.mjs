/** Which painter a browser can have. */

import { FlatPainter } from "./flat.mjs";
import { Painter } from "./gl.mjs";

/**
 * The graphics card's where WebGL2 is there, else one that draws the same pixels without it.
 * @param {{canvas: HTMLCanvasElement, warn: (text: string, how: import("../../page/notice.mjs").How) => void}} frame
 */
export function choosePainter(frame) {
  try {
    return new Painter(frame.canvas);
  } catch {
    frame.warn(
      "This browser offers no WebGL2: the map is drawn without the graphics card.",
      { about: "painter" },
    );
    return new FlatPainter(frame.canvas);
  }
}
