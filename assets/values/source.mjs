/**
 * Bytes of one atlas (or of one mapped query) over HTTP, kept in a size-bounded cache.
 *
 * @typedef {{name: string, stage: string, time: number | null, start: number, stop: number,
 *   foreign?: boolean, tissue?: Tissue, unit_scale?: number, aligned?: {frame: number, residual: number | null}}} Slice
 *   foreign: a mapped one that is not of the atlas's tissue;
 *   aligned: by the slice whose coordinates its frame has; residual: how far alike spots of it and its
 *   neighbours then lie apart, in units of the coordinates; unit_scale: brings its coordinates to one unit with
 *   those of others, 1 where it is not there
 * @typedef {{width: number, height: number, scale: number}} Tissue an image under the spots, pixels;
 *   scale: pixels per unit of the coordinates
 * @typedef {{name: string, time: number | null, n_slices?: number, n_spots?: number}} Stage
 * @typedef {{name: string, kind: "category" | "number", categories?: string[] | null,
 *   colors?: string[] | null, told?: Record<string, Told>}} ObsColumn
 * @typedef {{note: string, color: string, former: string, terms: {id: string, href: string}[]}} Told
 *   what the builder of the atlas says of a factor or a category
 * @typedef {{name: string, label: string, genes: string[], told?: Told | null}} Factor
 * @typedef {{id: string, title: string, digest: string, n_spots: number, slices: Slice[],
 *   stages: Stage[], obs: ObsColumn[], factors: Factor[], kind?: string,
 *   units?: {coordinate?: string | null, time?: string}, spots?: boolean, spot_factors?: boolean,
 *   estimates?: boolean, stacks?: import("../stack/sections.mjs").Stack[]}} Description
 *   units.coordinate: '' where the builder did not say it, null of a mapped section whose own unit is
 *   not known, so that no length of it can be told
 * @typedef {{bytes: Uint8Array, lo: number, hi: number}} Bytes
 * @typedef {Bytes & {kind: "number" | "category", clip?: [number, number], expected?: string}} PlainValues
 *   clip: values that colours run between, where the server says; expected: how good the estimate of a
 *   gene is, a number or in words
 * @typedef {Bytes & {kind: "blend", parts: import("../colours/blend.mjs").Part[]}} BlendValues
 * @typedef {Bytes & {kind: "side", panels: import("../colours/multiples.mjs").SidePart[]}} SideValues the bytes of
 *   both are codes
 * @typedef {PlainValues | BlendValues | SideValues} Values
 * @typedef {{name: string, symbol: string, ensembl_id: string, fitted: boolean,
 *   description: string, told: boolean, estimated: import("../colours/words.mjs").Estimated | null}} GeneHit
 * @typedef {{name: string, genes: string[], unknown: string[], repeated: number, silent: string[],
 *   measured: {slice: string, genes: number}[],
 *   given: {name: string, description: string, source: string} | null}} SetReport what a list of genes means in the atlas
 * @typedef {{name: string, kind: "given" | "factor" | "domain", genes?: string[], n_genes?: number,
 *   address?: string}} OfferedSet a given one has an address in place of its genes
 * @typedef {{name: string, symbol: string, ensembl_id: string, description: string,
 *   fit: "fitted" | "added" | "measured",
 *   links: {label: string, href: string}[], share: number | null, spots: number, unit: string,
 *   slices: {slice: string, stage: string, measured: boolean, spots: number,
 *     expressing: number | null}[],
 *   stages: {stage: string, n_slices: number, mean: number | null, low: number | null,
 *     high: number | null}[],
 *   factors: {factor: number, name: string, loading: number, specificity: number, rank: number}[],
 *   n_factors: number, alike: {gene: string, correlation: number}[],
 *   imputation: {measure: string, value: number}[], imputation_tested: boolean,
 *   estimate: number | null, estimate_tested: boolean, moran_i: number | null,
 *   moran_q_told: string}} GeneFacts what the atlas knows of a gene
 */

import { request } from "../page/answers.mjs";
import { BLEND, blendCodes, blendedGenes } from "../colours/blend.mjs";
import { SIDE, sideCodes, sideColors } from "../colours/multiples.mjs";
import { besideOf, mixOf, valuesOf } from "./several.mjs";
import { MOST_SPOTS } from "./limits.mjs";
import { splitColor } from "../colours/words.mjs";

const CACHE_BYTES = 64 * 1024 * 1024;
// Of what answers mean, as the server has it (atlas_app/http/responses.py).
const ANSWERS = "2";
// Spots whose names and factors are fetched together.
const PAGE = 2048;

/** @type {Map<string, Source>} */
const sources = new Map();

/** One source per address and digest, so that two canvases of a page share their bytes.
 * @param {string} base @param {string} [view] @param {string} [digest] @returns {Source} */
export function sourceOf(base, view = "", digest = "") {
  const key = `${base} ${view} ${digest}`;
  let source = sources.get(key);
  if (!source) {
    source = new Source(base, view, digest);
    sources.set(key, source);
  }
  return source;
}

