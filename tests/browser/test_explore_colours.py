"""Explore: what colours the map, and that the pixels are what the bytes say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from atlas_app.drawing import colors

pytestmark = pytest.mark.browser
Rgb = tuple[int, int, int]


def as_rgb(values: Any) -> Rgb:
    return (int(values[0]), int(values[1]), int(values[2]))


def number_palette(
    data: np.ndarray,
    *,
    zero_apart: bool,
    clip: tuple[float, float] = (1, 99),
    name: str = "viridis",
    scheme: str = "light",
) -> dict[int, Rgb]:
    """Colour of every byte: nearest-rank percentiles, then the map, zero and missing apart."""
    first = 1 if zero_apart else 0
    measured = np.sort(data[(data >= first) & (data < 255)].astype(int))
    rank = lambda p: measured[max(1, int(np.ceil(p / 100 * len(measured)))) - 1]  # noqa: E731
    low = first if clip[0] <= 0 else rank(clip[0])
    high = 254 if clip[1] >= 100 else rank(clip[1])
    table = colors.color_table(name)
    steps = np.floor(np.clip((np.arange(255) - low) / max(high - low, 1), 0, 1) * 255 + 0.5)
    palette = {byte: as_rgb(table[int(steps[byte])]) for byte in range(255)}
    if zero_apart:
        palette[0] = as_rgb(colors.rgb(colors.ZERO[scheme]))
    palette[255] = as_rgb(colors.rgb(colors.MISSING[scheme]))
    return palette


def category_palette(column: dict[str, Any], scheme: str = "light") -> dict[int, Rgb]:
    listed = colors.category_colors(len(column["categories"]), column["colors"])
    palette = {code: as_rgb(colors.rgb(color)) for code, color in enumerate(listed)}
    palette[255] = as_rgb(colors.rgb(colors.MISSING[scheme]))
    return palette


def agree(pixels: dict[int, Rgb], data: np.ndarray, palette: dict[int, Rgb]) -> None:
    """Every pixel within rounding of its byte's colour, and enough of them to mean something."""
    assert len(pixels) > 100
    wrong = {
        spot: (pixel, palette[int(data[spot])])
        for spot, pixel in pixels.items()
        if max(abs(a - b) for a, b in zip(pixel, palette[int(data[spot])], strict=True)) > 1
    }
    assert not wrong, f"{len(wrong)} of {len(pixels)} pixels differ: {list(wrong.items())[:5]}"


def test_opens_with_domains_and_measures_the_first_paint(tab: Any, canvas: Any, http: Any) -> None:
    opened = tab("/explore")
    view = canvas(opened)
    data, _, _ = http.values("obs", "domain")
    for panel in ("spatial", "umap"):
        agree(view.pixels(panel), data, category_palette(http.column("domain")))
    marks = opened.page.evaluate(
        "performance.getEntriesByName('first-paint', 'measure').map(m => [m.startTime, m.duration])"
    )
    assert len(marks) == 1
    assert marks[0][0] == 0
    assert marks[0][1] > 0

    page = opened.page
    assert page.locator("h1").text_content() == "Explore"
    shown = page.locator(".ac-label:visible").all_text_contents()
    for part in http.description["slices"]:
        spots = f"{part['stop'] - part['start']:,} spots"
        assert f"{part['name']}{part['stage']} · {spots}" in shown
    unit = http.description["units"]["coordinate"]
    assert page.locator(".ac-scalebar span").text_content().split()[1] in ("mm", unit, "units")


