/**
 * Where the page and the canvas meet: elements that Dash makes come alive here.
 *
 *   <div class="atlas-canvas" data-base data-color …>   one map (canvas/mount.mjs)
 *   <div class="atlas-explore" data-base data-digest …>  the Explore page (explore/page.mjs), or,
 *     with data-page="stack", the 3D page (stack/page.mjs)
 *   <div class="atlas-film" data-base data-film …>  the animation of stages (film/mount.mjs)
 *   <section class="tour-place" data-home data-explore>  the tour (guide/tour.mjs)
 *   <button data-copy>  the link and the Python of a page of charts (takealong.mjs)
 *   <button class="term-help" data-term>  the explanation of a term (guide/terms.mjs)
 */

// Named here as well as where they are used, so that the browser asks for all of them at once.
import "./canvas/aligned.mjs";
import "./canvas/alone.mjs";
import "./canvas/answers.mjs";
import "./canvas/boxspoken.mjs";
import "./canvas/camera.mjs";
import "./canvas/canvas.mjs";
import "./canvas/colorbar.mjs";
import "./canvas/colouring.mjs";
import "./canvas/dom.mjs";
import "./canvas/fault.mjs";
import "./canvas/flat.mjs";
import "./canvas/frame.mjs";
import "./canvas/gestures.mjs";
import "./canvas/gl.mjs";
import "./canvas/grid.mjs";
import "./canvas/hover.mjs";
import "./canvas/ink.mjs";
import "./canvas/key.mjs";
import "./canvas/keybox.mjs";
import "./canvas/keys.mjs";
import "./canvas/keptselections.mjs";
import "./canvas/lasso.mjs";
import "./canvas/laying.mjs";
import "./canvas/legend.mjs";
import "./canvas/overlay.mjs";
import "./canvas/owntissue.mjs";
import "./canvas/multiples.mjs";
import "./canvas/orientation.mjs";
import "./canvas/palettes.mjs";
import "./canvas/picks.mjs";
import "./canvas/picture.mjs";
import "./canvas/pieces.mjs";
import "./canvas/placing.mjs";
import "./canvas/probe.mjs";
import "./canvas/refused.mjs";
import "./canvas/scale.mjs";
import "./canvas/scalechoice.mjs";
import "./canvas/scene.mjs";
import "./canvas/selection.mjs";
import "./canvas/several.mjs";
import "./canvas/sharedscale.mjs";
import "./canvas/sidekey.mjs";
import "./canvas/sidepanels.mjs";
import "./canvas/slicescale.mjs";
import "./canvas/sorts.mjs";
import "./canvas/source.mjs";
import "./canvas/splat.mjs";
import "./canvas/spotview.mjs";
import "./canvas/state.mjs";
import "./canvas/tiles.mjs";
import "./canvas/timing.mjs";
import "./canvas/turns.mjs";
import "./canvas/tints.mjs";
import "./canvas/umap.mjs";
import "./canvas/words.mjs";
import "./explore/actions.mjs";
import "./explore/address.mjs";
import "./explore/card.mjs";
import "./explore/colorby.mjs";
import "./explore/composition.mjs";
import "./explore/differ.mjs";
import "./explore/genes.mjs";
import "./explore/genesets.mjs";
import "./explore/genetable.mjs";
import "./explore/orientation.mjs";
import "./explore/python.mjs";
import "./explore/query.mjs";
import "./explore/severalcolors.mjs";
import "./explore/slices.mjs";
import "./explore/sorts.mjs";
import "./explore/stages.mjs";
import "./explore/unknown.mjs";
import "./captionlines.mjs";
import "./figures.mjs";
import "./present.mjs";
import "./guide/ring.mjs";
import "./guide/steps.mjs";
import "./guide/visits.mjs";
import "./takealong.mjs";
import { follow } from "./canvas/mount.mjs";
import { watch } from "./canvas/watch.mjs";
import { ExplorePage } from "./explore/page.mjs";
import { foldOnPhones } from "./fold.mjs";
import { explainTerms } from "./guide/terms.mjs";
import { mountTour } from "./guide/tour.mjs";
import { hintScrolling } from "./scrollhint.mjs";

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
