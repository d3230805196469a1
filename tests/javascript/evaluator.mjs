/**
 * Runs functions that a test in Python sends, as a page would: a line of JSON each, [source of an
 * async function, its argument], answered by a line. '/assets/…' is the folder given first.
 */

import { createInterface } from "node:readline";

const [assets] = process.argv.slice(2);

for await (const line of createInterface({ input: process.stdin })) {
  const [source, argument] = JSON.parse(line);
  let answer;
  try {
    const placed = source.replaceAll('import("/assets/', `import("${assets}/`);
    // A data URL would have no place from which to import.
    const run = new Function(`return (${placed});`)();
    answer = { value: (await run(argument)) ?? null };
  } catch (error) {
    answer = { fault: error instanceof Error ? error.stack : String(error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