def test_gene_search_finds_and_paints(tab: Any, canvas: Any, http: Any) -> None:
    opened = tab("/explore")
    view = canvas(opened)
    gene = http.genes("m")[0]
    spoken = gene["symbol"] or gene["name"]
    field = opened.page.get_by_role("combobox", name="Gene")
    # Any case, a part of the name, and the keyboard alone.
    field.fill(spoken.lower())
    option = opened.page.get_by_role("listbox").get_by_role("option").first
    option.wait_for()
    assert spoken in option.text_content()
    field.press("Enter")
    view.wait_color(f"gene:{gene['name']}")
    data, low, high = http.values("gene", gene["name"])
    agree(view.pixels(), data, number_palette(data, zero_apart=True))
    assert f"color=gene:{gene['name']}" in opened.page.url
    assert field.input_value() == gene["name"]
    recolours = opened.page.evaluate("performance.getEntriesByName('recolour').length")
    assert recolours == 1

    # The bar names the gene, its unit and the ends of the scale.
    key = opened.page.locator(".ex-key")
    assert key.locator(".ac-key-title").text_content() == gene["name"]
    assert key.locator(".ac-key-unit").text_content() == "log1p counts per 10,000"
    assert low == 0
    assert high > 0

    # Ensembl ids, the arrow keys, the pointer, and what is not there.
    if gene["ensembl_id"]:
        field.fill(gene["ensembl_id"].split(".")[0])
        option.wait_for()
        assert gene["ensembl_id"].split(".")[0] in option.text_content()
        field.press("Escape")
    field.fill(spoken[:1])
    second = opened.page.get_by_role("listbox").get_by_role("option").nth(1)
    second.wait_for()
    field.press("ArrowDown")
    field.press("ArrowUp")
    field.press("ArrowDown")
    assert second.get_attribute("aria-selected") == "true"
    name = second.locator("b").text_content()
    second.click()
    view.wait(f"c.valuesColor.startsWith('gene:') && c.valuesColor !== 'gene:{gene['name']}'")
    assert name in view.ask("c.key.title")
    field.fill("no such gene")
    opened.page.get_by_text("No gene matches").wait_for()
    field.press("Enter")
    field.press("Escape")
    assert field.input_value() == view.ask("c.key.title")


def test_factors_and_annotations(tab: Any, canvas: Any, http: Any) -> None:
    opened = tab("/explore")
    view = canvas(opened)
    opened.page.get_by_label("Factor", exact=True).select_option("1")
    view.wait_color("factor:1")
    data, _, _ = http.values("factor", "1")
    agree(view.pixels(), data, number_palette(data, zero_apart=False))
    assert opened.page.locator(".ac-key-unit").text_content() == "proportion"

    annotation = opened.page.get_by_label("Annotation", exact=True)
    numbers = [c["name"] for c in http.description["obs"] if c["kind"] == "number"]
    categories = [c["name"] for c in http.description["obs"] if c["kind"] == "category"]
    for name in (*numbers[:1], categories[-1]):
        annotation.select_option(name)
        view.wait_color(f"obs:{name}")
        data, _, _ = http.values("obs", name)
        palette = (
            category_palette(http.column(name))
            if name in categories
            else number_palette(data, zero_apart=False)
        )
        agree(view.pixels(), data, palette)
        assert opened.page.get_by_label("Factor", exact=True).input_value() == ""


def test_clipping_and_colour_maps(tab: Any, canvas: Any, http: Any) -> None:
    opened = tab("/explore?color=factor:0")
    view = canvas(opened)
    data, _, _ = http.values("factor", "0")
    page = opened.page
    low = page.get_by_label("Lowest percentile", exact=True)
    high = page.get_by_label("Highest percentile", exact=True)
    assert (low.input_value(), high.input_value()) == ("1", "99")

    low.fill("20")
    low.press("Enter")
    high.fill("80")
    high.press("Enter")
    view.wait("c.applied.clip.join() === '20,80'")
    agree(view.pixels(), data, number_palette(data, zero_apart=False, clip=(20, 80)))
    assert "clip=20_80" in page.url
    assert page.locator(".ac-bound").first.text_content().startswith("≤ ")

    # Handles, by keyboard and by pointer.
    page.get_by_role("slider", name="Highest percentile coloured").press("ArrowRight")
    view.wait("c.applied.clip[1] === 81")
    handle = page.locator(".ac-handle-low")
    box = handle.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] - 6)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2 + 20, box["y"] + 20, steps=4)
    page.mouse.up()
    view.wait("c.applied.clip[0] > 20")
    clip = view.ask("c.applied.clip")
    agree(view.pixels(), data, number_palette(data, zero_apart=False, clip=tuple(clip)))
    low.fill("")
    low.press("Tab")
    assert float(low.input_value()) == clip[0]
    low.fill("95")  # beyond the other end: held back by it
    low.press("Enter")
    view.wait("c.applied.clip.join() === '81,81'")
    page.go_back()
    view.wait("c.applied.clip[0] === a", clip[0])

    for name in colors.color_maps()[1:]:
        page.get_by_label("Colour map").select_option(name)
        view.wait("c.applied.map === a", name)
        expected = number_palette(data, zero_apart=False, clip=tuple(clip), name=name)
        agree(view.pixels(), data, expected)
    assert f"map={name}" in page.url


