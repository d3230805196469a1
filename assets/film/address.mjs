/** What the animation shows, as the address says it: the time, and the slices that were chosen. */

import { rounded } from "./timeline.mjs";

/** @typedef {import("./centre.mjs").Film} Film */

/** @param {string} search @returns {number | null} null = the beginning */
export function readTime(search) {
  const text = new URLSearchParams(search).get("t");
  const t = text ? Number(text) : NaN;
  return Number.isFinite(t) ? t : null;
}

/** The stages with the slices that the address chooses for them.
 * @param {string} search @param {Film} film @returns {Film} */
export function readSlices(search, film) {
  const text = new URLSearchParams(search).get("slices") ?? "";
  const chosen = text.split("_").filter(Boolean).map(Number);
  const stages = film.stages.map((stage) => {
    const found = chosen.find((number) => stage.slices.some(({ slice }) => slice === number));
    return { ...stage, shown: found ?? stage.usual };
  });
  return { ...film, stages };
}

/** @param {string} search other parameters in it are kept @param {number | null} t null = the beginning
 * @param {Film} film */
export function writeFilm(search, t, film) {
  const all = new URLSearchParams(search);
  const set = (/** @type {string} */ name, /** @type {string} */ value) => {
    if (value) all.set(name, value);
    else all.delete(name);
  };
  const chosen = film.stages.filter(({ shown, usual }) => shown !== usual);
  set("t", t === null ? "" : String(rounded(t)));
  set("slices", chosen.map(({ shown }) => shown).join("_"));
  // Colons and commas are legal in a query string, and links stay readable with them.
  const text = all.toString().replaceAll("%3A", ":").replaceAll("%2C", ",").replaceAll("+", "%20");
  return text && `?${text}`;
}
