"""What can be opened on pages, for tests that look at it; read through `runpy`.

`OPENINGS` has, by a page's name, what is opened on it one after the other; each answers with what
is then in sight. A list opens with an option under the pointer and another chosen by keyboard.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

Opening = Callable[[Any], Any]
# In the middle of a spot of the canvas.
A_SPOT = """() => {
  const host = document.querySelector(".atlas-explore, .atlas-canvas");
  host.querySelector(".ac-canvas").scrollIntoView({ block: "center" });
  const c = host.atlasCanvas;
  const [[spot]] = c.pixelsOf([...Array(c.n).keys()], "spatial");
  const at = c.screenOf(spot, "spatial");
  const panel = host.querySelector(".ac-canvas").getBoundingClientRect();
  return [panel.x + at.x, panel.y + at.y];
}"""


def term(key: str = "") -> Opening:
    """The explanation of a term of the page."""

    def open_it(tab: Any) -> Any:
        of = f"[data-term={key}]" if key else ""
        tab.locator(f"main .term-help{of}:visible").first.click()
        return tab.locator("#term-note")

    return open_it


def options(tab: Any, least: int = 1) -> Any:
    """The options in sight; of closed lists there are hidden ones."""
    found = tab.locator("[role=option]:visible")
    found.nth(least - 1).wait_for()
    return found


def point(tab: Any, least: int = 2) -> Any:
    """One option of the open list is chosen by keyboard, another is pointed at."""
    found = options(tab, least)
    tab.keyboard.press("ArrowDown")
    found.last.hover()
    return found.last


def choices(label: str) -> Opening:
    """The list of a field."""

    def open_it(tab: Any) -> Any:
        tab.get_by_role("textbox", name=label, exact=True).click()
        return point(tab)

    return open_it


def typed(label: str, text: str) -> Opening:
    """The list that a field shows for a text."""

    def open_it(tab: Any) -> Any:
        field = tab.get_by_role("textbox", name=label, exact=True)
        field.click()
        field.fill(text)
        return point(tab, 1)

    return open_it


def unknown_gene(tab: Any) -> Any:
    field = tab.get_by_role("textbox", name="Gene", exact=True)
    field.fill("zzzz")
    field.press("Enter")
    return tab.get_by_text("No such gene in this atlas")


def found_genes(tab: Any) -> Any:
    tab.locator("#explore-gene").fill("gene1")
    return point(tab)


def no_gene(tab: Any) -> Any:
    tab.locator("#explore-gene").fill("zzzz")
    return tab.locator(".ex-hit-none")


def pasted_genes(tab: Any) -> Any:
    """The panel of a gene set, with a gene that there is and one that there is not."""
    if tab.locator("#explore-set-panel").is_hidden():
        tab.get_by_role("button", name=re.compile("^Gene set:")).click()
    tab.get_by_label("Genes of the set").fill("ALB NOSUCH")
    tab.get_by_role("button", name="Show score").click()
    return tab.locator(".ex-set-status", has_text="NOSUCH")


def spot_card(tab: Any) -> Any:
    tab.mouse.move(*tab.evaluate(A_SPOT))
    return tab.locator(".ac-card:visible")


def atlases(tab: Any) -> Any:
    tab.locator("#atlas-picker").click()
    tab.get_by_role("menuitem").last.hover()
    tab.keyboard.press("ArrowDown")
    return tab.get_by_role("menuitem").last


def tour(tab: Any) -> Any:
    tab.locator("#tour-start").click()
    return tab.locator(".tour-panel")


def tour_goes_on(tab: Any) -> Any:
    tour(tab).get_by_role("button", name="Next").click()
    return tab.get_by_role("button", name="Back")


def picked_genes(tab: Any) -> Any:
    """The list of genes to impute, with one gene picked."""
    field = tab.get_by_role("textbox", name="Genes to impute (optional)")
    if tab.locator(".mantine-MultiSelect-pill").count() == 0:
        field.fill("alb")
        options(tab).first.click()
    field.fill("gene")
    return point(tab)


def no_gene_to_impute(tab: Any) -> Any:
    tab.get_by_role("textbox", name="Genes to impute (optional)").fill("zzzz")
    return tab.get_by_text("No such gene in this atlas")


def folded(tab: Any) -> Any:
    """All that is folded by a button."""
    closed = tab.locator("main .mantine-Accordion-control[aria-expanded=false]")
    # What is opened is no longer among them.
    for each in reversed(closed.all()):
        each.click()
    return tab.locator("main .mantine-Accordion-panel:visible").last


def heads(tab: Any) -> Any:
    """What the head of a column says."""
    tab.locator("#factors-grid .ag-header-cell[col-id=stability]").hover()
    return tab.locator(".ag-tooltip")


OPENINGS: dict[str, tuple[Opening, ...]] = {
    "home": (term(), atlases, tour),
    "explore": (term("factor"), found_genes, no_gene, pasted_genes, spot_card, tour, tour_goes_on),
    "gene": (spot_card,),
    "stack": (term(),),
    "stages": (term(), choices("Within domain"), typed("Gene", "gene"), unknown_gene),
    "changes": (choices("Within domain"),),
    "film": (choices("Domain"),),
    "factors": (term("stability"), heads),
    "two factors": (choices("Compare factor 1 with"),),
    "map": (picked_genes, no_gene_to_impute),
    "mapped": (choices("Colour by"), spot_card, folded),
    "about": (folded,),
}