def test_legend_toggles(tab: Any, canvas: Any, http: Any) -> None:
    opened = tab("/explore?color=obs:domain")
    view = canvas(opened)
    data, _, _ = http.values("obs", "domain")
    rows = opened.page.locator(".ex-key button.ac-legend-item")
    codes = [int(rows.nth(i).get_attribute("data-code")) for i in range(rows.count())]
    before = view.pixels()
    first, second = codes[0], codes[1]
    item = opened.page.locator(f".ex-key button[data-code='{first}']")

    # All others step back while the pointer is on a row.
    full = category_palette(http.column("domain"))
    item.hover()
    view.wait("c.lit === a", first)
    paper = np.array(view.background())
    faint = {code: as_rgb(0.14 * np.array(ink) + 0.86 * paper) for code, ink in full.items()}
    agree(view.pixels(), data, {**faint, first: full[first]})
    opened.page.mouse.move(700, 5)
    view.wait("c.lit === null")
    agree(view.pixels(), data, full)

    item.click()
    view.wait("c.applied.hidden.has(a)", first)
    assert item.get_attribute("aria-pressed") == "false"
    assert f"hide={first}" in opened.page.url
    after = view.pixels()
    assert after
    assert not [spot for spot in after if data[spot] == first]
    hidden = [spot for spot in before if data[spot] == first]
    assert hidden
    assert not view.ask("c.pixelsOf(a)", hidden)

    opened.page.wait_for_timeout(450)  # else the next click is the second of a double click
    item.press("Enter")
    view.wait("!c.applied.hidden.size")
    opened.page.mouse.move(700, 5)
    opened.page.evaluate("document.activeElement.blur()")
    view.wait("c.lit === null")
    agree(view.pixels(), data, category_palette(http.column("domain")))

    opened.page.locator(f".ex-key button[data-code='{second}']").dblclick()
    view.wait("c.applied.hidden.size === a", len(codes) - 1)
    assert {int(data[spot]) for spot in view.pixels()} == {second}
    opened.page.get_by_role("button", name="Show all", exact=True).first.click()
    view.wait("!c.applied.hidden.size")
    item.click(modifiers=["Alt"])
    view.wait("c.applied.hidden.size === a", len(codes) - 1)
    item.click(modifiers=["Alt"])
    view.wait("!c.applied.hidden.size")


def test_zero_and_dark_theme(tab: Any, canvas: Any, http: Any) -> None:
    gene = http.genes("m")[0]["name"]
    opened = tab(f"/explore?color=gene:{gene}", dark=True)
    view = canvas(opened)
    data, _, _ = http.values("gene", gene)
    zeros = np.flatnonzero(data == 0)
    agree(view.pixels(), data, number_palette(data, zero_apart=True, scheme="dark"))
    assert max(view.background()) < 80
    opened.page.get_by_role("button", name="Switch between light and dark").click()
    view.wait("c.frame.scheme === 'light'")
    agree(view.pixels(), data, number_palette(data, zero_apart=True))
    assert min(view.background()) > 240

    opened.page.locator(".ac-apart button").first.click()
    view.wait("c.applied.hidden.has(0)")
    assert not set(view.pixels()) & set(zeros.tolist())
    opened.page.locator(".ac-apart button").first.click()
    view.wait("!c.applied.hidden.size")
    if len(zeros):
        assert set(view.pixels(most=100_000)) & set(zeros.tolist())


def test_a_colour_that_does_not_exist(tab: Any, canvas: Any, http: Any) -> None:
    opened = tab("/explore?color=gene:NOT-A-GENE")
    view = canvas(opened)
    opened.page.get_by_role("alert").filter(has_text="NOT-A-GENE").wait_for()
    opened.forgive("404")
    data, _, _ = http.values("obs", "domain")
    agree(view.pixels(), data, category_palette(http.column("domain")))
    opened.page.get_by_role("button", name="Dismiss").click()
    assert opened.page.get_by_role("alert").filter(has_text="NOT-A-GENE").count() == 0


