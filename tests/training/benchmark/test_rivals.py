"""Rivals: what they are asked, how their answers are read, and their rows of the table."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from training.benchmark.mapping import measure, run
from training.benchmark.mapping.figures import score_genes
from training.benchmark.mapping.rivals import (
    Rival,
    RivalError,
    find_rivals,
    measure_rival,
    write_task,
)
from training.errors import ConfigError
from training.mapping.reading.genecounts import GeneCounts

ROOT = Path(__file__).resolve().parents[3]
SCRIPTS = ROOT / "tests" / "benchmarks" / "rivals"

# Copies of a query's own spots are what is left of a nearest neighbour without any search.
COPIES = f"""
import sys
sys.path.insert(0, {str(SCRIPTS)!r})
import numpy as np
from task import answer_task

def impute(task, seed):
    place = {{gene: index for index, gene in enumerate(task.genes)}}
    assert task.reference.shape == (len(task.slices), len(task.genes))
    assert task.query.shape[1] == len(task.visible)
    assert not set(task.visible) & set(task.hidden)
    columns = [[place[gene] for gene in part] for part in (task.visible, task.hidden)]
    seen, asked = (task.reference[:, part].toarray() for part in columns)
    distance = ((seen[None] - task.query.toarray()[:, None]) ** 2).sum(axis=2)
    # Another level of each gene, which costs nothing: the benchmark sets it.
    totals = np.asarray(task.reference.sum(axis=1))
    return 7 * np.log1p(1e4 * asked / totals)[distance.argmin(axis=1)]

answer_task(impute, {{"version": "1", "bound": f"none, {{np.__name__}}"}})
"""


@pytest.fixture
def section(tmp_path: Path) -> tuple[Path, np.ndarray]:
    """Tasks of one section whose spots are some of the reference, and the truth of these."""
    generator = np.random.default_rng(0)
    counts = sparse.csc_matrix(generator.poisson(3.0, (40, 12)).astype(np.float32))
    genes = [f"g{index}" for index in range(12)]
    hidden, visible = genes[:5], genes[5:]
    totals = np.asarray(counts.sum(axis=1)).ravel()
    logs = sparse.csc_matrix(np.log1p(1e4 * counts.toarray() / totals[:, None]))

    def read(names: Any) -> sparse.csc_matrix:
        return counts[:, [genes.index(name) for name in names]]

    own = np.arange(5, 25)
    query = sparse.csr_matrix(read(visible))[own]
    asked = SimpleNamespace(
        reference=SimpleNamespace(
            genes=genes,
            slices=np.repeat([0, 1], 20),
            positions=np.zeros((40, 2), dtype=np.float32),
            read=read,
            expression=lambda found: logs[:, :5],
            known=lambda names: None,
        ),
        query=SimpleNamespace(
            genes=visible, positions=np.zeros((20, 2)), counts_of=lambda names: GeneCounts(query)
        ),
        projection=SimpleNamespace(neighbours=own[:, None], weights=np.ones((20, 1))),
        hidden=hidden,
    )
    tasks = tmp_path / "tasks"
    tasks.mkdir()
    truth = logs.toarray()[own, :5]
    write_task(tasks, "a", asked, truth)  # type: ignore[arg-type]
    return tasks, truth


def _rival(folder: Path, text: str, name: str = "copies") -> Rival:
    folder.mkdir(exist_ok=True)
    (folder / f"run_{name}.py").write_text(text, encoding="utf-8")
    return next(r for r in find_rivals(folder, Path(sys.executable)) if r.name == name)


def test_a_rival_is_asked_and_scored_as_every_row_is(
    section: tuple[Path, np.ndarray], tmp_path: Path
) -> None:
    tasks, truth = section
    found = measure_rival(_rival(tmp_path / "rivals", COPIES), tasks, seed=0)
    figures = found["imputation"]["copies"]
    perfect = score_genes(truth, truth)
    assert {key: figures[key] for key in perfect} == pytest.approx(perfect, abs=1e-5)
    assert figures["cpu_seconds"] > 0
    assert 0.01 < figures["gigabytes"] < 10
    assert found["rival"]["copies"] == {"version": "1", "bound": "none, numpy"}
    with np.load(tasks / "a.task.npz") as told:
        assert "truth" not in told.files


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("raise SystemExit('no such package')", "ended with code 1: no such package"),
        ("", "it wrote no answer"),
        (COPIES.replace("7 * ", "np.nan * "), "not numbers"),
        (COPIES.replace("7 * ", "").replace("(axis=1)]", "(axis=1)][1:]"), "expected"),
    ],
)
def test_an_unusable_answer_is_a_reason(
    section: tuple[Path, np.ndarray], tmp_path: Path, text: str, reason: str
) -> None:
    with pytest.raises(RivalError, match=reason):
        measure_rival(_rival(tmp_path / "rivals", text), section[0], seed=0)


def test_folders_without_scripts_or_interpreters_are_refused(tmp_path: Path) -> None:
    assert find_rivals(None, None) == []
    with pytest.raises(ConfigError, match=r"no run_NAME\.py"):
        find_rivals(tmp_path, Path(sys.executable))
    with pytest.raises(ConfigError, match="--rivals-python"):
        find_rivals(SCRIPTS, tmp_path / "python")
    assert [r.name for r in find_rivals(SCRIPTS, Path(sys.executable))] == ["gimvi", "tangram"]
    rivals = find_rivals(SCRIPTS, Path(sys.executable))
    with pytest.raises(ConfigError, match="--units imputation"):
        run.run_mapping_benchmark(tmp_path, sets=["embryo_tiny"], rivals=rivals)


def test_rows_of_rivals_are_measured_once_and_failed_ones_named(
    section: tuple[Path, np.ndarray], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def measured(*given: Any, **named: Any) -> dict[str, Any]:
        for file in section[0].iterdir():
            (given[5] / file.name).write_bytes(file.read_bytes())
        ours = {"pearson": 0.5, "cpu_seconds": 1.0}
        return {"sections": {"a": 20}, "imputation": {"ours": ours}, "environment": {}}

    monkeypatch.setattr(measure, "measure_imputation", measured)
    monkeypatch.setattr(run, "lay_out", lambda dataset, files, scratch: scratch)
    folder = tmp_path / "rivals"
    rivals = [_rival(folder, COPIES), _rival(folder, "raise SystemExit('broken')", "broken")]
    told: list[str] = []

    def table(own: list[Rival]) -> dict[str, Any]:
        return run.run_mapping_benchmark(
            tmp_path / "out",
            sets=["embryo_tiny"],
            seeds=[0],
            units=["imputation"],
            rivals=own,
            report=told.append,
        )

    tree = table(rivals)
    rows = tree["sets"]["embryo_tiny"]["imputation"]
    assert list(rows) == ["ours", "copies", "broken"]
    assert rows["copies"]["pearson"]["mean"] == pytest.approx(1.0)
    title = "embryo_tiny · seed 0 · imputation · broken"
    assert tree["skipped"] == {title: "ended with code 1: broken"}
    text = run.to_markdown(tree)
    assert "| broken | – | – |" in text
    assert f"{title} was left out: ended with code 1: broken" in text
    assert "copies: version 1" in text
    told.clear()
    assert table(rivals) == tree
    assert told[0] == "embryo_tiny · seed 0 · imputation: measured before"
    assert told[1] == "embryo_tiny · seed 0 · imputation · copies: measured before"
    mended = _rival(folder, COPIES, "broken")
    assert table([rivals[0], mended])["skipped"] == {}