export class Source {
  /** @param {string} base @param {string} view @param {string} digest */
  constructor(base, view, digest) {
    this.base = base.replace(/\/$/, "");
    this.view = view;
    this.digest = digest;
    /** @type {Map<string, {promise: Promise<any>, bytes: number, signal?: AbortSignal}>} insertion order is age */
    this.cache = new Map();
    this.cached = 0;
  }

  /** @returns {Promise<Description>} */
  description() {
    return this.#once("description", async () => {
      const response = await request(this.base + this.view);
      return response.json();
    });
  }

  /** @param {"spatial" | "umap" | "stack"} kind
   * @returns {Promise<Float32Array>} x, y per spot; of a stack x, y, z */
  coordinates(kind) {
    return this.#once(`coordinates/${kind}`, async () => {
      const response = await request(this.#address(`coordinates/${kind}`));
      return new Float32Array(await response.arrayBuffer());
    });
  }

  /** Whether spots lie where tissue images have them. */
  get asGiven() {
    return true;
  }

  /** @param {number} slice @returns {Promise<ImageBitmap>} its tissue image */
  tissue(slice) {
    return this.#once(`tissue/${slice}`, async () => {
      const response = await request(this.#address(`tissue/${slice}.jpg`));
      return createImageBitmap(await response.blob());
    });
  }

  /**
   * One byte per spot: value = lo + byte / 254 * (hi - lo), or a category's code; 255 missing.
   * @param {string} kind gene | factor | obs | set | blend | side @param {string} name
   * @param {AbortSignal} [signal] @returns {Promise<Values>}
   */
  values(kind, name, signal) {
    if (kind === BLEND) return this.#blend(name, signal);
    if (kind === SIDE) return this.#side(name, signal);
    const path = `values/${kind}/${encoded(name)}`;
    return this.#once(path, async () => {
      const response = await request(this.#address(path), signal);
      const header = (/** @type {string} */ key) => response.headers.get(key);
      return {
        bytes: new Uint8Array(await response.arrayBuffer()),
        lo: Number(header("X-Atlas-Lo") ?? 0),
        hi: Number(header("X-Atlas-Hi") ?? 1),
        kind: header("X-Atlas-Kind") === "category" ? "category" : "number",
        clip: /** @type {PlainValues["clip"]} */ (header("X-Atlas-Clip")?.split(" ").map(Number)),
        expected: header("X-Atlas-Expected") ?? undefined,
      };
    }, signal);
  }

  /** @param {string} name 'A,B' or 'A,B,C' @param {AbortSignal} [signal] @returns {Promise<Values>} */
  async #blend(name, signal) {
    const genes = blendedGenes(name);
    if (!genes.length) throw new Error("A blend takes two or three different genes.");
    const of = (/** @type {string} */ color) => this.values(...splitColor(color), signal);
    const values = await valuesOf(genes.map((gene) => `gene:${gene}`), of, mixOf);
    const bytes = blendCodes(values.map((each) => each.bytes));
    const parts = genes.map((gene, at) => ({ name: gene, values: values[at] }));
    return { bytes, lo: 0, hi: 1, kind: BLEND, parts };
  }

  /** @param {string} gene @param {boolean} [estimates] what the factors say of it as well
   * @param {number[]} [slices] by number, else all @returns {string} address of its values as CSV */
  expressionAddress(gene, estimates = false, slices = undefined) {
    const more = (estimates ? "&estimates=1" : "") + asked(slices);
    return `${this.base}/expression.csv?of=${encoded(gene)}${more}`;
  }

  /** @param {string} gene its name @returns {Promise<{told: boolean, fitted: boolean}>} whether the
   * factors tell it, and whether the model was fitted to it */
  inModel(gene) {
    return this.#once(`model/${gene}`, async () => {
      const hit = (await this.genes(gene, 20)).find((each) => each.name === gene);
      return { told: Boolean(hit?.told), fitted: Boolean(hit?.fitted) };
    });
  }

  /** @param {string} name 'gene:A~factor:3' @param {AbortSignal} [signal] @returns {Promise<Values>} */
  async #side(name, signal) {
    const colors = sideColors(name);
    if (!colors.length) throw new Error("Side by side stand one to six different colours.");
    const of = (/** @type {string} */ color) => this.values(...splitColor(color), signal);
    const values = await valuesOf(colors, of, besideOf);
    const most = Math.floor(MOST_SPOTS / values[0].bytes.length);
    if (colors.length > most) throw new Error(`Of so many spots ${most} maps at most fit side by side.`);
    const panels = colors.map((color, at) => ({ color, values: values[at] }));
    return { bytes: sideCodes(panels), lo: 0, hi: 1, kind: SIDE, panels };
  }

  /** @param {string[]} colors of one value per spot @param {number[]} [slices] by number, else all
   * @param {number} [t] a time that the file is named by @returns {string} address of them as CSV */
  valuesAddress(colors, slices, t) {
    const more = asked(slices) + (t === undefined ? "" : `&t=${t}`);
    return `${this.base}/values.csv?of=${encoded(colors.join("~"))}${more}`;
  }

  /** @param {string} prefix @param {number} limit @param {AbortSignal} [signal]
   * @returns {Promise<GeneHit[]>} */
  async genes(prefix, limit, signal) {
    const query = new URLSearchParams({ prefix, limit: String(limit) });
    const response = await request(`${this.base}/genes?${query}`, signal);
    const body = await response.json();
    return Array.isArray(body) ? body : body.genes;
  }

  /** @param {string} gene @returns {Promise<GeneFacts>} */
  async geneFacts(gene) {
    const response = await request(this.#address(`genes/${encoded(gene)}`));
    return response.json();
  }

  /** @param {string} text outlines @returns {Promise<string>} the address that stands for them */
  async keepSelection(text) {
    const response = await request(`${this.base}/selections`, undefined, { method: "POST", body: text });
    return (await response.json()).address;
  }

  /** @param {string} address @returns {Promise<string>} the outlines that it stands for */
  keptSelection(address) {
    return this.#once(`selections/${address}`, async () => {
      const response = await request(`${this.base}/selections/${address.slice(1)}`);
      return (await response.json()).selection;
    });
  }

  /** @param {string} text genes with anything between them @returns {Promise<SetReport>} */
  async lookUpGenes(text) {
    const response = await request(`${this.base}/genesets`, undefined, { method: "POST", body: text });
    return response.json();
  }

  /** @param {string} name of a set, as an address has it @returns {Promise<SetReport>} */
  async geneSet(name) {
    const response = await request(this.#address(`genesets/${encoded(name)}`));
    return response.json();
  }

  /** @returns {Promise<OfferedSet[]>} sets that the atlas brings */
  async offeredSets() {
    const response = await request(this.#address("genesets"));
    return (await response.json()).sets;
  }

  /** @param {string} name of a set @param {number[]} [slices] by number, else all
   * @returns {string} address of its scores as CSV */
  scoresAddress(name, slices) {
    return `${this.base}/scores.csv?of=${encoded(name)}${asked(slices)}`;
  }

  /** Names of the spots `start` to `stop`, fetched a block at a time.
   * @param {number} index @returns {Promise<string>} the spot's name in its source file */
  async spotName(index) {
    const { start, body } = await this.#page("spots", index);
    return (Array.isArray(body) ? body : body.spots)[index - start];
  }

  /** @param {number} index @returns {Promise<{factor: number, share: number}[]>} its leading factors */
  async spotFactors(index) {
    const { start, body } = await this.#page("spots/factors", index);
    const shares = body.shares[index - start];
    return body.factors[index - start].map((/** @type {number} */ factor, /** @type {number} */ at) => ({
      factor,
      share: shares[at],
    }));
  }

  /** The page of spots that one is in.
   * @param {string} path @param {number} index
   * @returns {Promise<{start: number, body: any}>} */
  async #page(path, index) {
    const start = Math.floor(index / PAGE) * PAGE;
    const body = await this.#once(`${path}/${start}`, async () => {
      const asked = { start: String(start), stop: String(start + PAGE) };
      return (await request(this.#address(path, asked))).json();
    });
    return { start, body };
  }

  /** @param {string} path @param {Record<string, string>} [asked] */
  #address(path, asked = {}) {
    const query = new URLSearchParams(asked);
    // The digest makes the address of a refitted atlas new, so bytes may be cached for ever.
    if (this.digest) query.set("v", `${this.digest.slice(0, 16)}-${ANSWERS}`);
    const text = query.toString();
    return `${this.base}/${path}${text && "?"}${text}`;
  }

  /** @template T @param {string} key @param {() => Promise<T>} fetcher @param {AbortSignal} [signal]
   * @returns {Promise<T>} */
  #once(key, fetcher, signal) {
    const known = this.cache.get(key);
    if (known && !(known.signal?.aborted && !known.bytes)) {
      this.cache.delete(key);
      this.cache.set(key, known);
      return known.promise;
    }
    const entry = { promise: fetcher(), bytes: 0, signal };
    this.cache.set(key, entry);
    entry.promise.then(
      (value) => {
        if (this.cache.get(key) !== entry) return;
        entry.bytes = sizeOf(value);
        this.cached += entry.bytes;
        this.#evict(key);
      },
      () => {
        if (this.cache.get(key) === entry) this.cache.delete(key);
      },
    );
    return entry.promise;
  }

  /** @param {string} newest */
  #evict(newest) {
    for (const [key, entry] of this.cache) {
      if (this.cached <= CACHE_BYTES) return;
      if (key === newest || !entry.bytes || !key.startsWith("values/")) continue;
      this.cache.delete(key);
      this.cached -= entry.bytes;
    }
  }
}

/** @param {number[] | undefined} slices by number; all need no asking */
function asked(slices) {
  return slices ? `&slices=${slices.join("_")}` : "";
}

/** @param {any} value */
function sizeOf(value) {
  return value?.byteLength ?? value?.bytes?.byteLength ?? 0;
}

/** Commas stay: a set of 500 names would grow by half, and addresses have an end.
 * @param {string} name */
function encoded(name) {
  return encodeURIComponent(name).replaceAll("%2C", ",");
}
