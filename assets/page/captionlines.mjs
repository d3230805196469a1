/** A line of text broken where it is wider than what it stands below. */

/**
 * @param {string} text @param {number} width @param {(text: string) => number} measure a text's width
 * @returns {string[]} lines no wider than `width`, but for single words; breaks are between words
 */
export function captionLines(text, width, measure) {
  /** @type {string[]} */
  const lines = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && measure(`${last} ${word}`) <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
