/** The button that plays and pauses. */

import { element, icon } from "../page/dom.mjs";

const PLAY = "M8 5l11 7-11 7z";
const PAUSE = "M8 5v14M16 5v14";

export class PlayButton {
  /** @param {() => void} toggle */
  constructor(toggle) {
    this.node = element("button", { type: "button", class: "film-play", disabled: true, onclick: toggle });
    this.show(false);
  }

  open() {
    this.node.disabled = false;
  }

  /** @param {boolean} playing */
  show(playing) {
    const label = playing ? "Pause" : "Play";
    this.node.setAttribute("aria-label", label);
    this.node.title = `${label} (space on the slider)`;
    this.node.replaceChildren(icon(playing ? PAUSE : PLAY));
    this.node.classList.toggle("is-playing", playing);
  }
}