def test_genes_shown_together(tab: Any, canvas: Any, http: Any) -> None:
    a, b, c = (hit["name"] for hit in http.genes("m")[:3])
    opened = tab(f"/explore?color=gene:{a}")
    view, page = canvas(opened), opened.page
    box = page.get_by_role("combobox", name="Mix with")
    box.fill(b)
    page.locator("#explore-blend-hits .ex-hit").first.wait_for()
    box.press("Enter")
    view.wait_color(f"blend:{a},{b}")
    assert f"color=blend:{a},{b}" in page.url

    def expected(genes: list[str], scheme: str) -> dict[int, Rgb]:
        """Mixed anew from the bytes, each gene clipped by its own percentiles."""
        found = [http.values("gene", gene)[0].astype(int) for gene in genes]
        shares = []
        for data in found:
            some = np.sort(data[(data > 0) & (data < 255)])
            low, high = (some[max(1, int(np.ceil(p / 100 * len(some)))) - 1] for p in (1, 99))
            shares.append(np.clip((data - low) / (high - low), 0, 1))
        inks = view.page.evaluate(
            """async ([genes, scheme]) =>
              (await import("/assets/colours/blend.mjs")).fullMixes(genes, scheme)""",
            [genes, scheme],
        )
        inks = [colors.rgb(ink["color"]) for ink in inks[: len(genes)]]
        zero = np.array(as_rgb(colors.rgb(colors.ZERO[scheme])), float)
        mix = np.tile(zero, (len(found[0]), 1))
        if scheme == "dark":
            mix = mix * (1 - np.max(shares, axis=0))[:, None]
        for share, ink in zip(shares, np.array(inks, float), strict=True):
            if scheme == "light":
                mix = mix * (1 - share[:, None] * (1 - ink / zero))
            else:
                mix = mix + share[:, None] * ink
        return {spot: as_rgb(np.minimum(255, each)) for spot, each in enumerate(mix)}

    def hold(genes: list[str], scheme: str) -> None:
        pixels, wanted = view.pixels(), expected(genes, scheme)
        assert len(pixels) > 100
        # Shares are drawn in 32 steps.
        off = [np.abs(np.subtract(pixels[spot], wanted[spot])).max() for spot in pixels]
        assert max(off) <= 255 / 31 / 2 * len(genes) + 2

    hold([a, b], "light")
    square = page.get_by_role("img", name=f"{a} from")
    assert f"{b} from" in square.get_attribute("aria-label")
    assert page.locator(".ac-blend-list .ac-legend-name").all_text_contents() == [
        a,
        b,
        f"{a} + {b}",
    ]
    spot = int(np.argmax(http.values("gene", a)[0] % 255))
    x, y = view.ask("(p => [p.x, p.y])(c.screenOf(a))", spot)
    origin = page.locator(".ac-canvas").bounding_box()
    page.mouse.move(origin["x"] + x, origin["y"] + y)
    page.locator(".ac-card").wait_for()
    shown = page.locator(".ac-card dt").all_text_contents()
    assert shown[2:4] == [a, b]

    box.fill(c)
    page.locator("#explore-blend-hits .ex-hit").first.wait_for()
    box.press("Enter")
    view.wait_color(f"blend:{a},{b},{c}")
    assert box.is_disabled()
    assert page.locator(".ac-blend-bar").count() == 3
    page.evaluate("document.documentElement.setAttribute('data-mantine-color-scheme', 'dark')")
    view.wait("c.key.scheme === 'dark'")
    hold([a, b, c], "dark")
    page.get_by_label("Highest percentile of each gene").fill("90")
    page.get_by_label("Highest percentile of each gene").press("Enter")
    view.wait("c.applied.clip[1] === 90 && c.key.percent[1] === 90")
    assert "clip=1_90" in page.url
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Values (CSV)").click()
    assert waiting.value.suggested_filename.endswith(".csv")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Save as PNG").click()
    assert f"blend-{a}-{b}-{c}" in waiting.value.suggested_filename
    page.get_by_role("button", name=f"Take {b} away").click()
    view.wait_color(f"blend:{a},{c}")
    page.get_by_role("button", name=f"Take {c} away").click()
    view.wait_color(f"gene:{a}")
