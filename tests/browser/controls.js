// What readers operate: `edges()` answers fields, boxes and sliders whose outline does not stand out
// from what lies around it by 3 : 1, after WCAG 2.2, 1.4.11; `walk()` begins to note where the focus
// goes, and `walked()` answers what of that is wrong.
() => {
  const LEAST = 3;
  const pen = Object.assign(document.createElement("canvas"), { width: 1, height: 1 })
    .getContext("2d", { willReadFrequently: true });
  const known = new Map();
  const read = (color) => {
    if (!known.has(color)) known.set(color, drawn(color));
    return known.get(color);
  };
  /** Any colour of CSS as [r, g, b, alpha], 0 to 255 and 0 to 1. */
  const drawn = (color) => {
    pen.clearRect(0, 0, 1, 1);
    pen.fillStyle = "#000";
    pen.fillStyle = color;
    pen.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = pen.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = ([r, g, b, a], below) => [r, g, b].map((v, i) => a * v + (1 - a) * below[i]);
  /** What is seen through a node and all around it. */
  const paper = (node) => {
    const layers = [];
    for (let each = node; each; each = each.parentElement) {
      layers.unshift(read(getComputedStyle(each).backgroundColor));
    }
    return layers.reduce((below, layer) => over(layer, below), [255, 255, 255]);
  };
  const light = (color) => {
    const [r, g, b] = color.map((v) => {
      const s = v / 255;
      return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (color, around) => {
    const lights = [over(read(color), around), around].map(light);
    return (Math.max(...lights) + 0.05) / (Math.min(...lights) + 0.05);
  };
  const named = (node) => {
    const label = node.getAttribute("aria-label") ?? node.labels?.[0]?.textContent ?? node.textContent;
    const called = node.id ? `#${node.id}` : `.${node.getAttribute("class") ?? ""}`;
    return `${node.tagName} ${JSON.stringify((label ?? "").trim().slice(0, 40))} ${called.slice(0, 70)}`;
  };
  const isSeen = (node) => {
    const { width, height } = node.getBoundingClientRect();
    return width > 1 && height > 1 && node.checkVisibility({ visibilityProperty: true });
  };
  const isOff = (node) => node.disabled || node.closest("[inert], [data-disabled=true], .ag-root-wrapper");

  const FIELDS = "input, select, textarea, [role=slider], .mantine-SegmentedControl-indicator";
  /** A native box or slider is drawn by the browser, in colours that stand out. */
  const isNative = (node) =>
    node.type === "file" ||
    (/^(checkbox|radio|range|color)$/.test(node.type ?? "") &&
      getComputedStyle(node).appearance !== "none");
  const edges = () => {
    const found = [];
    for (const field of document.querySelectorAll(FIELDS)) {
      if (!isSeen(field) || isOff(field) || isNative(field)) continue;
      if (Number(getComputedStyle(field).opacity) === 0) continue;
      // A field among what was chosen in it has its outline around all of that.
      const node = field.closest(".mantine-Input-input") ?? field;
      const style = getComputedStyle(node);
      const around = paper(node.parentElement);
      // A handle may be drawn by what stands before and after it.
      const styles = [style, ...["::before", "::after"].map((part) => getComputedStyle(node, part))].filter(
        (each, index) => !index || each.content !== "none",
      );
      const colors = styles.flatMap((each) => [
        each.backgroundColor,
        ...["Top", "Right", "Bottom", "Left"]
          .filter((side) => parseFloat(each[`border${side}Width`]) > 0)
          .map((side) => each[`border${side}Color`]),
      ]);
      const best = Math.max(...colors.map((color) => contrast(color, around)));
      if (best < LEAST) found.push(`${best.toFixed(2)} ${named(node)}`);
    }
    return found;
  };

  const rest = new Map();
  const near = (node) => {
    const found = [node];
    if (node.nextElementSibling && node.matches("input")) found.push(node.nextElementSibling);
    for (let each = node.parentElement; each && found.length < 4; each = each.parentElement) {
      found.push(each);
    }
    return found;
  };
  const look = (node) => {
    const { outlineStyle, outlineColor, outlineWidth, borderTopColor, boxShadow } = getComputedStyle(node);
    const outlined = outlineStyle !== "none" && parseFloat(outlineWidth) > 0;
    return { outline: outlined ? outlineColor : "", borderTopColor, boxShadow };
  };
  const isMarked = (node) =>
    near(node).some((each) => {
      const now = look(each);
      const before = rest.get(each) ?? { outline: "", borderTopColor: "", boxShadow: "none" };
      const shadow = now.boxShadow.match(/(rgb|color|oklch|#)[^)]*\)/)?.[0];
      const changed = [
        now.outline !== before.outline && now.outline,
        now.borderTopColor !== before.borderTopColor && now.borderTopColor,
        now.boxShadow !== before.boxShadow && shadow,
      ].filter(Boolean);
      const papers = [paper(each.parentElement ?? each), paper(each)];
      return changed.some((color) => papers.some((around) => contrast(color, around) >= LEAST));
    });

  const stops = [];
  const unmarked = [];
  const note = ({ target }) => {
    stops.push(target);
    if (!target.closest(".ag-root-wrapper") && !isMarked(target)) unmarked.push(named(target));
  };
  const reached = () => {
    const all = document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex]");
    const groups = new Set();
    return [...all].filter((node) => {
      if (node.tabIndex < 0 || isOff(node) || !node.checkVisibility({ visibilityProperty: true })) return false;
      if (node.type !== "radio" || !node.name) return true;
      const group = [...document.getElementsByName(node.name)];
      const first = group.find((each) => each.checked) ?? group[0];
      return first === node && !groups.has(node.name) && Boolean(groups.add(node.name));
    });
  };
  const walk = () => {
    const still = "*, *::before, *::after { transition: none !important; animation: none !important }";
    document.head.append(Object.assign(document.createElement("style"), { textContent: still }));
    document.activeElement?.blur();
    for (const node of document.querySelectorAll("body *")) rest.set(node, look(node));
    document.addEventListener("focusin", note);
    return reached().length + 8 * document.querySelectorAll(".ag-root-wrapper").length;
  };
  const walked = () => {
    document.removeEventListener("focusin", note);
    const missed = reached().filter((node) => !stops.includes(node)).map(named);
    const end = stops.indexOf(stops[0], 1);
    const once = end < 0 ? stops : stops.slice(0, end);
    const back = once.filter((node, at) => {
      const before = once[at - 1];
      if (!before?.isConnected || node.closest(".ag-root-wrapper")) return false;
      return Boolean(before.compareDocumentPosition(node) & Node.DOCUMENT_POSITION_PRECEDING);
    });
    const grids = [...document.querySelectorAll(".ag-root-wrapper")];
    const passed = grids.filter((grid) => isSeen(grid) && !once.some((node) => grid.contains(node)));
    return {
      ends: end > 0,
      stops: once.length,
      missed: [...missed, ...passed.map(named)],
      back: back.map(named),
      unmarked: [...new Set(unmarked)],
    };
  };
  window.controls = { edges, walk, walked };
}
