"""The benchmark of fits: its table, what it leaves out, and how it goes on."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pytest
from typer.testing import CliRunner

from training import metrics
from training.benchmark import cheap_rows
from training.benchmark import rows as benchmark_rows
from training.benchmark import run as benchmark_run
from training.benchmark.environment import peak_memory
from training.benchmark.figures import QUALITY
from training.benchmark.measure import MeasureError, Task, measure_apart
from training.benchmark.rows import ROWS, UNTRAINED, choose_rows, find_row
from training.benchmark.run import run_benchmark
from training.benchmark.sets import SETS, choose_sets, find_files, lay_out
from training.benchmark.table import COLUMNS, summarise, to_markdown
from training.benchmark.truth import read_truth
from training.cli import app
from training.config import Config, load_config
from training.errors import ConfigError
from training.slices.load import load_slices

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[3]
FEW_STEPS = ("train.steps=5", "model.n_factors=16", "start.iterations=5", "start.restarts=1")
FEW_STEPS += ("domains.resolution=1",)
TINY: dict[str, Any] = {"sets": ["embryo_tiny"], "rows": ["pca", "ours"], "seeds": [0]}


class Stub:
    """Stands for `measure_apart`: remembers its tasks and answers with a recorded measurement."""

    def __init__(self, answer: dict[str, Any], stop_at: str = "", error: Any = None) -> None:
        self.answer, self.stop_at, self.error = answer, stop_at, error
        self.tasks: list[tuple[str, int]] = []

    def __call__(self, task: Task, folder: Path) -> dict[str, Any]:
        self.tasks.append((task.row, task.seed))
        if task.row == self.stop_at:
            raise self.error
        return self.answer


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any], list[str]]:
    """Two rows measured on the tiny series: the folder, the table, what was reported."""
    out = tmp_path_factory.mktemp("benchmark") / "out"
    told: list[str] = []
    tree = run_benchmark(out, settings=FEW_STEPS, report=told.append, **TINY)
    return out, tree, told


@pytest.fixture
def recorded(made: tuple[Path, dict[str, Any], list[str]]) -> dict[str, Any]:
    """A measurement as `measure_apart` gives it."""
    path = next((made[0] / "measurements").glob("embryo_tiny.ours.*.json"))
    record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    del record["request"]
    return record


Replace = Callable[..., Stub]


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch, recorded: dict[str, Any]) -> Replace:
    """Puts a Stub in the place of real measurements."""

    def replace(**options: Any) -> Stub:
        made_up = Stub(recorded, **options)
        monkeypatch.setattr(benchmark_run, "measure_apart", made_up)
        return made_up

    return replace


def test_the_table_holds_every_figure_or_the_reason_why_not(
    made: tuple[Path, dict[str, Any], list[str]],
) -> None:
    out, tree, _ = made
    assert json.loads((out / "table.json").read_text(encoding="utf-8")) == tree
    assert (tree["skipped"], tree["failed"]) == ([], [])
    (of_set,) = tree["sets"]
    assert of_set["data"] == {"slices": 12, "spots": of_set["data"]["spots"], "genes": 240}
    pca, ours = of_set["rows"]
    assert (pca["row"], ours["row"]) == ("pca", "ours")
    figures = {column.figure for column in COLUMNS}
    assert figures == {*QUALITY, "seconds", "peak_memory"}
    for row in (pca, ours):
        assert set(row["figures"]) == figures
        absent = {name for name, value in row["figures"].items() if value is None}
        assert absent == set(row["reasons"])
    assert set(pca["reasons"]) == {
        "diversity",
        "coherence",
        "factor_correlation",
        "loading_correlation",
        "leakage",
        "programme_correlation",
    }
    assert set(ours["reasons"]) == {"programme_correlation"}
    for row in (pca, ours):
        assert 0 < row["figures"]["registration"]["mean"] <= 1
    assert 0 < ours["figures"]["factor_correlation"]["mean"] <= 1
    for row in (pca, ours):
        assert 100e6 < row["figures"]["peak_memory"]["mean"] < 4e9
    assert tree["protocol"]["mixture_seeds"] == [0, 1, 2]
    (environment,) = tree["environments"]
    assert environment["versions"]["numpy"] == np.__version__
    assert environment["machine"]["cpu_count"] >= 1


def test_markdown_shows_the_same_table(made: tuple[Path, dict[str, Any], list[str]]) -> None:
    out, tree, _ = made
    text = (out / "table.md").read_text(encoding="utf-8")
    assert text == to_markdown(tree)
    lines = [line for line in text.splitlines() if line.startswith("|")]
    head, _, pca, ours = ([cell.strip() for cell in line.split("|")[1:-1]] for line in lines)
    assert head == ["row", *(column.heading for column in COLUMNS)]
    assert len(pca) == len(ours) == len(head)
    assert pca[head.index("diversity")] == "n/a"
    shown = tree["sets"][0]["rows"][1]["figures"]["ilisi"]["mean"]
    assert ours[head.index("iLISI")] == f"{shown:.2f}"


def test_figures_are_those_of_the_protocol(
    made: tuple[Path, dict[str, Any], list[str]], tiny_slices: Path
) -> None:
    """The PCA row against the same steps written out, at the target of a panel."""
    config = Config()
    spots, _ = load_slices(
        tiny_slices, data=config.data, quality=config.quality, stages=config.stages
    )
    slices, organs = spots.obs["slice"], spots.obs["organ"]
    latent = cheap_rows.plain_pca(spots.X, slices, np.arange(spots.n_vars), target_sum=1e3)
    expected = {
        "ari_tied": metrics.mixture_scores(latent, organs, slices).ari,
        "transfer": metrics.transfer_accuracy(latent, organs, slices).mean,
        "asw": metrics.silhouette(latent, organs, slices).mean,
        "ilisi": metrics.ilisi(latent, slices),
    }
    found = made[1]["sets"][0]["rows"][0]["figures"]
    for name, value in expected.items():
        assert found[name]["mean"] == pytest.approx(value, abs=1e-6), name


def test_a_finished_measurement_is_not_taken_again(
    made: tuple[Path, dict[str, Any], list[str]], stub: Replace
) -> None:
    out, tree, told = made
    assert not any("before" in line for line in told)
    measured = stub()
    again = run_benchmark(out, settings=FEW_STEPS, **TINY)
    assert measured.tasks == []
    assert again == tree


def test_other_settings_measure_only_rows_that_read_them(
    made: tuple[Path, dict[str, Any], list[str]], stub: Replace
) -> None:
    out, tree, _ = made
    measured = stub()
    run_benchmark(out, settings=("train.steps=6", *FEW_STEPS[1:]), **TINY)
    assert measured.tasks == [("ours", 0)]
    run_benchmark(out, settings=("genes.n_genes=100",), **TINY)
    assert measured.tasks[1:] == [("pca", 0), ("ours", 0)]
    # What was measured with the first settings is still there.
    assert run_benchmark(out, settings=FEW_STEPS, **TINY) == tree
    assert len(measured.tasks) == 3


def test_an_interruption_loses_nothing_that_was_measured(tmp_path: Path, stub: Replace) -> None:
    stub(stop_at="ours", error=KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        run_benchmark(tmp_path, **TINY)
    assert [path.name.split(".")[1] for path in (tmp_path / "measurements").iterdir()] == ["pca"]
    (of_set,) = json.loads((tmp_path / "table.json").read_text(encoding="utf-8"))["sets"]
    assert [row["row"] for row in of_set["rows"]] == ["pca"]
    rest = stub()
    tree = run_benchmark(tmp_path, **TINY)
    assert rest.tasks == [("ours", 0)]
    assert [row["row"] for row in tree["sets"][0]["rows"]] == ["pca", "ours"]


def test_rows_without_chance_are_measured_once(tmp_path: Path, stub: Replace) -> None:
    measured = stub()
    tree = run_benchmark(tmp_path, **{**TINY, "seeds": [2, 5]})
    assert measured.tasks == [("pca", 0), ("ours", 2), ("ours", 5)]
    pca, ours = tree["sets"][0]["rows"]
    assert (pca["seeds"], ours["seeds"]) == ([0], [2, 5])
    assert ours["figures"]["nmi"]["n"] == 2


def test_a_failure_is_told_and_the_rest_goes_on(tmp_path: Path, stub: Replace) -> None:
    stub(stop_at="pca", error=MeasureError("Traceback\nValueError: no"))
    tree = run_benchmark(tmp_path, **TINY)
    (failed,) = tree["failed"]
    assert (failed["row"], failed["error"]) == ("pca", "Traceback\nValueError: no")
    assert [row["row"] for row in tree["sets"][0]["rows"]] == ["ours"]
    assert "- embryo_tiny pca seed 0: ValueError: no" in to_markdown(tree)
    arguments = ["--sets", "embryo_tiny", "--rows", "pca", "--out", str(tmp_path)]
    done = CliRunner().invoke(app, ["benchmark", "fit", *arguments])
    assert done.exit_code == 1
    retried = stub()
    assert run_benchmark(tmp_path, **TINY)["failed"] == []
    assert retried.tasks == [("pca", 0)]


def test_a_process_that_fails_says_why(tmp_path: Path) -> None:
    with pytest.raises(MeasureError, match="problem in the input"):
        measure_apart(Task("embryo_tiny", "pca", 0), tmp_path)


def test_what_cannot_be_measured_here_is_skipped_with_the_reason(
    tmp_path: Path, stub: Replace, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = benchmark_rows.find_spec
    monkeypatch.setattr(
        benchmark_rows, "find_spec", lambda name: None if name == "harmonypy" else real(name)
    )
    measured = stub()
    data = tmp_path / "data"
    (data / "mouse_hippocampus").mkdir(parents=True)
    tree = run_benchmark(
        tmp_path / "out",
        data,
        sets=["seqfish_mouse_embryo", "mouse_hippocampus", "embryo_tiny"],
        rows=["pca_harmony", "smooth1"],
        seeds=[0],
    )
    assert measured.tasks == [("smooth1", 0)]
    reasons = {(each["set"], each["row"]): each["reason"] for each in tree["skipped"]}
    assert reasons.pop(("embryo_tiny", "pca_harmony")) == (
        "needs harmonypy: pip install 'inspire-atlas[bench]'"
    )
    assert reasons == {
        ("seqfish_mouse_embryo", None): f"no folder seqfish_mouse_embryo in {data}",
        ("mouse_hippocampus", None): f"no *.h5ad in {data / 'mouse_hippocampus'}",
    }
    for reason in reasons.values():
        assert reason in to_markdown(tree)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--sets", "hart"], "no data set 'hart'; there are: human_heart_6.5pcw,"),
        (["--rows", "pcb"], "no row 'pcb'; there are: pca,"),
        (["--seeds", "0;1"], "--seeds: found '0;1'"),
        (["--seeds", "-1"], "expected whole numbers from 0"),
        (["--set", "train.stepps=3"], "train.stepps: no such setting"),
        (["--data", "nowhere"], "--data nowhere: there is no such folder"),
    ],
)
def test_wrong_names_are_answered_before_anything_is_measured(
    arguments: list[str], message: str, tmp_path: Path, stub: Replace
) -> None:
    measured = stub()
    done = CliRunner().invoke(app, ["benchmark", "fit", "--out", str(tmp_path / "o"), *arguments])
    assert isinstance(done.exception, ConfigError)
    assert message in str(done.exception)
    assert measured.tasks == []
    assert not (tmp_path / "o").exists()


def test_names_choose_sets_and_rows_alone_or_together() -> None:
    assert [each.name for each in choose_sets(["her2st"])] == [f"her2st_{p}" for p in "ABCD"]
    assert [each.name for each in choose_sets(["embryo_tiny"])] == ["embryo_tiny"]
    assert {each.name for each in SETS} - {each.name for each in choose_sets([])} == {"embryo_tiny"}
    assert choose_rows([]) == list(ROWS)
    chosen = {row.name for row in choose_rows(["cheap", "ours"])}
    assert chosen == {row.name for row in ROWS if row.kind == "cheap"} | {"ours"}
    assert len({row.name for row in ROWS}) == len(ROWS)
    assert not {row.name for row in ROWS} & {row.kind for row in ROWS}


def test_every_row_changes_the_settings_that_it_names() -> None:
    default = Config().model_dump()
    for row in ROWS:
        for override in row.overrides:
            section, key = override.partition("=")[0].split(".")
            settings = Task("embryo", row.name, 0).config().model_dump()
            assert settings[section][key] != default[section][key], f"{row.name}: {override}"
            assert section in row.reads
    # A row stays what it is whatever the command line says.
    assert Task("embryo", "no_critic", 3, ("loss.adversarial=2",)).config().loss.adversarial == 0
    assert Task("embryo", "ours", 3, ("train.seed=9",)).config().train.seed == 3


def test_a_patient_is_a_set_of_its_own(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "her2st"
    folder.mkdir(parents=True)
    for name in ("A1", "B2", "B1", "C1"):
        (folder / f"{name}.h5ad").write_text(name)
    (dataset,) = choose_sets(["her2st_B"])
    files, reason = find_files(dataset, tmp_path / "data")
    assert ([file.name for file in files], reason) == (["B1.h5ad", "B2.h5ad"], "")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    for _ in range(2):
        laid = lay_out(dataset, files, scratch)
        assert {file.name: file.read_text() for file in laid.iterdir()} == {
            "B1.h5ad": "B1",
            "B2.h5ad": "B2",
        }


def test_cell_types_are_read_in_the_order_of_spots_and_genes(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    signatures = rng.random((3, 5))
    types, genes = ["x", "y", "z"], [f"g{i}" for i in range(5)]
    slopes = rng.random((2, 5))
    np.savez(
        tmp_path / "truth.npz",
        cell_type_names=types,
        gene_names=genes,
        signatures=signatures,
        programme_names=["grows", "wanes"],
        programme_log2_slope=slopes,
        programme_cell_types=["y", "x,z"],
        stage_names=["early", "late"],
        stage_time_pcw=[5.0, 9.0],
    )
    share = {}
    for name in ("s1", "s2"):
        spots = [f"p{i}" for i in range(4)]
        slice_ = ad.AnnData(np.ones((4, 5)), obs={"slice": [name] * 4}, var={"gene": genes})
        slice_.obs_names = spots
        share[name] = rng.random((4, 3))
        slice_.obsm["cell_type_proportions"] = share[name]
        slice_.uns["cell_type_names"] = np.array(["z", "x", "y"])
        slice_.write_h5ad(tmp_path / f"{name}.h5ad")
    (dataset,) = choose_sets(["developing_human_heart"])
    obs = {"slice": ["s2", "s1", "s2"], "spot": ["p3", "p0", "p1"]}
    obs["stage"] = ["late", "early", "late"]
    collection = ad.AnnData(np.ones((3, 2)), obs=obs)
    collection.var_names = ["g4", "g1"]
    truth = read_truth(dataset, tmp_path, collection)
    assert truth is not None
    np.testing.assert_array_equal(
        truth.proportions, [share["s2"][3], share["s1"][0], share["s2"][1]]
    )
    np.testing.assert_array_equal(truth.profiles, signatures[[2, 0, 1]][:, [4, 1]])
    courses = truth.courses
    assert courses is not None
    assert courses.names == ["grows", "wanes"]
    np.testing.assert_array_equal(courses.slopes, slopes[:, [4, 1]])
    assert courses.members.tolist() == [[False, False, True], [True, True, False]]
    assert courses.times[courses.stages].tolist() == [9.0, 5.0, 9.0]


def test_the_untrained_row_trains_nothing(tiny_slices: Path) -> None:
    from training.fit import fit_model

    assert find_row("untrained").overrides == UNTRAINED
    small = [*FEW_STEPS, *UNTRAINED]
    base = load_config(None, small)
    spots, _ = load_slices(tiny_slices, data=base.data, quality=base.quality, stages=base.stages)
    once = fit_model(spots, base, device="cpu")
    longer = fit_model(spots, load_config(None, [*small, "train.steps=6"]), device="cpu")
    trained = fit_model(spots, load_config(None, FEW_STEPS), device="cpu")
    np.testing.assert_allclose(once.loadings, longer.loadings, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(once.latent, longer.latent, atol=1e-4)
    assert np.abs(once.latent - trained.latent).max() > 0.01


def test_means_and_spreads_by_hand() -> None:
    assert summarise([0.5, None, 0.25, 0.75]) == {"mean": 0.5, "min": 0.25, "max": 0.75, "n": 3}
    assert summarise([None, None]) is None


def test_peak_memory_is_that_of_the_process_alone() -> None:
    """Not what the process that started it held, nor what it holds no longer."""
    held = np.ones(600_000_000, dtype=np.uint8)
    program = (
        "from training.benchmark.environment import peak_memory; before = peak_memory(); "
        "part = bytearray(b'x' * 50_000_000); del part; print(before, peak_memory())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    before, after = map(int, done.stdout.split())
    assert before < 400e6 < len(held) <= peak_memory()
    assert 40e6 < after - before < 150e6
