"""The Python that pages give: it runs on the store and leaves the figures of the page."""

from __future__ import annotations

import json
import os
import runpy
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anndata as ad
import matplotlib as mpl
import numpy as np
import pytest

from atlas_app.atlases.data import ServedAtlas
from atlas_app.factors.state import FactorView
from atlas_app.figure_python.abundance import TRENDS, WORD
from atlas_app.figure_python.factors import factor_python
from atlas_app.figure_python.home import home_python
from atlas_app.figure_python.mapped import mapped_python
from atlas_app.figure_python.script import STDTRIT
from atlas_app.figure_python.stages import stages_python
from atlas_app.http.errors import ApiError
from atlas_app.pages.map.result import stage_shares
from atlas_app.pages.stages.abundance import TREND_WORDS
from atlas_app.results.expression import read_gene
from atlas_app.results.mapped import ResultView
from atlas_app.stages.abundance import Abundance, compare_ends, measure_abundance
from atlas_app.stages.courses import trace_course
from atlas_app.stages.relations import relate_domains, shown_edges
from atlas_app.stages.replicates import summarise
from atlas_app.stages.rows import trend_rows
from atlas_app.stages.state import StageView
from training.store import Atlas

HERE = Path(__file__).parents[1]
WORKER = runpy.run_path(str(HERE / "standin_worker.py"))
# Nothing that readers wrote stands in a script but as a text.
TITLE = 'my "section"\nraise SystemExit'
HOST = "http://atlas.example"


@pytest.fixture(autouse=True)
def plain_matplotlib() -> Iterator[None]:
    """Figures that nobody sees, closed afterwards."""
    import matplotlib.pyplot as plt

    mpl.use("Agg")
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def served(atlas: Atlas) -> ServedAtlas:
    return ServedAtlas(id=atlas.id, base=f"/api/v1/atlases/{atlas.id}", atlas=atlas)


@pytest.fixture(scope="module")
def panel_atlas(panels: Atlas) -> ServedAtlas:
    return ServedAtlas(id=panels.id, base=f"/api/v1/atlases/{panels.id}", atlas=panels)


def ran(code: str, atlas: Atlas) -> dict[str, Any]:
    """What the script leaves, run as it is but for where the store lies."""
    named = f'"{atlas.id}.atlas.zarr"'
    assert code.count(named) == 1
    assert atlas.digest[:12] in code
    left: dict[str, Any] = {}
    exec(code.replace(named, repr(str(atlas.path))), left)
    return left


def test_a_script_runs_as_it_was_copied(served: ServedAtlas, tmp_path: Path) -> None:
    """In a process and a folder of its own, with the store beside it under its usual name."""
    assert served.atlas.path is not None
    shutil.copytree(served.atlas.path, tmp_path / served.atlas.path.name)
    code = stages_python(served, StageView(of="gene:MYH7", within="heart"), HOST)
    code += "import json\nprint(json.dumps(value.tolist()))\n"
    (tmp_path / "figure.py").write_text(code, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "figure.py"],
        cwd=tmp_path,
        env={**os.environ, "MPLBACKEND": "Agg", "PYTHONPATH": str(HERE.parents[1])},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    wanted = trace_course(served.atlas, served.stages.groups, "gene:MYH7", "heart").values
    np.testing.assert_allclose(json.loads(done.stdout), wanted)


@pytest.mark.parametrize(
    ("of", "within"),
    [
        ("gene:ENSG00000000000", ""),
        ("gene:MYH7", "heart"),
        ("genes:ALB,MYH7,NOPE", "liver"),
        ("factor:2", ""),
        ("factor:2", "brain"),
        ("domain:gut", ""),
    ],
)
def test_a_course(served: ServedAtlas, of: str, within: str) -> None:
    left = ran(stages_python(served, StageView(of=of, within=within), HOST), served.atlas)
    wanted = trace_course(served.atlas, served.stages.groups, of, within)
    np.testing.assert_allclose(left["value"], wanted.values, rtol=1e-6)
    for name in ("mean", "low", "high"):
        found = getattr(wanted.summary, name)[:, 0]
        np.testing.assert_allclose(left[name], found, rtol=1e-6)
    assert left["n"].tolist() == wanted.summary.n.tolist()
    assert wanted.label in left["axes"].get_title()


