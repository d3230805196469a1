/**
 * Where each slice lies: tiles in reading order of stage, all at one scale, so that a grown organ
 * looks grown and one scale bar holds everywhere. World units are CSS pixels of the panel when
 * everything is in view.
 *
 * @typedef {{slice: number, x: number, y: number, width: number, height: number, scale: number,
 *   unit?: number, labelWidth: number}} Tile x, y: where the box's corner lands; scale: pixels per
 *   unit of the slice's coordinates, of which `unit` is one unit of the scale bar
 * @typedef {{tiles: Tile[], commonScale: boolean, labelHeight: number}} Layout
 */

// Room for the label above a tile and between tiles: two lines, on a small panel the name alone,
// and where many slices share a small panel none, for then spots matter more than names.
const LABELS = [
  { height: 36, width: 108, gap: 18, worth: 1 },
  { height: 20, width: 52, gap: 14, worth: 1.5 },
  { height: 0, width: 0, gap: 7, worth: 2 },
];
const MARGIN = 14;
const TOP = 6;
// Room below for the scale bar.
const FOOT = 24;
// Room on the right for the tools that lie over the map.
const TOOLS = 40;
// Slices whose spots lie this many times further apart than others' are not in the same unit.
const UNIT_RATIO = 4;

/**
 * @param {number[]} shown indices of the slices to lay out, in order
 * @param {string[]} stages of all slices: those of one stage stay in one row where they fit
 * @param {import("../drawing/grid.mjs").Box[]} boxes of all slices, in units of the coordinates
 * @param {number[]} spacings typical distance of neighbours, per slice
 * @param {number} width @param {number} height of the panel, CSS pixels
 * @param {number} [tools] of its width that tools lie over
 * @param {number[]} [units] of all slices: what brings their coordinates to one unit
 * @returns {Layout}
 */
export function layoutTiles(shown, stages, boxes, spacings, width, height, tools = TOOLS, units = []) {
  const unitOf = (/** @type {number} */ slice) => units[slice] ?? 1;
  const commonScale = sameUnit(shown.map((s) => spacings[s] * unitOf(s)));
  const sizes = shown.map((slice) => {
    const box = boxes[slice];
    const unit = commonScale ? unitOf(slice) : 1 / Math.max(box.maxX - box.minX, box.maxY - box.minY, 1e-9);
    return {
      slice,
      stage: stages[slice],
      unit,
      width: Math.max(box.maxX - box.minX, spacings[slice]) * unit,
      height: Math.max(box.maxY - box.minY, spacings[slice]) * unit,
    };
  });
  if (!sizes.length) return { tiles: [], commonScale, labelHeight: LABELS[0].height };
  const room = {
    width: Math.max(width - tools, 60) - 2 * MARGIN,
    height: Math.max(height, 80) - TOP - FOOT,
  };
  // A smaller label is taken where it makes the tiles `worth` times as large.
  const best = LABELS.map((label) => largest(sizes, room, label)).reduce((chosen, packed) =>
    packed.scale > packed.label.worth * chosen.scale ? packed : chosen,
  );
  return {
    tiles: place(best, width - tools, height).map((tile) => ({ ...tile, unit: unitOf(tile.slice) })),
    commonScale,
    labelHeight: best.label.height,
  };
}

/** The largest scale at which all tiles fit, by halving.
 * @param {Size[]} sizes @param {{width: number, height: number}} room
 * @param {typeof LABELS[number]} label */
function largest(sizes, room, label) {
  const widest = Math.max(...sizes.map((s) => s.width));
  const tallest = Math.max(...sizes.map((s) => s.height));
  const most = Math.min(room.width / widest, Math.max(room.height - label.height, 20) / tallest);
  let best = pack(sizes, most / 64, room.width, label);
  let low = most / 64;
  let high = most;
  for (let step = 0; step < 24; step++) {
    const packed = pack(sizes, step === 0 ? most : (low + high) / 2, room.width, label);
    if (packed.height <= room.height) {
      best = packed;
      low = packed.scale;
      if (step === 0) break;
    } else high = packed.scale;
  }
  return best;
}

/** Whether slices are in one unit, by how far apart their spots lie.
 * @param {number[]} spacings */
export function sameUnit(spacings) {
  const known = spacings.filter((s) => s > 0);
  return known.length < 2 || Math.max(...known) / Math.min(...known) <= UNIT_RATIO;
}

/**
 * @typedef {{slice: number, stage: string, unit: number, width: number, height: number}} Size
 * @typedef {{size: Size, width: number, height: number, cell: number}} Packed
 * @param {Size[]} sizes @param {number} scale @param {number} room @param {typeof LABELS[number]} label
 */
function pack(sizes, scale, room, label) {
  /** @type {{items: Packed[], width: number, height: number}[]} */
  const rows = [];
  const items = sizes.map((size) => {
    const width = size.width * scale;
    return { size, width, height: size.height * scale, cell: Math.max(width, label.width) };
  });
  items.forEach((item, at) => {
    let row = rows[rows.length - 1];
    const first = at === 0 || items[at - 1].size.stage !== item.size.stage;
    const needed = first ? stageWidth(items, at, label.gap) : item.cell;
    const fits = row && row.width + label.gap + (needed <= room ? needed : item.cell) <= room + 0.01;
    if (!fits) {
      row = { items: [], width: -label.gap, height: 0 };
      rows.push(row);
    }
    row.items.push(item);
    row.width += label.gap + item.cell;
    row.height = Math.max(row.height, item.height);
  });
  const height = rows.reduce((sum, row) => sum + row.height + label.height, label.gap * (rows.length - 1));
  return { rows, height, scale, label };
}

/** Width of all tiles of the stage that begins at `at`.
 * @param {Packed[]} items @param {number} at @param {number} gap */
function stageWidth(items, at, gap) {
  let width = items[at].cell;
  for (let i = at + 1; i < items.length && items[i].size.stage === items[at].size.stage; i++) {
    width += gap + items[i].cell;
  }
  return width;
}

/** Rows are centred and the room left over is shared out between them.
 * @param {ReturnType<typeof pack>} packed @param {number} width @param {number} height
 * @returns {Tile[]} */
function place(packed, width, height) {
  /** @type {Tile[]} */
  const tiles = [];
  const { gap } = packed.label;
  const spare = Math.max(0, height - TOP - FOOT - packed.height) / (packed.rows.length + 1);
  let y = TOP + spare;
  for (const row of packed.rows) {
    const stretch = Math.min(3 * gap, Math.max(0, width - 2 * MARGIN - row.width) / row.items.length);
    let x = (width - row.width - stretch * (row.items.length - 1)) / 2;
    for (const item of row.items) {
      tiles.push({
        slice: item.size.slice,
        x: x + (item.cell - item.width) / 2,
        y: y + packed.label.height,
        width: item.width,
        height: item.height,
        scale: packed.scale * item.size.unit,
        labelWidth: packed.label.width && item.cell + gap + stretch - 6,
      });
      x += item.cell + gap + stretch;
    }
    y += row.height + packed.label.height + gap + spare;
  }
  return tiles;
}
