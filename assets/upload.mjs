import { present } from "./page/present.mjs";
import { Refusal, Sending, Stopped } from "./upload-parts.mjs";

/**
 * The place where a section is chosen or dropped, checked, and sent to the server in parts.
 *
 * Mounts itself on every `<div class="atlas-upload" data-url data-limit data-impute
 * data-section>`. When the server has accepted the file, the page's address names the job and the
 * page goes on from there.
 */

/** How an HDF5 file begins, and a zip. */
const SIGNATURES = [
  [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a],
  [0x50, 0x4b, 0x03, 0x04],
];
const mounted = new WeakSet();

/**
 * @param {string} tag @param {Record<string, string>} attributes @param {(Node | string)[]} children
 * @returns {HTMLElement}
 */
function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/** @param {number} bytes */
export function size(bytes) {
  const units = ["bytes", "kB", "MB", "GB"];
  let step = 0;
  while (bytes >= 1000 && step < units.length - 1) {
    bytes /= 1000;
    step += 1;
  }
  return `${step && bytes < 10 ? bytes.toFixed(1) : Math.round(bytes)} ${units[step]}`;
}

/**
 * What is wrong with a file that can be seen before it is sent; null when nothing is.
 * @param {File} file @param {number} limit
 */
export async function fault(file, limit) {
  if (file.size === 0) return `${file.name} is empty.`;
  if (file.size > limit) {
    return (
      `${file.name} is ${size(file.size)}; this server takes at most ${size(limit)}. ` +
      "Map it with the command below instead."
    );
  }
  const start = new Uint8Array(await file.slice(0, 8).arrayBuffer());
  if (!SIGNATURES.some((signature) => signature.every((byte, i) => start[i] === byte))) {
    return (
      `${file.name} is neither an .h5ad file nor a zip. Write one with ` +
      "adata.write_h5ad('query.h5ad'), or zip a Space Ranger folder or your two tables."
    );
  }
  return null;
}

/** @param {HTMLElement} root */
function mount(root) {
  const input = /** @type {HTMLInputElement} */ (
    make("input", { type: "file", accept: ".h5ad,.zip", id: "query-file", class: "upload-input" })
  );
  const chosen = make("span", { class: "upload-chosen" }, "or drop it here");
  const zone = make(
    "label",
    { class: "upload-zone", for: "query-file" },
    make("strong", {}, "Choose an .h5ad or .zip file"),
    chosen,
    input,
  );
  const notice = make("div", { class: "upload-notice", role: "alert" });
  const bar = make("progress", { max: "1", value: "0", "aria-label": "Upload" });
  const sent = make("span", { class: "upload-sent", role: "status" });
  const start = /** @type {HTMLButtonElement} */ (
    make("button", { type: "button", class: "link-button filled", disabled: "" }, "Map this section")
  );
  const stop = make("button", { type: "button", class: "link-button light" }, "Stop");
  const progress = make("div", { class: "upload-progress" }, bar, sent, stop);
  progress.hidden = true;
  root.append(zone, notice, make("div", { class: "upload-actions" }, start), progress);

  /** @type {File | null} */
  let file = null;

  /** @param {string} text */
  const say = (text) => {
    notice.textContent = text;
    notice.hidden = text === "";
  };
  say("");

  /** @param {File | undefined} candidate */
  const choose = async (candidate) => {
    if (!candidate) return;
    file = null;
    start.disabled = true;
    chosen.textContent = `${candidate.name}, ${size(candidate.size)}`;
    const wrong = await fault(candidate, Number(root.dataset.limit));
    zone.classList.toggle("wrong", wrong !== null);
    zone.classList.toggle("ready", wrong === null);
    say(wrong ?? "");
    if (wrong === null) {
      file = candidate;
      start.disabled = false;
    }
  };

  input.addEventListener("change", () => {
    choose(input.files?.[0]);
    // Else a file that was mended could not be chosen again: by its name nothing would change.
    input.value = "";
  });
  for (const name of ["dragenter", "dragover"]) {
    zone.addEventListener(name, (event) => {
      event.preventDefault();
      zone.classList.add("over");
    });
  }
  for (const name of ["dragleave", "drop"]) {
    zone.addEventListener(name, () => zone.classList.remove("over"));
  }
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    if (!progress.hidden) return;
    choose(event.dataTransfer?.files[0]);
  });

  start.addEventListener("click", () => {
    if (file) send(file);
  });

  /** @param {File} chosenFile */
  async function send(chosenFile) {
    const total = chosenFile.size;
    const sending = new Sending(chosenFile, {
      sent: (bytes) => {
        bar.setAttribute("value", String(Math.min(1, bytes / total)));
        sent.textContent = `${size(Math.min(bytes, total))} of ${size(total)} sent`;
      },
      trouble: (text) => {
        sent.textContent = text;
      },
    });
    stop.onclick = () => sending.stop();
    say("");
    input.disabled = true;
    start.hidden = true;
    progress.hidden = false;
    bar.setAttribute("value", "0");
    sent.textContent = "";
    /** @type {Record<string, string>} */
    const parameters = { name: chosenFile.name };
    if (root.dataset.impute) parameters.impute = root.dataset.impute;
    if (root.dataset.section) parameters.section_column = root.dataset.section;
    try {
      const job = await sending.start(root.dataset.url ?? "", parameters);
      const address = new URLSearchParams(window.location.search);
      const atlas = address.get("atlas");
      const next = new URLSearchParams(atlas ? { atlas } : {});
      next.set("job", job);
      // Dash has begun: it drew the place.
      present(window.dash_clientside?.set_props, "What Dash is told by")("url", { search: `?${next}` });
    } catch (error) {
      progress.hidden = true;
      start.hidden = false;
      input.disabled = false;
      if (error instanceof Stopped) say("Stopped; nothing was kept.");
      else if (error instanceof Refusal) say(error.message);
      else throw error;
    }
  }
}

function mountAll() {
  for (const root of document.querySelectorAll(".atlas-upload")) {
    if (mounted.has(root)) continue;
    mounted.add(root);
    mount(/** @type {HTMLElement} */ (root));
  }
}

new MutationObserver(mountAll).observe(document.documentElement, { childList: true, subtree: true });
mountAll();
