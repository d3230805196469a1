/** What Dash asks its server for, read from the body of its request. */

/**
 * @typedef {{id: any, property: string}} Output
 * @typedef {{output?: unknown, outputs?: Output | (Output | Output[])[], changedPropIds?: string[]}} DashRequest
 */

/** @param {string} body @returns {DashRequest} empty where it is no request of Dash */
export function readRequest(body) {
  try {
    return JSON.parse(body) ?? {};
  } catch {
    return {};
  }
}

/** Whether a clock of the page asks, and no reader.
 * @param {DashRequest} request */
export function isClocked({ changedPropIds = [] }) {
  return changedPropIds.length > 0 && changedPropIds.every((id) => id.endsWith(".n_intervals"));
}
