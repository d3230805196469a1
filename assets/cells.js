/**
 * Cells of the tables, and small functions that components ask for by name.
 *
 * AG Grid looks cell components up in `window.dashAgGridComponentFunctions`, Mantine its functions
 * in `window.dashMantineFunctions`, Dash its browser-side callbacks in `window.dash_clientside`. A
 * classic script, not a module: it must have run before the first component is drawn.
 */

(() => {
  "use strict";

  /** @param {number} value  @param {number} [digits] */
  const rounded = (value, digits = 3) => Number(value).toFixed(digits);

  /**
   * One small column per stage; the highest is full height.
   * @param {{value: number[] | null | undefined, stages: string[]}} props
   */
  function StageBars({ value, stages }) {
    const element = window.React.createElement;
    const values = value ?? [];
    const most = Math.max(...values, 1e-9);
    const text = values.map((v, i) => `${stages[i]}: ${rounded(v)}`).join(", ");
    return element(
      "span",
      { className: "stage-bars", role: "img", "aria-label": text, title: text },
      values.map((v, i) =>
        element("span", { key: i, style: { height: `${Math.max(4, (100 * v) / most)}%` } }),
      ),
    );
  }

  /**
   * A share in [0, 1] as a bar with its number.
   * @param {{value: number | null | undefined}} props
   */
  function ShareBar({ value }) {
    const element = window.React.createElement;
    if (value === null || value === undefined) return "–";
    return element(
      "span",
      { className: "share-bar" },
      element("span", { className: "track" }, element("span", { style: { width: `${100 * value}%` } })),
      rounded(value, 2),
    );
  }

  // AG Grid tells of clicks on a cell, and of no key: Enter is one.
  document.addEventListener("keydown", (event) => {
    const cell = event.target instanceof Element ? event.target.closest(".atlas-grid .ag-cell") : null;
    if (event.key !== "Enter" || !(cell instanceof HTMLElement) || cell !== event.target) return;
    (cell.querySelector("a") ?? cell).click();
  });

  window.dashAgGridComponentFunctions = Object.assign(window.dashAgGridComponentFunctions ?? {}, {
    StageBars,
    ShareBar,
  });

  /** What Dash itself puts there it adds to what there is. Fields that no one has filled are null or undefined. */
  window.dash_clientside = Object.assign(window.dash_clientside ?? {}, {
    atlas_map: {
      /** What the upload is told to impute.
       * @param {string[] | null | undefined} chosen */
      imputed: (chosen) => {
        const names = chosen ?? [];
        return names.includes("all") ? "all" : names.join(",");
      },
      /** The column of sections that the upload names.
       * @param {string | null | undefined} written */
      section: (written) => (written ?? "").trim(),
    },
  });

  window.dashMantineFunctions = Object.assign(window.dashMantineFunctions ?? {}, {
    /** The server has searched already: every option it sent is shown.
     * @param {{options: object[]}} asked */
    keepAll: ({ options }) => options,
  });
})();