def test_a_course_of_slices_that_measured_other_genes(panel_atlas: ServedAtlas) -> None:
    atlas = panel_atlas.atlas
    assert atlas.measured is not None
    gene = atlas.genes[int(np.flatnonzero(~atlas.measured.all(axis=1))[0])]
    for of in (f"gene:{gene}", f"genes:{gene},{atlas.genes[0]}", f"genes:{gene}"):
        left = ran(stages_python(panel_atlas, StageView(of=of), HOST), atlas)
        wanted = trace_course(atlas, panel_atlas.stages.groups, of).values
        np.testing.assert_allclose(left["value"], wanted, rtol=1e-6)


@pytest.mark.parametrize(("parts", "within"), [("domain", ""), ("factor", ""), ("factor", "brain")])
def test_what_stages_are_made_of(served: ServedAtlas, parts: str, within: str) -> None:
    state = StageView(view="abundance", parts=parts, within=within)
    left = ran(stages_python(served, state, HOST), served.atlas)
    wanted = measure_abundance(served.atlas, served.stages.groups, parts, within)
    np.testing.assert_allclose(left["share"], wanted.shares, rtol=1e-6)
    for name in ("mean", "low", "high"):
        np.testing.assert_allclose(left[name], getattr(wanted.summary, name), rtol=1e-6)
    assert left["names"] == (wanted.names if parts == "domain" else wanted.labels)
    assert_trends(left["trends"], wanted, served.stages.groups.stage_of)


def test_what_comes_and_goes_between_stages_of_several_slices() -> None:
    """The lines alone, on shares of slices that the small atlas has too few of."""
    stage_of = np.array([0, 0, 0, 1, 2, 2])
    shares = np.random.default_rng(1).dirichlet([4, 3, 1, 0.5, 0.2], len(stage_of))
    shares[:3, 3] = shares[3:, 2] = shares[:, 4] = 0
    summary = summarise(shares, stage_of, 3, most=1.0)
    names = list("ABCDE")
    left: dict[str, Any] = {
        "share": shares,
        "stage_of": stage_of,
        "stages": ["a", "b", "c"],
        "names": names,
        "mean": summary.mean,
    }
    exec(f"import numpy as np\nimport pandas as pd\n{STDTRIT}\n{WORD}\n{TRENDS}", left)
    assert_trends(left["trends"], Abundance("domain", names, names, shares, summary), stage_of)
    assert left["trends"]["word"]["D"] == "appears"
    assert not left["trends"][["low", "high"]].isna().any(axis=None)


