/**
 * The address as the reader goes on: one step for a choice, none while a handle is dragged.
 */

export class History {
  /** Address from before a drag, while it lasts.
   * @type {string | undefined} */
  before;

  /**
   * @param {string} query what the address's query becomes
   * @param {"step" | "drag" | "quiet"} how quiet: follows from something else, no step of its own
   */
  write(query, how) {
    const { pathname, search, hash } = window.location;
    const next = pathname + query + hash;
    const now = pathname + search + hash;
    if (how === "drag") this.before ??= now;
    if (how !== "step") {
      if (next !== now) window.history.replaceState({}, "", next);
      return;
    }
    // Letting go of a handle is one step, from where it was before the drag.
    const before = this.before ?? now;
    this.before = undefined;
    if (next === before) return;
    if (before !== now) window.history.replaceState({}, "", before);
    window.history.pushState({}, "", next);
  }
}
