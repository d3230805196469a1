/**
 * The page's address is its state: what the query string says is what is shown. The same rules as
 * atlas_app/explore/state.py; what cannot be read counts as not given.
 */

import { BLEND, blendedGenes } from "../colours/blend.mjs";
import { BETWEEN, SIDE, isPlain, sideColors } from "../colours/multiples.mjs";
import { ANCHORS } from "../colours/palettes.mjs";
import { decodeSelection, encodeSelection } from "../canvas/selecting/selection.mjs";
import { DEFAULT_STATE } from "../canvas/state.mjs";

/** @typedef {import("../canvas/state.mjs").State} State */

const TESTS = ["slices", "specimens", "spots"];
export const LEAST_SIZE = 0.3;
export const MOST_SIZE = 3;

/** @param {string} search @returns {Record<string, string>} the first of a name counts */
export function parameters(search) {
  /** @type {Record<string, string>} */
  const found = {};
  for (const [name, value] of new URLSearchParams(search)) found[name] ??= value;
  return found;
}

/**
 * @param {string} search @param {number} [sliceCount] once known, to read the selection
 * @returns {State}
 */
export function readState(search, sliceCount = Infinity) {
  const given = parameters(search);
  const color = readColor(given.color);
  return {
    color,
    stage: given.stage ?? DEFAULT_STATE.stage,
    slice: given.slice ?? DEFAULT_STATE.slice,
    map: given.map in ANCHORS ? given.map : DEFAULT_STATE.map,
    clip: readClip(given.clip),
    // Several values of a spot are not one that could be hidden.
    hidden: color && !isPlain(color) ? DEFAULT_STATE.hidden : readHidden(given.hide),
    scale: given.scale === "slice" ? "slice" : DEFAULT_STATE.scale,
    size: readSize(given.size),
    tissue: readShare(given.tissue),
    umap: given.umap !== "0",
    aligned: given.aligned === "1",
    selection: given.sel ? decodeSelection(given.sel, sliceCount) : null,
    versus: given.vs ? decodeSelection(given.vs, sliceCount) : null,
    without: readWithout(given.without),
    diff: TESTS.includes(given.diff) ? /** @type {State["diff"]} */ (given.diff) : "",
    camera: readCamera(given.at),
  };
}

/** @param {string | undefined} text */
function readColor(text = "") {
  const [kind, ...rest] = text.split(":");
  const name = rest.join(":");
  if (kind === BLEND) return blendedGenes(name).length ? text : DEFAULT_STATE.color;
  if (kind === SIDE) return sideColors(name).length ? text : DEFAULT_STATE.color;
  return isPlain(text) ? text : DEFAULT_STATE.color;
}

/** @param {string | undefined} text @returns {[number, number]} */
function readClip(text) {
  const parts = (text ?? "").split("_");
  const [low, high] = parts.map(Number);
  const fine = parts.length === 2 && parts.every(Boolean) && low >= 0 && low <= high && high <= 100;
  return fine ? [low, high] : DEFAULT_STATE.clip;
}

/** @param {string | undefined} text */
function readHidden(text) {
  const codes = text ? text.split("_") : [];
  const fine = codes.every((code) => /^\d{1,3}$/.test(code) && Number(code) <= 255);
  return fine && codes.length ? new Set(codes.map(Number)) : DEFAULT_STATE.hidden;
}

/** @param {string | undefined} text */
function readWithout(text) {
  const parts = text ? text.split(BETWEEN) : [];
  const fine = parts.every((part) => {
    const at = part.lastIndexOf("*");
    const codes = part.slice(at + 1).split("_");
    return isPlain(part.slice(0, at)) && codes.every((c) => /^\d{1,3}$/.test(c) && Number(c) <= 255);
  });
  return fine && parts.length ? parts : DEFAULT_STATE.without;
}

/** @param {string | undefined} text */
function readSize(text) {
  const size = Number(text || NaN);
  return size >= LEAST_SIZE && size <= MOST_SIZE ? size : DEFAULT_STATE.size;
}

/** @param {string | undefined} text */
function readShare(text) {
  const share = Number(text || NaN);
  return share >= 0 && share <= 1 ? share : DEFAULT_STATE.tissue;
}

/** @param {string | undefined} text */
function readCamera(text = "") {
  const parts = text.split("_");
  const fine = parts.length === 3 && parts.every((part) => part && Number.isFinite(Number(part)));
  return fine && Number(parts[2]) > 0 ? text : DEFAULT_STATE.camera;
}

/**
 * @param {State} state @param {string} search other parameters in it are kept
 * @returns {string} '' or '?…', without what is at its default
 */
export function writeState(state, search) {
  const own = {
    color: state.color,
    stage: state.stage,
    slice: state.slice,
    map: state.map === DEFAULT_STATE.map ? "" : state.map,
    clip: state.clip.join("_") === DEFAULT_STATE.clip.join("_") ? "" : state.clip.join("_"),
    hide: [...state.hidden].sort((a, b) => a - b).join("_"),
    scale: state.scale,
    size: state.size === DEFAULT_STATE.size ? "" : String(state.size),
    tissue: state.tissue === DEFAULT_STATE.tissue ? "" : String(state.tissue),
    umap: state.umap ? "" : "0",
    aligned: state.aligned ? "1" : "",
    sel: state.selection ? encodeSelection(state.selection) : "",
    vs: state.versus ? encodeSelection(state.versus) : "",
    without: state.without.join("~"),
    diff: state.diff,
    at: state.camera,
  };
  const all = { ...parameters(search), ...own };
  const text = Object.entries(all)
    .filter(([, value]) => value !== "")
    .map(([name, value]) => `${encodeURIComponent(name)}=${readable(value)}`)
    .join("&");
  return text ? `?${text}` : "";
}

/** Colons and commas are legal in a query string, and links stay readable with them.
 * @param {string} value */
function readable(value) {
  return encodeURIComponent(value).replaceAll("%3A", ":").replaceAll("%2C", ",");
}
