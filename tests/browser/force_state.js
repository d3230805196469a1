// Lets every rule of the page for "hover" or "focus" hold as if all elements were pointed at, or had
// the focus; "" lets them hold as they are written again. Answers how many rules that were.
(state) => {
  const PSEUDO = { hover: /:hover(?![\w-])/g, focus: /:focus(-visible|-within)?(?![\w-])/g };
  // It holds for every element, and counts as much as the class that it stands for.
  const ALWAYS = ":nth-child(n)";
  const written = (window.atlasWritten ??= new Map());
  for (const [rule, selector] of written) rule.selectorText = selector;
  written.clear();
  if (!state) return 0;
  if (!window.atlasStill) {
    // A colour on its way to another is neither.
    window.atlasStill = new CSSStyleSheet();
    window.atlasStill.replaceSync("*, *::before, *::after { transition: none !important; }");
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, window.atlasStill];
    void getComputedStyle(document.body).color;
  }
  const walk = (rules) => {
    for (const rule of rules) {
      const { selectorText } = rule;
      const forced = selectorText?.replace(PSEUDO[state], ALWAYS);
      if (forced !== selectorText) {
        written.set(rule, selectorText);
        rule.selectorText = forced;
      }
      if (rule.cssRules) walk(rule.cssRules);
    }
  };
  for (const sheet of [...document.styleSheets, ...document.adoptedStyleSheets]) walk(sheet.cssRules);
  return written.size;
}
