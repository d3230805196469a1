/** What a canvas holds and how often it drew, for tests and benchmarks. */

/** @param {import("./canvas.mjs").AtlasCanvas} canvas */
export function statsOf(canvas) {
  const { painter, frame } = canvas;
  return {
    spots: canvas.n,
    draws: painter.draws,
    picked: canvas.pickedCount,
    tiles: canvas.layout.tiles.length,
    pixels: [frame.canvas.width, frame.canvas.height],
    cachedBytes: canvas.source.cached,
    renderer: painter.renderer,
  };
}
