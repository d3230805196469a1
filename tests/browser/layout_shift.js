// How far a page's parts moved since a time, without a reader's doing, after the Layout Instability
// API: the score, and what moved most. The browser keeps the first 150 shifts of a page.
async (since) => {
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  await frame();
  await frame();
  const watch = new PerformanceObserver(() => {});
  watch.observe({ type: "layout-shift", buffered: true });
  const shifts = watch.takeRecords().filter((each) => !each.hadRecentInput && each.startTime >= since);
  watch.disconnect();
  const score = shifts.reduce((sum, each) => sum + each.value, 0);
  const [worst] = shifts.sort((one, other) => other.value - one.value);
  const place = ({ x, y, width, height }) => [x, y, width, height].map(Math.round).join(" ");
  const named = (node) => {
    const { tagName, id, className } = node?.closest ? node : (node?.parentElement ?? {});
    return `${tagName ?? "gone"} #${id ?? ""} .${className?.baseVal ?? className ?? ""}`;
  };
  const moved = (worst?.sources ?? []).map(
    (each) => `${named(each.node)}: ${place(each.previousRect)} to ${place(each.currentRect)}`,
  );
  return { score, moved };
}
