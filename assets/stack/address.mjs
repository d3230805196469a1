/**
 * What the 3D page shows, as its address says it. Colours and the place on the screen are written
 * as Explore writes them, so that a colour carries over from one page to the other; what cannot be
 * read counts as not given.
 */

import { isPlain } from "../colours/multiples.mjs";
import { parameters, readState, writeState } from "../explore/address.mjs";

/**
 * @typedef {"" | "z" | "x" | "y"} Axis
 * @typedef {import("../canvas/state.mjs").State & {stack: string, turn: [number, number],
 *   off: Set<number>, axis: Axis, cut: [number, number], gap: number, deep: boolean}} StackState
 *   stack: name, '' = the first; turn: yaw and pitch, degrees; off: slices not drawn; axis: cut
 *   along, '' = not cut; cut: per cent of its extent that is kept; gap: times the usual distance
 *   between sections; deep: in perspective
 */

/** @type {Pick<import("../canvas/state.mjs").State, "selection" | "versus" | "without" | "diff">} */
const UNSELECTED = { selection: null, versus: null, without: [], diff: "" };
export const HOME = /** @type {[number, number]} */ ([-28, 62]);
export const LEAST_GAP = 1 / 64;
export const MOST_GAP = 16;

/** @param {string} search @returns {StackState} */
export function readStack(search) {
  const given = parameters(search);
  const state = readState(search);
  return {
    ...state,
    // In depth one colour is shown at a time.
    color: isPlain(state.color) ? state.color : "",
    stage: "",
    umap: false,
    ...UNSELECTED,
    stack: given.stack ?? "",
    turn: readTurn(given.turn),
    off: readOff(given.off),
    ...readCut(given.cut),
    gap: readGap(given.gap),
    deep: given.lens === "deep",
  };
}

/** @param {string | undefined} text @param {number} most @returns {number[] | null} */
function numbers(text, most) {
  const parts = (text ?? "").split("_");
  const values = parts.map(Number);
  const fine = parts.length === most && parts.every(Boolean) && values.every(Number.isFinite);
  return fine ? values : null;
}

/** @param {string | undefined} text @returns {[number, number]} */
function readTurn(text) {
  const found = numbers(text, 2);
  return found && found[1] >= 0 && found[1] <= 180 ? [found[0], found[1]] : [...HOME];
}

/** @param {string | undefined} text */
function readOff(text) {
  const codes = text ? text.split("_") : [];
  return new Set(codes.every((code) => /^\d{1,6}$/.test(code)) ? codes.map(Number) : []);
}

/** @param {string | undefined} text @returns {{axis: Axis, cut: [number, number]}} */
function readCut(text) {
  const [axis, ...rest] = (text ?? "").split("_");
  const range = numbers(rest.join("_"), 2);
  if (!["x", "y", "z"].includes(axis) || !range) return { axis: "", cut: [0, 100] };
  const [low, high] = range;
  if (!(low >= 0 && low <= high && high <= 100)) return { axis: "", cut: [0, 100] };
  return { axis: /** @type {Axis} */ (axis), cut: [low, high] };
}

/** @param {string | undefined} text */
function readGap(text) {
  const gap = Number(text || NaN);
  return gap >= LEAST_GAP && gap <= MOST_GAP ? gap : 1;
}

/** @param {StackState} state @param {string} search other parameters in it are kept */
export function writeStack(state, search) {
  const { turn, off, axis, cut, gap } = state;
  const same = turn[0] === HOME[0] && turn[1] === HOME[1];
  /** @type {Record<string, string>} */
  const own = {
    stack: state.stack,
    turn: same ? "" : turn.map((v) => Number(v.toFixed(1))).join("_"),
    off: [...off].sort((a, b) => a - b).join("_"),
    cut: axis && [axis, ...cut].join("_"),
    gap: gap === 1 ? "" : String(Number(gap.toPrecision(4))),
    lens: state.deep ? "deep" : "",
  };
  const all = new URLSearchParams(search);
  for (const [name, value] of Object.entries(own)) {
    if (value) all.set(name, value);
    else all.delete(name);
  }
  return writeState({ ...state, stage: "", umap: true, ...UNSELECTED }, `?${all}`);
}
