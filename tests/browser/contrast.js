// Every text in sight with the contrast of its colour to what lies behind it, after WCAG 2.2:
// answers those with less than 4.5 : 1, or 3 : 1 where the letters are large.
() => {
  for (const each of document.querySelectorAll("details")) each.open = true;
  const LARGE = 24;
  const LARGE_BOLD = 18.66;
  const pen = Object.assign(document.createElement("canvas"), { width: 1, height: 1 })
    .getContext("2d", { willReadFrequently: true });
  const known = new Map();
  /** Any colour of CSS as [r, g, b, alpha], 0 to 255 and 0 to 1. */
  const read = (color) => {
    if (!known.has(color)) {
      pen.clearRect(0, 0, 1, 1);
      pen.fillStyle = "#000";
      pen.fillStyle = color;
      pen.fillRect(0, 0, 1, 1);
      const [r, g, b, a] = pen.getImageData(0, 0, 1, 1).data;
      known.set(color, [r, g, b, a / 255]);
    }
    return known.get(color);
  };
  const over = ([r, g, b, a], below) => [r, g, b].map((v, i) => a * v + (1 - a) * below[i]);
  /** What lies behind the content of a node, and how opaque that content is. */
  const behind = (node) => {
    const layers = [];
    let opacity = 1;
    for (let each = node; each; each = each.parentElement) {
      const style = getComputedStyle(each);
      opacity *= Number(style.opacity);
      const layer = read(style.backgroundColor);
      if (!(each instanceof SVGElement) && layer[3] > 0) layers.unshift(layer);
    }
    const white = [255, 255, 255];
    return { opacity, paper: layers.reduce((below, layer) => over(layer, below), white) };
  };
  const light = (color) => {
    const [r, g, b] = color.map((v) => {
      const s = v / 255;
      return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const found = [];
  let seen = 0;
  const judge = (node, text, style) => {
    if (!node.checkVisibility({ opacityProperty: true, visibilityProperty: true })) return;
    if (node.closest(":disabled, [aria-disabled=true], [data-disabled=true], [inert]")) return;
    const drawn = node instanceof SVGElement;
    const { opacity, paper } = behind(node);
    const ink = read(drawn ? style.fill : style.color);
    const alpha = ink[3] * opacity * (drawn ? Number(style.fillOpacity) : 1);
    const lights = [over([...ink.slice(0, 3), alpha], paper), paper].map(light);
    const contrast = (Math.max(...lights) + 0.05) / (Math.min(...lights) + 0.05);
    const size = parseFloat(style.fontSize);
    const large = size >= LARGE || (size >= LARGE_BOLD && Number(style.fontWeight) >= 700);
    seen += 1;
    if (contrast >= (large ? 3 : 4.5)) return;
    const place = node.closest("[id], [class]");
    const called = place?.id ? `#${place.id}` : `.${place?.getAttribute("class") ?? ""}`;
    found.push(`${contrast.toFixed(2)} ${JSON.stringify(text.slice(0, 40))} in ${called.slice(0, 80)}`);
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let text = walker.nextNode(); text; text = walker.nextNode()) {
    const node = text.parentElement;
    if (!text.data.trim() || node.closest("script, style, noscript, defs")) continue;
    const range = document.createRange();
    range.selectNodeContents(text);
    const { width, height } = range.getBoundingClientRect();
    // What only screen readers get is a point in size.
    const box = node.getBoundingClientRect();
    if (width < 1 || height < 1 || (box.width <= 1 && box.height <= 1)) continue;
    judge(node, text.data.trim(), getComputedStyle(node));
  }
  for (const field of document.querySelectorAll("input, textarea")) {
    const style = getComputedStyle(field);
    const empty = field.placeholder && !field.value;
    if (empty) judge(field, field.placeholder, getComputedStyle(field, "::placeholder"));
    else if (field.value && /^(text|search|number|)$/.test(field.getAttribute("type") ?? "")) {
      judge(field, field.value, style);
    }
  }
  return { seen, found: [...new Set(found)] };
}
