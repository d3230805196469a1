/** A text that is taken along: to the clipboard, or as a file where browsers allow no copying. */

/** Copy the address of the page as it is now.
 * @returns {Promise<string>} what became of it */
export async function copyLink() {
  try {
    await navigator.clipboard.writeText(window.location.href);
    return "Link copied";
  } catch {
    // Without a safe connection browsers allow no copying.
    return "Copy it from the address bar: the address is the link";
  }
}

/** Offer a text as a file.
 * @param {string} text @param {string} name */
export function saveText(text, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/plain;charset=utf-8" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

/** @param {string} text Python @param {string} name of the file @returns {Promise<string>} what became of it */
export async function copyPython(text, name) {
  try {
    await navigator.clipboard.writeText(text);
    return "Python copied";
  } catch {
    // Without a safe connection there is no clipboard.
    saveText(text, name);
    return `Python saved as ${name}`;
  }
}
