/** The card of a gene, beside the map: what the atlas knows of it, and where else to read on. */

import { count, element } from "../page/dom.mjs";
import { faultOf } from "../page/fault.mjs";
import { readable } from "../colours/scale.mjs";
import { withHelp } from "../guide/terms.mjs";
import { parameters } from "./address.mjs";

/** @typedef {import("../values/source.mjs").GeneFacts} GeneFacts */
/** @typedef {{open: (gene: string) => void, close: () => void, color: (color: string) => void}} Told */

const FIT = {
  fitted: "Fitted: the model was fitted to this gene.",
  added:
    "Not fitted: its loadings were found afterwards, with the factors held as they were. Ranks are " +
    "among the fitted genes.",
  measured: "Measured, not fitted: the factors say nothing of it.",
};
const SCALE = {
  fitted: "its share of the factor",
  added: "beside the fitted genes', which add up to one in each factor",
  measured: "",
};
const NO_FACTORS = "It has no loadings, so no factors and no genes like it.";
const FEW_FACTORS = "Fewer than three factors are too few to compare genes by.";

export class GeneCard {
  /** @param {import("../values/source.mjs").Source} source @param {Told} told */
  constructor(source, told) {
    this.source = source;
    this.told = told;
    this.gene = "";
    this.title = element("h2", { class: "gc-title", id: "gene-card-title", tabindex: -1 });
    this.body = element("div", { class: "gc-body" });
    this.node = element(
      "aside",
      {
        class: "gc",
        "aria-labelledby": "gene-card-title",
        hidden: true,
        onkeydown: (/** @type {KeyboardEvent} */ event) => {
          if (event.key === "Escape") this.told.close();
        },
      },
      element(
        "div",
        { class: "gc-head" },
        this.title,
        element("button", {
          type: "button",
          class: "gc-close",
          "aria-label": "Close the gene card",
          title: "Close",
          text: "×",
          onclick: () => this.told.close(),
        }),
      ),
      this.body,
    );
  }

  /** @param {string} gene '' closes @param {boolean} [focus] the reader asked for it just now */
  async show(gene, focus = false) {
    this.node.hidden = !gene;
    if (gene === this.gene) return;
    this.gene = gene;
    if (!gene) return;
    this.title.textContent = gene;
    if (focus) this.title.focus({ preventScroll: true });
    await this.#fetch(gene);
  }

  /** @param {string} gene */
  async #fetch(gene) {
    this.body.setAttribute("aria-busy", "true");
    try {
      const facts = await this.source.geneFacts(gene);
      if (this.gene === gene) this.#fill(facts);
    } catch (error) {
      if (this.gene !== gene) return;
      const line = faultOf(error, () => this.#fetch(gene), { back: () => this.title });
      this.body.replaceChildren(element("p", { class: "gc-fault" }, line));
    }
    this.body.removeAttribute("aria-busy");
  }

  /** @param {GeneFacts} facts */
  #fill(facts) {
    this.title.textContent = facts.symbol;
    const ids = [facts.ensembl_id, facts.name].filter((id) => id && id !== facts.symbol);
    this.body.scrollTop = 0;
    this.body.replaceChildren(
      ...(facts.description ? [element("p", { class: "gc-about", text: facts.description })] : []),
      element(
        "p",
        { class: "gc-ids" },
        ...[...new Set(ids)].map((id) => element("code", { text: id })),
        ...facts.links.map(({ label, href }) =>
          element("a", {
            href,
            text: label,
            target: "_blank",
            rel: "noopener noreferrer",
            "aria-label": `${label} page of ${facts.symbol}, in a new tab`,
          }),
        ),
      ),
      element(
        "div",
        { class: "gc-actions" },
        element("button", {
          type: "button",
          class: "ex-button",
          text: "Show on the map",
          onclick: () => this.told.color(`gene:${facts.name}`),
        }),
      ),
      ...this.#expression(facts).flatMap((node) => node ?? []),
      ...this.#factors(facts),
      ...this.#alike(facts),
      ...accuracy(facts),
    );
  }

  /** @param {GeneFacts} facts */
  #expression({ name, share, spots, slices, stages, unit }) {
    const lacking = slices.filter((each) => !each.measured).map((each) => each.slice);
    const measured = slices.length - lacking.length;
    const most = Math.max(...stages.map((each) => each.mean ?? 0), 1e-12);
    const rows = stages.map((each) => [
      each.stage,
      `n = ${each.n_slices}`,
      bar(each.mean, most),
      each.mean === null ? "–" : readable(each.mean),
      each.low === null || each.high === null ? "–" : `${readable(each.low)} to ${readable(each.high)}`,
    ]);
    const of = `of=gene:${encodeURIComponent(name)}`;
    return [
      heading("Expression"),
      text(
        share === null
          ? "No slice measured it."
          : `In ${percent(share)} of ${count(spots)} spots; measured in ${measured} of ${slices.length} slices.`,
      ),
      lacking.length ? text(`Not measured in: ${lacking.join(", ")}.`) : null,
      table(["Stage", "Slices", "", "Mean", "95% interval"], rows, `Expression by stage, ${unit}`),
      element("p", { class: "gc-note", text: `${unit}; mean over slices.` }),
      element(
        "p",
        { class: "gc-links" },
        element("a", { href: page("stages", { of: `gene:${name}` }), text: "Course over stages" }),
        element("a", { href: `${this.source.base}/stages/course.csv?${of}`, text: "CSV", download: "" }),
      ),
      element(
        "details",
        {},
        element("summary", { text: "By slice" }),
        table(
          ["Slice", "Stage", "Spots", "Expressing"],
          slices.map((each) => [
            each.slice,
            each.stage,
            count(each.spots),
            each.expressing === null ? "not measured" : percent(each.expressing / Math.max(each.spots, 1)),
          ]),
          "Share of spots that express it, by slice",
        ),
      ),
    ];
  }

  /** @param {GeneFacts} facts */
  #factors({ fit, factors }) {
    const rows = factors.map((each) => [
      element("a", {
        href: page("factors", { factor: String(each.factor) }),
        text: `Factor ${each.factor}`,
        title: each.name,
      }),
      `#${count(each.rank)}`,
      readable(each.loading),
      each.specificity.toFixed(2),
    ]);
    return [
      heading("Factors"),
      text(FIT[fit]),
      factors.length
        ? table(["Factor", "Rank", withHelp("Loading", "loading"), withHelp("Specificity", "specificity")], rows, "Its first factors")
        : text(NO_FACTORS),
      ...(factors.length
        ? [note(`Loading: ${SCALE[fit]}. Specificity: the factor's share of its loadings.`)]
        : []),
    ];
  }

  /** @param {GeneFacts} facts */
  #alike({ alike, factors, n_factors }) {
    if (!factors.length) return [];
    const rows = alike.map((each) => [
      element("button", {
        type: "button",
        class: "ac-link",
        text: each.gene,
        onclick: () => this.told.open(each.gene),
      }),
      each.correlation.toFixed(3),
    ]);
    return [
      heading("Genes most like it"),
      alike.length
        ? table(["Gene", "Correlation"], rows, "Genes with like loadings")
        : text(n_factors < 3 ? FEW_FACTORS : "No other gene's loadings are like its own."),
      ...(alike.length ? [note(`Pearson's, of loadings over ${n_factors} factors.`)] : []),
    ];
  }
}

