/** Charts as files: a button in a figure saves what Plotly draws there, as SVG or as PNG. */

const PNG_SCALE = 2;

/** @param {HTMLElement} button in the figure, with data-save (svg or png) and data-name */
async function save(button) {
  const figure = button.closest(".figure");
  const plot = /** @type {any} */ (figure?.querySelector(".js-plotly-plot"));
  const plotly = /** @type {any} */ (window).Plotly;
  if (!plot || !plotly) return;
  const format = button.dataset.save;
  const { width, height } = plot.getBoundingClientRect();
  // Files are looked at on white, whatever the page is.
  const address = await plotly.toImage(
    {
      data: plot.data,
      layout: { ...plot.layout, paper_bgcolor: "#ffffff", plot_bgcolor: "#ffffff" },
      config: { staticPlot: true },
    },
    { format, width, height, scale: format === "png" ? PNG_SCALE : 1 },
  );
  const link = document.createElement("a");
  link.href = address;
  link.download = `${button.dataset.name}.${format}`;
  link.click();
}

document.addEventListener("click", (event) => {
  const button = /** @type {HTMLElement} */ (event.target)?.closest?.("button[data-save]");
  if (button) void save(/** @type {HTMLElement} */ (button));
});