def assert_trends(table: Any, wanted: Abundance, stage_of: np.ndarray) -> None:
    """What comes and goes, as the page lists it."""
    trends = trend_rows(wanted, compare_ends(wanted, stage_of))
    assert table.index.tolist() == [row["label"] for row in trends]
    assert table["word"].tolist() == [TREND_WORDS[row["word"]] for row in trends]
    for name, column in (("first", "first"), ("last", "last"), ("effect", "change")):
        np.testing.assert_allclose(table[column], [row[name] for row in trends], rtol=1e-6)
    for name in ("low", "high"):
        expected = [np.nan if row[name] is None else row[name] for row in trends]
        np.testing.assert_allclose(table[name], expected, rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize(
    ("what", "row", "b", "within"),
    [("genes", "MYH7", "E10", "heart"), ("factors", "2", "E10", ""), ("genes", "", "E11", "")],
)
def test_what_changes(served: ServedAtlas, what: str, row: str, b: str, within: str) -> None:
    state = StageView(view="changes", a="E9", b=b, what=what, row=row, within=within)
    left = ran(stages_python(served, state, HOST), served.atlas)
    wanted = served.stages.changes("E9", b, within, what)
    assert left["changes"].names == wanted.names
    for name in ("effect", "low", "high", "p", "q"):
        found = getattr(left["changes"].difference, name)
        np.testing.assert_allclose(found, getattr(wanted.difference, name))
    if not row:
        return
    # The maps are those of the slices of both stages, in the spots' own values.
    atlas = served.atlas
    own = atlas.gene("MYH7") if what == "genes" else atlas.factor(2)
    np.testing.assert_array_equal(left["value_of_spots"], own)
    assert [number for _, number in left["panels"]] == [
        i for stage in ("E9", b) for i, part in enumerate(atlas.slices) if part.stage == stage
    ]


@pytest.mark.parametrize(("least", "node"), [(0.5, ""), (0.0, "1:brain")])
def test_similar_domains(served: ServedAtlas, least: float, node: str) -> None:
    atlas = served.atlas
    state = StageView(view="relations", least=least, node=node)
    left = ran(stages_python(served, state, HOST), atlas)
    graph = relate_domains(atlas, served.stages.groups)
    assert graph is not None
    wanted = []
    for edge in shown_edges(graph, least, node):
        ends = [graph.node(edge.source), graph.node(edge.target)]
        words = [part for e in ends if e for part in (atlas.stages[e.stage].name, e.domain)]
        wanted.append((*words, edge.similarity, edge.mutual))
    assert sorted(left["pairs"]) == sorted(wanted)
    assert wanted


def test_what_an_atlas_lacks_gives_no_script(panel_atlas: ServedAtlas) -> None:
    atlas = panel_atlas.atlas
    assert relate_domains(atlas, panel_atlas.stages.groups) is None
    with pytest.raises(ApiError, match="no connectivity of domains"):
        stages_python(panel_atlas, StageView(view="relations"), HOST)


def test_the_animation(served: ServedAtlas, client: Any, tmp_path: Path) -> None:
    atlas = served.atlas
    left = ran(stages_python(served, StageView(view="film", of="gene:MYH7"), HOST), atlas)
    np.testing.assert_array_equal(left["value_of_spots"], atlas.gene("MYH7"))
    state = StageView(view="film", of="domain:brain", slices="3")
    left = ran(stages_python(served, state, HOST), atlas)
    assert dict(left["panels"])["E10"] == 3
    lit = [name for name, color in left["colors"].items() if color != "#d5dae0"]
    assert lit == ["brain"]
    # Of a gene set, the scores come from the server.
    code = stages_python(served, StageView(view="film", of="genes:MYH7,ALB"), HOST)
    address = f"{HOST}/api/v1/atlases/test/scores.csv?of=MYH7,ALB"
    answer = client.get(address.removeprefix(HOST))
    (tmp_path / "scores.csv").write_bytes(answer.data)
    left = ran(code.replace(address, str(tmp_path / "scores.csv")), atlas)
    assert len(left["value_of_spots"]) == atlas.n_spots


def test_a_factor_and_one_beside_it(served: ServedAtlas) -> None:
    atlas = served.atlas
    left = ran(factor_python(atlas, FactorView(1, beside=2), 20), atlas)
    np.testing.assert_array_equal(left["usage"], atlas.usage()[:, 1])
    rows = {row["domain"]: row for row in served.facts.by_domain(1)}
    for at, name in enumerate(left["names"]):
        assert left["n"][at] == rows[name]["n_slices"]
        for part in ("mean", "low", "high"):
            assert left[part][at] == pytest.approx(rows[name][part], rel=1e-6)
    wanted = [gene.specificity for gene in atlas.factor_genes(1, n=20)]
    np.testing.assert_allclose(left["specific"], wanted)
    gaps = sorted(row["difference"] for row in served.facts.compare(1, 2))
    np.testing.assert_allclose(sorted(left["first"] - left["second"]), gaps, rtol=1e-6)
    assert len(left["figure"].axes) == 4
    assert_map(left["grid"], atlas, atlas.factor(1))
    assert len(ran(factor_python(atlas, FactorView(0), 20), atlas)["figure"].axes) == 3


def assert_map(grid: np.ndarray, atlas: Atlas, values: np.ndarray) -> None:
    """Every slice as it was given, each spot where it lies with its value, on one scale, as the map
    of the page has them."""
    parts = atlas.slices
    drawn = [axes for axes in grid.flat if axes.collections]
    assert [axes.get_title() for axes in drawn] == [part.name for part in parts]
    seen = [axes.collections[0] for axes in drawn]
    assert {points.get_clim() for points in seen} == {tuple(np.percentile(values, [1, 99]))}
    plane = atlas.coordinates()
    for points, part in zip(seen, parts, strict=True):
        own = slice(part.start, part.stop)
        found = np.column_stack([points.get_offsets(), points.get_array()])
        wanted = np.column_stack([plane[own], values[own]])
        order, wanted_order = np.lexsort(found.T), np.lexsort(wanted.T)
        np.testing.assert_allclose(found[order], wanted[wanted_order], rtol=1e-6)


def test_slices_in_another_unit_are_drawn_in_that_of_the_others(
    served: ServedAtlas, monkeypatch: pytest.MonkeyPatch
) -> None:
    atlas = served.atlas
    monkeypatch.setattr("atlas_app.figure_python.tissue.unit_scales", lambda _: {1: 2.0})
    left = ran(factor_python(atlas, FactorView(0), 20), atlas)
    part = atlas.slices[1]
    wanted = atlas.coordinates().copy()
    wanted[part.start : part.stop] *= 2
    np.testing.assert_allclose(left["plane"], wanted)


def test_spots_of_stages(atlas: Atlas) -> None:
    left = ran(home_python(atlas), atlas)
    assert left["spots"] == [part.n_spots for part in atlas.slices]
    assert left["bottom"] == {stage.name: stage.n_spots for stage in atlas.stages}


@pytest.fixture
def mapped(query: Path, atlas: Atlas, tmp_path: Path) -> ResultView:
    path = tmp_path / "result.h5ad"
    WORKER["write_result"](query, path, ["ALB", "SOX2"])
    data = ad.read_h5ad(path)
    data.uns["projection"]["atlas_digest"] = atlas.digest
    data.write_h5ad(path)
    return ResultView(path, atlas=atlas, job_id="j" * 32, base="/api", title=TITLE)


def test_a_mapped_section(mapped: ResultView) -> None:
    import matplotlib.pyplot as plt

    def made(color: str) -> dict[str, Any]:
        left: dict[str, Any] = {}
        exec(mapped_python(mapped, str(mapped.path), color), left)
        plt.close("all")
        return left

    left = made("obs:domain")
    assert [axes.get_title() for axes in left["grid"][0]] == ["left", "right"]
    domain = mapped.column("domain")
    assert domain is not None
    assert left["value"].tolist() == domain.texts()
    found = stage_shares(mapped)
    assert found is not None
    assert dict(zip(left["stages"], left["share"], strict=True)) == dict(
        zip(*found[:2], strict=True)
    )
    numbers = np.linspace(0, 1, mapped.n_spots, dtype=np.float32)
    np.testing.assert_array_equal(left["spots"], np.histogram(numbers, 20, (0, 1))[0])
    np.testing.assert_allclose(made("factor:1")["value"], 0.4)
    gene = read_gene(mapped, "ALB")
    for kind in ("gene", "low", "high", "width", "measured", "difference"):
        np.testing.assert_allclose(made(f"{kind}:ALB")["value"], gene.part(kind), rtol=1e-5)
    # What the result lacks is drawn as on the page.
    assert made("obs:nothing")["value"].tolist() == domain.texts()


def test_the_scripts_are_served_by_the_address_of_the_page(
    client: Any, served: ServedAtlas
) -> None:
    base = "/api/v1/atlases/test/python"
    answer = client.get(f"{base}/stages.py?of=gene:MYH7&within=heart&atlas=test")
    state = StageView(of="gene:MYH7", within="heart")
    assert answer.text == stages_python(served, state, "http://localhost")
    assert answer.mimetype == "text/x-python"
    assert answer.headers["X-Atlas-Digest"] == served.atlas.digest
    assert "factor = 3" in client.get(f"{base}/factors.py?factor=3").text
    assert client.get(f"{base}/home.py").text == home_python(served.atlas)
    assert client.get(f"{base}/about.py").status_code == 404
    missing = client.get(f"{base}/stages.py?of=gene:NOPE")
    assert missing.status_code == 404
    assert missing.get_json()["found"] == "NOPE"
    assert client.get(f"/api/v1/jobs/{'j' * 32}/python/map.py").status_code == 404
