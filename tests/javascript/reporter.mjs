/** What became of each test, as a line of JSON, for pytest to tell. */

/** @param {AsyncIterable<{type: string, data: any}>} events */
export default async function* report(events) {
  for await (const { type, data } of events) {
    if (type !== "test:pass" && type !== "test:fail") continue;
    // A file that does not load is a failed test by the name of the file.
    if (data.nesting) continue;
    const error = data.details?.error;
    const fault = error && String(error.cause?.stack ?? error.cause ?? error.stack ?? error);
    yield `${JSON.stringify({ name: data.name, passed: type === "test:pass", fault })}\n`;
  }
}
