/**
 * What the tour shows, one step after the other.
 *
 * @typedef {{title: string, text: string, page: string, way: string, targets: string[]}} Step
 *   page: where the step is at home, as in its address; way: the words of the link there;
 *   targets: selectors of what is pointed at, the first that is on show counts
 */

/** @type {Step[]} */
export const STEPS = [
  {
    title: "What you see",
    text:
      "Each tile is a slice of tissue, in the order of stages, and each dot a spot of it. " +
      "A colour means the same in every slice. Drag to move, scroll or pinch to zoom, and point at " +
      "a spot to read its values.",
    page: "explore",
    way: "Open Explore",
    targets: [".atlas-explore .ex-map", "#home-canvas .ac-map", ".atlas-canvas .ac-map"],
  },
  {
    title: "Choose a gene",
    text:
      "Type a symbol or an Ensembl id beside Gene on the page Explore. All slices are coloured on " +
      "one scale, so that slices and stages can be compared.",
    page: "explore",
    way: "Open Explore",
    targets: ["#explore-gene"],
  },
  {
    title: "A factor and its genes",
    text:
      "A factor is a group of genes that rise and fall together. The page Factors lists the genes " +
      "of each, and shows where in the tissue and at which stages it is strong.",
    page: "factors",
    way: "Open Factors",
    targets: ["#factors-grid", "#explore-factor"],
  },
  {
    title: "Map your own section",
    text:
      "On the page Map a section of your own is placed onto this atlas: each spot gets factors, a " +
      "domain and a stage, with how far to trust each. To see how it works you need no file.",
    page: "map",
    way: "Open Map",
    targets: [".atlas-upload"],
  },
];