/** @param {GeneFacts} facts */
function accuracy(facts) {
  const { imputation, moran_i, moran_q_told } = facts;
  const rows = imputation.map(({ measure, value }) => [spokenMeasure(measure), value.toFixed(2)]);
  return [
    heading("How well it is predicted"),
    text(estimateTold(facts)),
    rows.length
      ? table(["Imputed for a mapped section", "r"], rows, "How well it is imputed")
      : text(`Imputed for a mapped section: ${untold(facts, facts.imputation_tested)}.`),
    note("r: Pearson's, with what left-out slices measured. Imputing uses all that a section measured."),
    heading("Pattern on the tissue"),
    text(
      moran_i === null
        ? "Moran's I is not known."
        : [`Moran's I ${moran_i.toFixed(2)}`, moran_q_told].filter(Boolean).join(", "),
    ),
  ];
}

/** How good the factors' estimate is that the map can show.
 * @param {GeneFacts} facts */
function estimateTold(facts) {
  const said = "Factors' estimate, as the map shows it: ";
  if (facts.fit === "measured") return `${said}none, as the factors say nothing of it.`;
  if (typeof facts.estimate === "number") return `${said}r ${facts.estimate.toFixed(2)}.`;
  return `${said}${untold(facts, facts.estimate_tested)}.`;
}

/** Why there is no figure.
 * @param {GeneFacts} facts @param {boolean} tested the atlas has figures */
function untold({ share }, tested) {
  if (share === null) return "not testable, as no slice measured it";
  return tested ? "not testable, as too few spots or slices express it" : "not tested";
}

/** The address of another page of the same atlas.
 * @param {string} name
 * @param {Record<string, string>} asked */
function page(name, asked) {
  const { atlas } = parameters(window.location.search);
  const query = new URLSearchParams({ ...(atlas ? { atlas } : {}), ...asked });
  return new URL(`${name}?${query}`, window.location.href).pathname + `?${query}`;
}

/** @param {string} measure 'imputation_pearson…' */
function spokenMeasure(measure) {
  return measure.replace(/^imputation_pearson_?/, "").replaceAll("_", " ") || "Mean over slices";
}

/** @param {string} words */
function heading(words) {
  return element("h3", { class: "gc-heading", text: words });
}

/** @param {string} words */
function text(words) {
  return element("p", { text: words });
}

/** @param {string} words */
function note(words) {
  return element("p", { class: "gc-note", text: words });
}

/** @param {number} share */
function percent(share) {
  return `${(100 * share).toFixed(share > 0 && share < 0.1 ? 1 : 0)}%`;
}

/** @param {number | null} value @param {number} most */
function bar(value, most) {
  return element(
    "span",
    { class: "gc-bar", "aria-hidden": "true" },
    element("i", { style: `width:${(100 * (value ?? 0)) / most}%` }),
  );
}

/** @param {(string | Node)[]} columns @param {(string | Node)[][]} rows @param {string} caption */
function table(columns, rows, caption) {
  return element(
    "table",
    { class: "gc-table" },
    element("caption", { class: "visually-hidden", text: caption }),
    element(
      "thead",
      {},
      element("tr", {}, ...columns.map((head) => element(head ? "th" : "td", head ? { scope: "col" } : {}, head))),
    ),
    element(
      "tbody",
      {},
      ...rows.map((row) =>
        element(
          "tr",
          {},
          ...row.map((cell, at) =>
            at ? element("td", {}, cell) : element("th", { scope: "row" }, cell),
          ),
        ),
      ),
    ),
  );
}
