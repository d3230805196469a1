/** Whether a page is opened by somebody who has never seen this atlas's pages before. */

const KEY = "atlas-tour-seen";

/** Where the document was opened: the pages write their state into the address soon after. */
const opened = { pathname: window.location.pathname, search: window.location.search };

/**
 * True once in a browser, and only where a page is opened plainly: a link with a view was made to
 * show that view. Where nothing can be remembered the answer is no, or it would be yes each time.
 * @param {string[]} pages addresses at which a first visit may begin
 */
export function isFirstVisit(pages) {
  // A program that drives the browser wants the page as it is.
  if (navigator.webdriver) return false;
  const plain = [...new URLSearchParams(opened.search).keys()].every((name) => name === "atlas");
  if (!plain || !pages.includes(opened.pathname)) return false;
  try {
    const seen = localStorage.getItem(KEY) !== null;
    rememberVisit();
    return !seen && localStorage.getItem(KEY) !== null;
  } catch {
    return false;
  }
}

/** The tour was seen. */
export function rememberVisit() {
  try {
    localStorage.setItem(KEY, new Date().toISOString().slice(0, 10));
  } catch {
    // A browser that keeps nothing is never greeted unasked either.
  }
}
