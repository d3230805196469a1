"""All measurements of a benchmark, those taken before left as they are, and its table on disk."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from training.benchmark.measure import MeasureError, Task, benchmark_protocol, measure_apart
from training.benchmark.rows import choose_rows
from training.benchmark.sets import DataSet, choose_sets, find_files, lay_out
from training.benchmark.table import Benchmark, to_json, to_markdown
from training.config import load_config
from training.errors import ConfigError

DEFAULT_SEEDS = (0, 1, 2)
UNSEEDED = 0
"""Seed of rows without chance; it seeds their domains."""

Report = Callable[[str], None]
"""Takes one line on what is being done."""


def run_benchmark(
    out: Path,
    data: Path | None = None,
    *,
    sets: Sequence[str] = (),
    rows: Sequence[str] = (),
    seeds: Sequence[int] = DEFAULT_SEEDS,
    settings: Sequence[str] = (),
    report: Report = lambda line: None,
) -> dict[str, Any]:
    """Measure rows on data sets and write `table.json` and `table.md` into `out`.

    Each measurement is kept in `out/measurements` as soon as it is taken, and one that is there is
    not taken again. The table is written anew after every measurement, so that an interruption
    loses the one under way and nothing else.

    Args:
        data: folder of the data sets; those that are not in it are left out and named.
        sets, rows: names of some, or none for all.
        seeds: training seeds.
        settings: `section.key=value` for all fits.

    Returns:
        The table as plain values; see `to_json`.

    Raises:
        ConfigError: for unknown names or settings, no seed or an impossible one, before anything
            is measured.
    """
    chosen_sets, chosen_rows = choose_sets(sets), choose_rows(rows)
    if not seeds or min(seeds) < 0:
        raise ConfigError(
            f"--seeds: found {list(seeds)}; expected whole numbers from 0, like 0,1,2"
        )
    load_config(None, settings)
    if data is not None and not data.is_dir():
        raise ConfigError(f"--data {data}: there is no such folder")
    benchmark = Benchmark(chosen_sets, chosen_rows, seeds, settings, benchmark_protocol())
    kept = out / "measurements"
    kept.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="atlas-benchmark-") as scratch:
        for dataset in chosen_sets:
            files, reason = find_files(dataset, data)
            if reason:
                benchmark.skipped.append((dataset.name, "", reason))
                report(f"{dataset.name}: skipped, {reason}")
                continue
            for task in _tasks(benchmark, dataset, report):
                _take(benchmark, task, dataset, files, kept, Path(scratch), report)
                write_table(out, benchmark)
    return write_table(out, benchmark)


def write_table(out: Path, benchmark: Benchmark) -> dict[str, Any]:
    """Write the table into `out` and return it as plain values."""
    tree = to_json(benchmark)
    write_whole(out / "table.json", json.dumps(tree, indent=1) + "\n")
    write_whole(out / "table.md", to_markdown(tree))
    return tree


def _tasks(benchmark: Benchmark, dataset: DataSet, report: Report) -> list[Task]:
    """What to measure on a set: every row with the first seed, then the seeds that follow."""
    settings = tuple(benchmark.settings)
    able = []
    for row in benchmark.rows:
        reason = row.missing()
        if reason:
            benchmark.skipped.append((dataset.name, row.name, reason))
            report(f"{dataset.name} · {row.name}: skipped, {reason}")
        else:
            able.append(row)
    tasks = []
    for index, seed in enumerate(dict.fromkeys(benchmark.seeds)):
        for row in able:
            if row.seeded:
                tasks.append(Task(dataset.name, row.name, seed, settings))
            elif index == 0:
                tasks.append(Task(dataset.name, row.name, UNSEEDED, settings))
    return tasks


def _take(
    benchmark: Benchmark,
    task: Task,
    dataset: DataSet,
    files: Sequence[Path],
    kept: Path,
    scratch: Path,
    report: Report,
) -> None:
    """Read a measurement or take it, and add it to the benchmark."""
    request = task.request(dataset, files)
    path = kept / task.file_name(request)
    name = f"{task.dataset} · {task.row} · seed {task.seed}"
    record = _read(path)
    if record is not None:
        report(f"{name}: measured before")
    else:
        report(f"{name} …")
        try:
            record = measure_apart(task, lay_out(dataset, files, scratch))
        except MeasureError as error:
            benchmark.failed.append((task.dataset, task.row, task.seed, str(error)))
            report(f"{name}: failed\n{error}")
            return
        record = {"request": request, **record}
        write_whole(path, json.dumps(record, indent=1) + "\n")
        report(f"{name}: {record['figures']['seconds']:.1f} s")
    benchmark.measured.setdefault((task.dataset, task.row), {})[task.seed] = record


def _read(path: Path) -> dict[str, Any] | None:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return record if isinstance(record, dict) and "figures" in record else None


def write_whole(path: Path, text: str) -> None:
    """Write a file as a whole: whoever reads it finds the old or the new one."""
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)
