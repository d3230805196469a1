/**
 * Sending a file in parts. A part whose connection breaks is sent again from where the server says it
 * stopped, and a page that was closed in between goes on with the same file.
 */

/** Seconds before each further try when the connection breaks. */
const WAITS = [0.5, 1, 2, 4, 8, 15, 15, 15];

/**
 * @typedef {{url: string, offset: number, size: number, part: number, job: {job: string} | null}} Upload
 * @typedef {{sent: (bytes: number) => void, trouble: (text: string) => void}} Listener
 */

/** What the server does not take, in a sentence. */
export class Refusal extends Error {}

/** The sending was stopped on purpose. */
export class Stopped extends Error {}

/** The connection broke, or the server could not answer for the moment. */
class Broken extends Error {}

/**
 * The server's refusal in a sentence.
 * @param {number} status @param {any} answer
 */
function refusal(status, answer) {
  if (!answer?.error) return `The server answered with status ${status}. Try again in a while.`;
  const parts = [answer.error];
  if (answer.found) parts.push(`Found: ${answer.found}.`);
  if (answer.expected) parts.push(`Expected: ${answer.expected}.`);
  if (answer.examples?.length) parts.push(`For example: ${answer.examples.join(", ")}.`);
  return parts.join(" ");
}

export class Sending {
  /** @param {File} file @param {Listener} listener */
  constructor(file, listener) {
    this.file = file;
    this.listener = listener;
    /** @type {XMLHttpRequest | null} */
    this.request = null;
    this.stopped = false;
    this.url = "";
    this.wake = () => {};
  }

  /**
   * Send the whole file; gives the job's id.
   * @param {string} base where uploads begin @param {Record<string, string>} parameters
   */
  async start(base, parameters) {
    const key = `atlas-upload ${base} ${JSON.stringify(parameters)} ${this.file.lastModified}`;
    let upload = (await this.resume(key)) ?? (await this.begin(base, parameters));
    this.url = upload.url;
    remember(key, upload.url);
    try {
      let failures = 0;
      while (upload.job === null) {
        this.listener.sent(upload.offset);
        try {
          upload = await this.part(upload);
          failures = 0;
        } catch (error) {
          if (!(error instanceof Broken) || failures >= WAITS.length) throw error;
          this.listener.trouble("The connection broke; it goes on as soon as there is one.");
          await this.wait(WAITS[failures]);
          failures += 1;
          upload = await this.standing(upload);
        }
      }
      remember(key, null);
      return upload.job.job;
    } catch (error) {
      if (error instanceof Refusal || error instanceof Stopped) remember(key, null);
      if (error instanceof Broken) {
        throw new Refusal(
          "The connection broke. What was sent is kept for an hour: choose the same file again, " +
            "and it goes on from there.",
        );
      }
      throw error;
    }
  }

  /** Stop, and let the server forget what has come. */
  stop() {
    this.stopped = true;
    this.request?.abort();
    this.wake();
    if (this.url) void fetch(this.url, { method: "DELETE" }).catch(() => {});
  }

  /** @param {string} base @param {Record<string, string>} parameters @returns {Promise<Upload>} */
  begin(base, parameters) {
    const query = new URLSearchParams({ ...parameters, size: String(this.file.size) });
    return this.ask("POST", `${base}?${query}`);
  }

  /** An upload of the same file that was left, if the server still has it.
   * @param {string} key */
  async resume(key) {
    const url = recall(key);
    if (!url) return null;
    try {
      const upload = await this.ask("GET", url);
      return upload.size === this.file.size ? upload : null;
    } catch (error) {
      if (error instanceof Stopped) throw error;
      return null;
    }
  }

  /** The upload as the server has it now, or as it was where it cannot say.
   * @param {Upload} upload */
  async standing(upload) {
    try {
      return await this.ask("GET", upload.url);
    } catch (error) {
      if (error instanceof Broken) return upload;
      throw error;
    }
  }

  /** @param {Upload} upload @returns {Promise<Upload>} */
  part(upload) {
    const { url, offset } = upload;
    return this.ask("PATCH", url, { offset, body: this.file.slice(offset, offset + upload.part) });
  }

  /**
   * @param {string} method @param {string} url
   * @param {{offset: number, body: Blob}} [part] that is sent, and where in the file it begins
   * @returns {Promise<Upload>}
   */
  ask(method, url, part) {
    return new Promise((resolve, reject) => {
      if (this.stopped) {
        reject(new Stopped());
        return;
      }
      const request = new XMLHttpRequest();
      this.request = request;
      request.open(method, url);
      if (part) {
        request.setRequestHeader("Content-Type", "application/offset+octet-stream");
        request.setRequestHeader("Upload-Offset", String(part.offset));
        request.upload.addEventListener("progress", (event) => {
          this.listener.sent(part.offset + event.loaded);
        });
      }
      request.addEventListener("load", () => {
        const answer = json(request.responseText);
        if (request.status < 300) resolve(answer);
        // Somewhere else in the file than thought, or a server that has not the time: ask anew.
        else if (request.status === 409 || request.status >= 502) reject(new Broken());
        else reject(new Refusal(refusal(request.status, answer)));
      });
      request.addEventListener("error", () => reject(new Broken()));
      request.addEventListener("abort", () => reject(new Stopped()));
      request.send(part?.body ?? null);
    });
  }

  /** @param {number} seconds */
  wait(seconds) {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(undefined), 1000 * seconds);
      this.wake = () => {
        clearTimeout(timer);
        resolve(undefined);
      };
    });
  }
}

/** @param {string} text */
function json(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** @param {string} key @param {string | null} url null: forget it */
function remember(key, url) {
  try {
    if (url === null) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, url);
  } catch {
    // A browser that keeps nothing begins anew.
  }
}

/** @param {string} key */
function recall(key) {
  try {
    return sessionStorage.getItem(key);
  } catch {
    return null;
  }
}
