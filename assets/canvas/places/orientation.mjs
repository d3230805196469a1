/** Which way round the slices lie: as each was given, or as the alignment turned them. */

import { planeOf } from "./aligned.mjs";
import { reason, wayOn } from "../../page/answers.mjs";
import { askAgain } from "../../values/refused.mjs";

export class Orientation {
  /** @param {import("../canvas.mjs").AtlasCanvas} atlas once its scene is there */
  constructor(atlas) {
    this.atlas = atlas;
  }

  /** Whether the places asked for are there. */
  get ready() {
    return !this.atlas.state.aligned || this.atlas.scene.alignable;
  }

  /** Fetch where the alignment put the spots.
   * @returns {Promise<boolean>} false where something else was asked for meanwhile */
  async prepare() {
    const { atlas } = this;
    const wait = atlas.frame.busy("Loading the alignment");
    try {
      const stack = await atlas.source.coordinates("stack");
      if (atlas.closed) return false;
      atlas.scene.addAligned(planeOf(stack));
      atlas.frame.warn("", { about: "aligned" });
    } catch (error) {
      if (atlas.closed) return false;
      const retry = wayOn(error, () => askAgain(atlas, { aligned: true }));
      atlas.frame.warn(`The slices are shown as they were given: ${reason(error)}`, { about: "aligned", retry });
      atlas.state = { ...atlas.state, aligned: false };
    } finally {
      wait();
    }
    return this.ready;
  }

  /** Lay the spots as the state says; as they were given while nothing else is known. */
  turn() {
    const { scene, state } = this.atlas;
    scene.turn(state.aligned && scene.alignable);
  }
}
