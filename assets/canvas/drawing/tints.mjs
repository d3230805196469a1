/** Which colour each spot has, and which spots lie before which. */

import { LAYER, SMALL } from "./splat.mjs";

// What steps back keeps this share of its colour.
const GHOST_SHARE = 0.1;
const UNPICKED_SHARE = 0.14;

/**
 * @param {{bytes: Uint8Array, palette: Uint8Array, zeroApart: boolean, picked: Uint8Array,
 *   selecting: boolean, background: [number, number, number], spans: [number, number][],
 *   shown: Set<number>, inks?: Uint32Array, lit?: number | null,
 *   strengths?: Map<number, number>}} look
 *   palette: 256 x RGBA, alpha 0 = not drawn; inks: RGBA per spot in its place; shown: slices that are not ghosts;
 *   lit: the one byte that does not step back, null = none does; strengths: share of its colours that
 *   a slice has, 1 where not told
 * @param {Uint8Array} layers read and written: LAYER per spot, plus SMALL where not measured
 * @param {Uint32Array} tints written: the bytes RGBA per spot
 * @returns {boolean} whether any layer changed, so that the map has to be drawn anew
 */
export function tint(look, layers, tints) {
  const { bytes, palette, inks, lit = null, zeroApart, picked, selecting, background, spans, shown } = look;
  const tablesOf = (/** @type {number} */ strength) => ({
    full: mixed(palette, background, strength),
    unpicked: mixed(palette, background, strength * UNPICKED_SHARE),
  });
  const usual = tablesOf(1);
  const ghosts = mixed(palette, background, GHOST_SHARE);
  let changed = false;
  spans.forEach(([start, stop], slice) => {
    const ghost = !shown.has(slice);
    const strength = look.strengths?.get(slice) ?? 1;
    const { full, unpicked } = strength === 1 ? usual : tablesOf(strength);
    for (let i = start; i < stop; i++) {
      const byte = bytes[i];
      const back = selecting || byte === 255 || (zeroApart && byte === 0);
      let layer = back ? LAYER.back : LAYER.plain;
      if (palette[4 * byte + 3] === 0) layer = LAYER.none;
      else if (ghost) layer = LAYER.ghost;
      else if (picked[i]) layer = LAYER.picked;
      if (byte === 255 && layer !== LAYER.none) layer += SMALL;
      if (layers[i] !== layer) {
        layers[i] = layer;
        changed = true;
      }
      const faded = (selecting && !picked[i]) || (lit !== null && byte !== lit);
      const share = ghost ? GHOST_SHARE : strength * (faded ? UNPICKED_SHARE : 1);
      if (!inks) tints[i] = (ghost ? ghosts : faded ? unpicked : full)[byte];
      else tints[i] = share < 1 ? towards(inks[i], background, share) : inks[i];
    }
  });
  return changed;
}

/**
 * @param {Uint8Array} palette @param {[number, number, number]} background
 * @param {number} share of the palette's colour @returns {Uint32Array} (256,)
 */
function mixed(palette, background, share) {
  const bytes = palette.map((value, at) => {
    return at % 4 === 3 ? 255 : Math.round(value * share + background[at % 4] * (1 - share));
  });
  return new Uint32Array(bytes.buffer);
}

/** @param {number} ink RGBA bytes @param {[number, number, number]} background @param {number} share */
function towards(ink, background, share) {
  let made = 0xff000000;
  for (let channel = 0; channel < 3; channel++) {
    const value = (ink >>> (8 * channel)) & 255;
    made |= Math.round(value * share + background[channel] * (1 - share)) << (8 * channel);
  }
  return made >>> 0;
}
