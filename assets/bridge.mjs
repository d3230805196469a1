/**
 * Where the page and the canvas meet: elements that Dash makes come alive here.
 *
 *   <div class="atlas-canvas" data-base data-color …>   one map (canvas/mount.mjs)
 *   <div class="atlas-explore" data-base data-digest …>  the Explore page (explore/page.mjs), or,
 *     with data-page="stack", the 3D page (stack/page.mjs)
 *   <div class="atlas-film" data-base data-film …>  the animation of stages (film/mount.mjs)
 *   <section class="tour-place" data-home data-explore>  the tour (guide/tour.mjs)
 *   <button data-copy>  the link and the Python of a page of charts (page/takealong.mjs)
 *   <button class="term-help" data-term>  the explanation of a term (guide/terms.mjs)
 */

// Named here as well as where they are used, so that the browser asks for all of them at once.
import "./canvas/around/alone.mjs";
import "./canvas/around/boxspoken.mjs";
import "./canvas/around/frame.mjs";
import "./canvas/around/gestures.mjs";
import "./canvas/around/hover.mjs";
import "./canvas/around/overlay.mjs";
import "./canvas/around/sidepanels.mjs";
import "./canvas/canvas.mjs";
import "./canvas/drawing/colouring.mjs";
import "./canvas/drawing/flat.mjs";
import "./canvas/drawing/gl.mjs";
import "./canvas/drawing/grid.mjs";
import "./canvas/drawing/ground.mjs";
import "./canvas/drawing/painter.mjs";
import "./canvas/drawing/probe.mjs";
import "./canvas/drawing/redrawing.mjs";
import "./canvas/drawing/scene.mjs";
import "./canvas/drawing/splat.mjs";
import "./canvas/drawing/tints.mjs";
import "./canvas/drawing/umap.mjs";
import "./canvas/places/aligned.mjs";
import "./canvas/places/camera.mjs";
import "./canvas/places/cells.mjs";
import "./canvas/places/laying.mjs";
import "./canvas/places/middle.mjs";
import "./canvas/places/orientation.mjs";
import "./canvas/places/placing.mjs";
import "./canvas/places/tiles.mjs";
import "./canvas/selecting/keptselections.mjs";
import "./canvas/selecting/keybox.mjs";
import "./canvas/selecting/lasso.mjs";
import "./canvas/selecting/picks.mjs";
import "./canvas/selecting/pieces.mjs";
import "./canvas/selecting/selection.mjs";
import "./canvas/selecting/turns.mjs";
import "./canvas/spotview.mjs";
import "./canvas/state.mjs";
import "./canvas/stats.mjs";
import "./colours/blend.mjs";
import "./colours/categorykey.mjs";
import "./colours/keyroom.mjs";
import "./colours/keys.mjs";
import "./colours/multiples.mjs";
import "./colours/owntissue.mjs";
import "./colours/palettes.mjs";
import "./colours/scale.mjs";
import "./colours/sharedscale.mjs";
import "./colours/slicescale.mjs";
import "./colours/sorts.mjs";
import "./colours/words.mjs";
import "./explore/actions.mjs";
import "./explore/address.mjs";
import "./explore/card.mjs";
import "./explore/colorby.mjs";
import "./explore/composition.mjs";
import "./explore/differ.mjs";
import "./explore/genes.mjs";
import "./explore/genesets.mjs";
import "./explore/genetable.mjs";
import "./explore/history.mjs";
import "./explore/orientation.mjs";
import "./explore/python.mjs";
import "./explore/pythonoutlines.mjs";
import "./explore/query.mjs";
import "./explore/severalcolors.mjs";
import "./explore/slices.mjs";
import "./explore/sorts.mjs";
import "./explore/spotsize.mjs";
import "./explore/stages.mjs";
import "./explore/unknown.mjs";
import "./guide/ring.mjs";
import "./guide/steps.mjs";
import "./guide/terms.mjs";
import "./guide/visits.mjs";
import "./key/blendkey.mjs";
import "./key/clipfield.mjs";
import "./key/colorbar.mjs";
import "./key/key.mjs";
import "./key/legend.mjs";
import "./key/scalechoice.mjs";
import "./key/sidekey.mjs";
import "./key/told.mjs";
import "./page/answers.mjs";
import "./page/captionlines.mjs";
import "./page/dom.mjs";
import "./page/fault.mjs";
import "./page/figures.mjs";
import "./page/notice.mjs";
import "./page/present.mjs";
import "./page/surround.mjs";
import "./page/takealong.mjs";
import "./page/takeaway.mjs";
import "./page/ticklabels.mjs";
import "./pictures/ink.mjs";
import "./pictures/picture.mjs";
import "./pictures/svgpen.mjs";
import "./values/colorvalues.mjs";
import "./values/limits.mjs";
import "./values/refused.mjs";
import "./values/several.mjs";
import "./values/source.mjs";
import "./values/starting.mjs";
import "./values/timing.mjs";
import { follow } from "./canvas/mount.mjs";
import { watch } from "./page/watch.mjs";
import { ExplorePage } from "./explore/page.mjs";
import { foldOnPhones } from "./page/fold.mjs";
import { explainTerms } from "./guide/terms.mjs";
import { mountTour } from "./guide/tour.mjs";
import { hintScrolling } from "./page/scrollhint.mjs";

watch(".atlas-canvas", {
  added: follow,
  changed: follow,
  removed: (host) => host.atlasCanvas?.destroy(),
});

/** @type {WeakMap<HTMLElement, {destroy: () => void}>} */
const pages = new WeakMap();

/** @param {HTMLElement} host */
async function open(host) {
  const { base, digest, page } = host.dataset;
  const mounted = `${base} ${digest} ${page ?? ""}`;
  if (host.atlasMounted === mounted) return;
  host.atlasMounted = mounted;
  pages.get(host)?.destroy();
  if (page !== "stack") {
    pages.set(host, new ExplorePage(host));
    return;
  }
  // Only this page needs these scripts.
  const { StackPage } = await import("./stack/page.mjs");
  if (host.isConnected && host.atlasMounted === mounted) pages.set(host, new StackPage(host));
}

watch(".atlas-explore", {
  added: open,
  changed: open,
  removed: (host) => pages.get(host)?.destroy(),
});

/** @param {HTMLElement} host */
async function show(host) {
  // Only this view needs these scripts.
  const { followFilm } = await import("./film/mount.mjs");
  if (host.isConnected) followFilm(host);
}

/** @param {HTMLElement} host */
async function leave(host) {
  (await import("./film/mount.mjs")).leaveFilm(host);
}

watch(".atlas-film", {
  added: show,
  changed: show,
  removed: leave,
});

watch(".tour-place", { added: mountTour, changed: () => {}, removed: () => {} });
explainTerms();
foldOnPhones();
hintScrolling();
