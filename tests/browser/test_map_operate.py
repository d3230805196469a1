"""The Map page in a real browser: choose, check, send, follow, stop, look, take away, delete.

But for the last test the worker is a stand-in that writes results of the documented layout at
once, fails, or takes long, as a test needs it.
"""

from __future__ import annotations

import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from atlas_app.settings import Settings

SITE = runpy.run_path(str(Path(__file__).with_name("page_site.py")))
until = SITE["until"]
# Milliseconds that a mapping may take where others are busy: a process of its own computes it.
MAPPED = 600_000
LIMIT = 400_000
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def site(
    server: Any, small_stores: list[Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    jobs = tmp_path_factory.mktemp("jobs")
    with SITE["served_site"](server, small_stores, jobs, upload_bytes=LIMIT) as address:
        yield address


@pytest.fixture
def tab(tabs: Any) -> Iterator[Any]:
    with SITE["watched_tab"](tabs) as page:
        yield page


def choose(tab: Any, site: str, file: Path) -> None:
    tab.goto(f"{site}/map")
    tab.wait_for_selector("#query-file", state="attached")
    tab.set_input_files("#query-file", file)


def submit(tab: Any, site: str, file: Path) -> None:
    choose(tab, site, file)
    tab.get_by_role("button", name="Map this section").click()
    tab.wait_for_url(lambda url: "?job=" in url)


def impute(tab: Any, text: str, option: str) -> None:
    tab.click("#map-impute")
    tab.keyboard.type(text, delay=30)
    tab.get_by_role("option", name=option).click()


def colored(tab: Any, color: str) -> None:
    """Wait until the canvas is asked for a colour and has drawn it."""
    tab.wait_for_selector(f"#map-canvas[data-color='{color}']")
    until(
        tab,
        "color => document.querySelector('#map-canvas')?.atlasCanvas?.applied?.color === color",
        color,
    )


def choose_color(tab: Any, label: str) -> None:
    tab.click("#map-color")
    tab.get_by_role("option", name=label, exact=True).click()


def test_a_section_is_mapped_and_its_result_operated(tab: Any, site: str, tmp_path: Path) -> None:
    query = SITE["make_query"](tmp_path / "left heart.h5ad")
    tab.goto(f"{site}/map")
    impute(tab, "ensg00000000003", "ALB · ENSG00000000003")
    impute(tab, "myh", "MYH7 · ENSG00000000000")
    # One that is not offered without a text.
    impute(tab, "gene34", "GENE34 · ENSG00000000039")
    tab.wait_for_timeout(1000)  # for an answer that would take a choice back
    pills = tab.locator(".mantine-MultiSelect-pill")
    assert [name.split(" ")[0] for name in pills.all_inner_texts()] == ["ALB", "MYH7", "GENE34"]
    tab.keyboard.press("Backspace")
    tab.keyboard.press("Escape")
    tab.get_by_label("Section column").fill("slice")
    tab.set_input_files("#query-file", query)
    tab.get_by_text("left heart.h5ad, ").wait_for()
    tab.get_by_role("button", name="Map this section").click()
    tab.wait_for_url(lambda url: "?job=" in url)
    tab.get_by_role("heading", name="left heart, mapped").wait_for(timeout=MAPPED)
    until(tab, "document.querySelector('#map-canvas canvas')?.width > 100")
    # Nothing tells in which unit this section is.
    tab.locator("#map-canvas .ac-scalebar").wait_for(state="hidden")
    assert tab.locator("details.fold:not([open])").count() == 0
    text = tab.inner_text("main")
    for part in ("120", "30 / 32", "10.0%", "E10", "Two genes of the panel are missing."):
        assert part in text
    assert "--impute ALB,MYH7 --section-column slice" in text
    domains = tab.locator("table").first.locator("tbody tr").all_inner_texts()
    assert sorted(row.split("\t")[:3] for row in domains) == [
        ["brain", "60", "50.0%"],
        ["gut", "60", "50.0%"],
    ]

    # Where in the section the mapping can be trusted, and how many spots that are.
    for color in ("obs:domain_confidence", "obs:out_of_reference_score"):
        painted = (
            f"document.querySelector(\".trust-maps [data-color='{color}'] canvas\")?.width > 100"
        )
        until(tab, painted)
    trust = tab.locator("table", has_text="Out of reference")
    steps = trust.locator("tbody tr").all_inner_texts()
    assert [row.split("\t")[1] for row in steps] == ["24"] * 5

    result = tab.url
    for label, color in (
        ("Confidence of the domain", "obs:domain_confidence"),
        ("Out of reference", "obs:out_of_reference"),
        ("Stage", "obs:stage"),
        ("MYH7 (imputed, not testable)", "gene:MYH7"),
    ):
        choose_color(tab, label)
        colored(tab, color)
        tab.wait_for_url(lambda url, end=color: url.endswith(f"&color={end}"))
    assert tab.get_by_role("radio", name="Difference").is_disabled()
    tab.go_back()
    colored(tab, "obs:stage")
    assert tab.input_value("#map-color") == "Stage"
    tab.reload()
    colored(tab, "obs:stage")
    assert tab.input_value("#map-color") == "Stage"
    walk_imputed(tab)
    tab.get_by_role("button", name="Report of the projection").click()
    tab.get_by_text("n_genes_matched").wait_for()
    for link, begins, ending in (
        ("Download result.h5ad", b"\x89HDF", ".h5ad"),
        ("Table, CSV", b"spot,slice,x,y,domain", ".csv"),
        ("Report to keep", b"<!doctype html>", ".html"),
    ):
        with tab.expect_download() as waiting:
            tab.get_by_role("link", name=link).click()
        assert Path(waiting.value.path()).read_bytes().startswith(begins)
        assert waiting.value.suggested_filename.startswith("left heart-mapped-")
        assert waiting.value.suggested_filename.endswith(ending)

    tab.get_by_role("link", name="Map another").click()
    tab.get_by_text("Choose an .h5ad or .zip file").wait_for()
    tab.go_back()
    colored(tab, "obs:stage")
    tab.get_by_role("button", name="Delete now").click()
    tab.get_by_text("Choose an .h5ad or .zip file").wait_for()
    assert tab.url == f"{site}/map"
    tab.goto(result)
    tab.get_by_role("heading", name="This result is not here").wait_for()
    tab.get_by_role("link", name="Map a file").click()
    tab.get_by_text("Choose an .h5ad or .zip file").wait_for()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_result_on_a_phone_is_folded(tabs: Any, site: str, tmp_path: Path, dark: bool) -> None:
    query = SITE["make_query"](tmp_path / "left heart.h5ad")
    with SITE["watched_tab"](tabs, width=390, height=844, dark=dark) as tab:
        submit(tab, site, query)
        tab.get_by_role("heading", name="left heart, mapped").wait_for(timeout=MAPPED)
        until(tab, "document.querySelector('#map-canvas canvas')?.width > 100")
        assert tab.locator("details.fold").count() > 3
        assert tab.locator("details.fold[open]").count() == 0
        assert tab.evaluate("document.documentElement.scrollWidth") <= 390
        assert tab.evaluate("document.documentElement.scrollHeight") < 4 * 844
        for name in ("Download result.h5ad", "Table, CSV", "Report to keep"):
            assert tab.get_by_role("link", name=name).is_visible()
        # What is drawn within a folded card is drawn once there is room for it.
        trust = tab.locator("details.fold", has=tab.get_by_role("heading", name="How far to trust"))
        trust.locator("summary").first.click()
        painted = "document.querySelector('.trust-maps canvas')?.width > 100"
        until(tab, painted)
        until(
            tab,
            "(() => { const wide = document.querySelector('details[open] .main-svg')?.clientWidth;"
            " return wide > 200 && wide <= 390; })()",
        )
        assert tab.evaluate("document.documentElement.scrollWidth") <= 390
        assert tab.locator("details.fold[open]").count() == 1
        trust.get_by_role("button", name="What does “").first.click()
        assert tab.locator("details.fold[open]").count() == 1


def walk_imputed(tab: Any) -> None:
    """The values of a gene that was measured too, each marked as what it is; then back."""
    assert tab.locator("#map-parts").is_hidden()
    choose_color(tab, "ALB (imputed, expected r 0.50, measured too)")
    colored(tab, "gene:ALB")
    mark, key = tab.locator("#map-canvas .ac-mark"), tab.locator("#map-canvas .ac-key")
    assert mark.inner_text() == "Imputed: predicted, not measured"
    shades: dict[str, list[Any]] = {}
    for label, color, title in (
        ("Low end", "low", "ALB (imputed, low end)"),
        ("High end", "high", "ALB (imputed, high end)"),
        ("Width", "width", "ALB (imputed, width of the interval)"),
        ("Measured", "measured", "ALB (measured)"),
        ("Difference", "difference", "ALB (measured − imputed)"),
    ):
        tab.get_by_text(label, exact=True).click()
        colored(tab, f"{color}:ALB")
        tab.wait_for_url(lambda url, end=color: url.endswith(f"&color={end}:ALB"))
        assert key.locator(".ac-key-title").inner_text() == title
        assert key.locator(".ac-key-mark").inner_text() == mark.inner_text()
        predicted = key.locator(".ac-track.is-predicted").count()
        assert predicted == (color != "measured")
        shades[color] = tab.evaluate(
            "(() => { const { key } = document.querySelector('#map-canvas').atlasCanvas;"
            " return [key.lo, key.hi, ...key.clip]; })()"
        )
    assert shades["low"] == shades["high"] == shades["measured"] != shades["width"]
    low, high, *clip = shades["difference"]
    assert low == -high
    assert sum(clip) == 254
    assert tab.input_value("#map-color").startswith("ALB (imputed")
    with tab.expect_download() as waiting:
        tab.get_by_role("button", name="Save as PNG").first.click()
    assert "measured-minus-imputed-ALB" in waiting.value.suggested_filename
    with tab.expect_download() as waiting:
        tab.get_by_role("link", name="ALB in every spot, CSV").click()
    assert "ALB-imputed-" in waiting.value.suggested_filename
    tab.reload()
    colored(tab, "difference:ALB")
    assert tab.get_by_role("radio", name="Difference").is_checked()
    choose_color(tab, "Stage")
    colored(tab, "obs:stage")


def test_files_are_checked_before_they_are_sent(tab: Any, site: str, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.h5ad"
    sent: list[str] = []
    tab.on("request", lambda request: sent.append(request.method + request.url))
    tab.goto(f"{site}/map")
    tab.wait_for_selector("#query-file", state="attached")
    for body, words in (
        (b"", "is empty"),
        (b"\x1f\x8b\x08 a gzip file", "is neither an .h5ad file nor a zip"),
        (b"\x89HDF\r\n\x1a\n" + bytes(LIMIT), "takes at most 400 kB"),
    ):
        wrong.write_bytes(body)
        tab.set_input_files("#query-file", wrong)
        tab.locator(".upload-notice").get_by_text(words).wait_for()
        assert tab.get_by_role("button", name="Map this section").is_disabled()
    good = SITE["make_query"](tmp_path / "good.h5ad")
    tab.set_input_files("#query-file", good)
    tab.wait_for_selector(".upload-zone.ready")
    assert tab.locator(".upload-notice").is_hidden()
    zipped = tmp_path / "run.zip"
    zipped.write_bytes(b"PK\x03\x04 and so on")
    tab.set_input_files("#query-file", zipped)
    tab.get_by_text("run.zip, ").wait_for()
    tab.wait_for_selector(".upload-zone.ready")

    # One that is dropped takes its place.
    transfer = tab.evaluate_handle("""() => {
        const data = new DataTransfer();
        const bytes = new Uint8Array([0x89, 0x48, 0x44, 0x46, 13, 10, 0x1a, 10, 0, 0]);
        data.items.add(new File([bytes], "dropped.h5ad"));
        return data;
    }""")
    tab.dispatch_event(".upload-zone", "dragover", {"dataTransfer": transfer})
    tab.wait_for_selector(".upload-zone.over")
    tab.dispatch_event(".upload-zone", "drop", {"dataTransfer": transfer})
    tab.get_by_text("dropped.h5ad, 10 bytes").wait_for()
    assert not any("uploads" in address for address in sent)


def test_what_the_server_refuses_is_said(tab: Any, site: str, tmp_path: Path) -> None:
    choose(tab, site, SITE["make_query"](tmp_path / "query.h5ad"))
    tab.wait_for_selector(".upload-zone.ready")
    tab.expected.append(400)
    tab.evaluate("document.querySelector('#map-upload').dataset.impute = 'MYH9'")
    tab.get_by_role("button", name="Map this section").click()
    notice = tab.locator(".upload-notice")
    notice.get_by_text("A gene to impute is not in this atlas. Found: MYH9.").wait_for()
    assert "MYH7" in notice.inner_text()
    assert tab.get_by_role("button", name="Map this section").is_enabled()


def test_an_upload_can_be_stopped(tab: Any, site: str, tmp_path: Path) -> None:
    choose(tab, site, SITE["make_query"](tmp_path / "query.h5ad"))
    session = tab.context.new_cdp_session(tab)
    session.send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 2000},
    )
    tab.get_by_role("button", name="Map this section").click()
    tab.get_by_role("button", name="Stop").click()
    tab.get_by_text("Stopped; nothing was kept.").wait_for()
    assert tab.url == f"{site}/map"
    session.detach()


def test_a_broken_upload_goes_on_where_it_was(tab: Any, site: str, tmp_path: Path) -> None:
    """The first part is cut, the second try fails, and the server is asked before the third."""
    sent: list[tuple[str, int]] = []

    def part(route: Any) -> None:
        request = route.request
        if request.method != "PATCH":
            sent.append((request.method, 0))
            route.continue_()
            return
        offset = int(request.headers["upload-offset"])
        sent.append(("PATCH", offset))
        if len([each for each in sent if each[0] == "PATCH"]) == 1:
            half = len(request.post_data_buffer) // 2
            route.fetch(post_data=request.post_data_buffer[:half])
        if len([each for each in sent if each[0] == "PATCH"]) < 3:
            route.abort("connectionreset")
        else:
            route.continue_()

    tab.route("**/api/v1/uploads/*", part)
    tab.expected.append("ERR_CONNECTION_RESET")
    query = SITE["make_query"](tmp_path / "query.h5ad")
    submit(tab, site, query)
    tab.get_by_role("heading", name="query, mapped").wait_for(timeout=MAPPED)
    half = query.stat().st_size // 2
    assert sent == [("PATCH", 0), ("GET", 0), ("PATCH", half), ("GET", 0), ("PATCH", half)]


def test_a_page_opened_again_goes_on_with_the_same_file(
    tab: Any, site: str, tmp_path: Path
) -> None:
    offsets: list[int] = []

    def part(route: Any) -> None:
        request = route.request
        if request.method != "PATCH":
            route.continue_()
            return
        offsets.append(int(request.headers["upload-offset"]))
        if len(offsets) == 1:
            half = len(request.post_data_buffer) // 2
            route.fetch(post_data=request.post_data_buffer[:half])
        route.abort("connectionreset")

    tab.route("**/api/v1/uploads/*", part)
    tab.expected.append("ERR_CONNECTION_RESET")
    query = SITE["make_query"](tmp_path / "query.h5ad")
    choose(tab, site, query)
    tab.get_by_role("button", name="Map this section").click()
    tab.get_by_text("it goes on as soon as there is one").wait_for()
    tab.unroute("**/api/v1/uploads/*")
    with tab.expect_request(lambda request: request.method == "PATCH") as sent:
        submit(tab, site, query)
    assert sent.value.headers["upload-offset"] == str(query.stat().st_size // 2)
    tab.get_by_role("heading", name="query, mapped").wait_for(timeout=MAPPED)


def test_a_demonstration_is_one_click(tab: Any, site: str) -> None:
    """The stand-in has no section of the atlas to read: what is asked of it is what counts."""
    tab.goto(f"{site}/map")
    tab.get_by_text("a section of this very atlas").wait_for()
    tab.get_by_role("button", name="Map the demonstration").click()
    tab.wait_for_url(lambda url: "?job=" in url)
    tab.get_by_role("heading", name="E10_1 of this atlas, thinned").wait_for(timeout=MAPPED)


def test_a_refused_section_says_why_and_leads_on(tab: Any, site: str, tmp_path: Path) -> None:
    submit(tab, site, SITE["make_query"](tmp_path / "query.h5ad", "refuse"))
    tab.get_by_text("found normalised values; expected raw counts").wait_for(timeout=MAPPED)
    tab.get_by_text("This section could not be mapped").wait_for()
    tab.get_by_role("link", name="Map another file").click()
    tab.get_by_text("Choose an .h5ad or .zip file").wait_for()
    tab.go_back()
    tab.get_by_text("This section could not be mapped").wait_for()


def test_a_running_job_shows_progress_and_can_be_cancelled(
    tab: Any, site: str, tmp_path: Path
) -> None:
    submit(tab, site, SITE["make_query"](tmp_path / "query.h5ad", "slow"))
    tab.get_by_text("50%").wait_for(timeout=MAPPED)
    tab.get_by_text("check: 120 spots, 38 of 40 genes matched").wait_for()
    address = tab.url
    tab.goto(f"{site}/about")
    tab.goto(address)
    tab.get_by_text("50%").wait_for()
    tab.get_by_role("button", name="Cancel").click()
    tab.get_by_text("You stopped this job; its files are deleted.").wait_for()
    tab.reload()
    tab.get_by_text("You stopped this job; its files are deleted.").wait_for()


@pytest.mark.slow
def test_a_section_is_really_projected(
    tabs: Any, server: Any, tiny_atlas: Path, tiny_slices: Path, tmp_path: Path
) -> None:
    section = sorted(tiny_slices.glob("*.h5ad"))[0]
    settings = Settings(stores=(tiny_atlas,), job_folder=tmp_path / "jobs")
    with (
        server.serving(settings) as site,
        SITE["watched_tab"](tabs) as tab,
    ):
        submit(tab, site, section)
        tab.get_by_role("heading", name=f"{section.stem}, mapped").wait_for(timeout=MAPPED)
        colored(tab, "obs:domain")
        until(tab, "document.querySelector('#map-canvas canvas')?.width > 100")
        text = tab.inner_text("main")
        assert "out of reference" in text
        assert "How probable each stage is for the whole section." in text
        assert "Stage by domain" in text
        until(
            tab,
            "[...document.querySelectorAll('.registered img')].filter("
            "(each) => each.naturalWidth > 100).length === 3",
        )
        choose_color(tab, "Confidence of the domain")
        colored(tab, "obs:domain_confidence")
