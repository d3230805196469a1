/** What the builder of the atlas says of what is drawn: notes and terms of ontologies. */

import { element } from "../page/dom.mjs";
import { splitColor } from "../colours/words.mjs";

/** @typedef {import("../values/source.mjs").Told} Told */

/**
 * @param {import("../values/source.mjs").Description} description @param {string} color
 * @param {boolean} [plain] leave out what can be opened
 * @returns {HTMLElement | null} null where the builder says nothing
 */
export function toldBy(description, color, plain = false) {
  const [kind, name] = splitColor(color ?? "");
  if (kind === "factor") {
    const told = description.factors.find((factor) => factor.name === name)?.told;
    const parts = told ? words(told) : [];
    return parts.length ? element("p", { class: "ac-told" }, ...parts) : null;
  }
  const column = kind === "obs" ? description.obs.find((each) => each.name === name) : null;
  const rows = Object.entries(column?.told ?? {})
    .map(([category, told]) => ({ category, parts: words(told) }))
    .filter(({ parts }) => parts.length);
  if (!rows.length || plain) return null;
  return element(
    "details",
    { class: "ac-told" },
    element("summary", { text: "Notes and terms" }),
    element(
      "dl",
      {},
      ...rows.flatMap(({ category, parts }) => [
        element("dt", { text: category }),
        element("dd", {}, ...parts),
      ]),
    ),
  );
}

/** Ids of the terms of what a spot shows, for its card; "" where there are none.
 * @param {import("../values/source.mjs").Description} description @param {string} color
 * @param {string} [category] @returns {string} */
export function termsOf(description, color, category = "") {
  const [kind, name] = splitColor(color ?? "");
  const told =
    kind === "factor"
      ? description.factors.find((factor) => factor.name === name)?.told
      : description.obs.find((each) => kind === "obs" && each.name === name)?.told?.[category];
  return (told?.terms ?? []).map((term) => term.id).join(", ");
}

/** @param {Told} told @returns {(Node | string)[]} */
function words({ note, former, terms }) {
  return [
    ...(note ? [`${note} `] : []),
    ...terms.flatMap(({ id, href }) => [
      element("a", { href, target: "_blank", rel: "noopener", text: id }),
      " ",
    ]),
    ...(former ? [element("span", { class: "ac-told-former", text: `(formerly ${former})` })] : []),
  ];
}
