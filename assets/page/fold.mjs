/**
 * Cards that unfold (details.fold) come open, and closed on phones, where a page of open ones is
 * many screens long. What a reader opened or closed stays so.
 */

import { watch } from "./watch.mjs";

const PHONE = "(max-width: 700px)";

export function foldOnPhones() {
  watch("details.fold", {
    added: (host) => {
      if (window.matchMedia(PHONE).matches) host.removeAttribute("open");
      // A chart that was drawn while it had no room measures it anew when the window's size changes.
      host.addEventListener("toggle", () => window.dispatchEvent(new Event("resize")));
    },
    changed: () => {},
    removed: () => {},
  });
}
