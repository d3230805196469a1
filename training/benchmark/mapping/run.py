"""The mapping benchmark over data sets and seeds, and its table on disk."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from training.benchmark.mapping.figures import pool_reliability
from training.benchmark.mapping.rivals import Rival, RivalError, measure_rival, record_name
from training.benchmark.run import write_whole
from training.benchmark.sets import DataSet, choose_sets, find_files, lay_out
from training.benchmark.table import summarise
from training.config import load_config
from training.errors import ConfigError

if TYPE_CHECKING:
    from anndata import AnnData

SETS = (
    "human_heart_6.5pcw",
    "developing_human_heart",
    "her2st",
    "seqfish_mouse_embryo",
    "embryo",
)
FOREIGN = {
    "human_heart_6.5pcw": ("her2st", "B1.h5ad"),
    "developing_human_heart": ("her2st", "B1.h5ad"),
    "her2st": ("human_heart_6.5pcw", "7_CN74_D1.h5ad"),
    "seqfish_mouse_embryo": ("mouse_hippocampus", "Hippo1.h5ad"),
}
"""A section of another tissue of the same species, by the folder of a set."""
UNITS = ("sections", "domain", "stage", "imputation", "split", "warnings")
"""Measured by themselves, each with its own fits: sections left out, a domain or a stage that the
reference lacks; of sections left out only what is imputed, beside rivals; every section left out,
with visible and hidden genes as the set gives them; and how many sections, as they are and with a
foreign part, are said to hold tissue that the reference lacks."""
USUAL = UNITS[:3]
PARTS = {
    "mapping": "genes visible",
    "reliability": "probability of a label promised",
    "approaches": "approach, genes visible",
    "domains": "domains, genes visible",
    "domain reliability": "probability of a domain promised",
    "registration": "registration, genes visible",
    "itself": "slice of the reference, genes visible",
    "imputation": "row",
    "imputed sections": "section",
    "imputation by panel": "genes visible, the same hidden",
    "split": "row, genes as given",
    "split by section": "section and row, genes as given",
    "absent domain": "domain left out, genes visible",
    "absent stage": "stage left out, genes visible",
    "warned": "genes visible, tissue of the section",
}
"""Parts of the table, and what their rows are."""
POOLED = ("reliability", "domain reliability")
"""Parts in which seeds count together: the error of few spots is mostly chance."""

Report = Callable[[str], None]


def run_mapping_benchmark(
    out: Path,
    data: Path | None = None,
    *,
    sets: Sequence[str] = (),
    seeds: Sequence[int] = (0, 1, 2),
    units: Sequence[str] = (),
    settings: Sequence[str] = (),
    rivals: Sequence[Rival] = (),
    report: Report = lambda line: None,
) -> dict[str, Any]:
    """Measure mapping on data sets and write `table.json` and `table.md` into `out`.

    A unit of a set and a seed that was measured with the same settings is not measured again. Sets
    of which there are fewer than two slices, or no files, are left out and named.

    Args:
        units: names of UNITS, or none for the usual ones.
        rivals: further rows of the unit `imputation`; one that fails is named with the reason, and
            tried again the next time.

    Raises:
        ConfigError: for unknown names or settings, before anything is measured.
    """
    chosen_units = choose_units(units)
    if rivals and "imputation" not in chosen_units:
        raise ConfigError("--rivals: they are rows of the unit imputation: --units imputation")
    chosen = choose_sets(sets or SETS)
    if not seeds or min(seeds) < 0:
        raise ConfigError(f"--seeds: found {list(seeds)}; expected whole numbers from 0")
    load_config(None, settings)
    if data is not None and not data.is_dir():
        raise ConfigError(f"--data {data}: there is no such folder")
    kept = out / "measurements"
    kept.mkdir(parents=True, exist_ok=True)
    measured: dict[str, dict[int, Any]] = {}
    skipped: dict[str, str] = {}
    tree = _write_table(out, measured, skipped, settings)
    for dataset in chosen:
        files, reason = find_files(dataset, data)
        if reason:
            skipped[dataset.name] = reason
            report(f"{dataset.name}: skipped, {reason}")
            tree = _write_table(out, measured, skipped, settings)
            continue
        for seed in dict.fromkeys(seeds):
            for unit in chosen_units:
                path = kept / _file_name(dataset, seed, unit, settings)
                name = f"{dataset.name} · seed {seed} · {unit}"
                tasks = path.with_suffix(".tasks") if unit == "imputation" and rivals else None
                waiting = [r for r in rivals if not (kept / record_name(r, path.stem)).exists()]
                if path.exists() and not (tasks and waiting and not tasks.exists()):
                    report(f"{name}: measured before")
                    record = json.loads(path.read_text(encoding="utf-8"))
                else:
                    tell = partial(_tell, report, name)
                    record = _measure(unit, dataset, files, data, seed, settings, tell, tasks)
                    write_whole(path, json.dumps(record, indent=1) + "\n")
                if "reason" in record:
                    skipped[f"{dataset.name} · {unit}"] = record["reason"]
                of_seed = measured.setdefault(dataset.name, {}).setdefault(seed, {})
                of_seed.update(record)
                if tasks:
                    _add_rivals(of_seed, rivals, path, seed, skipped, name, report)
                tree = _write_table(out, measured, skipped, settings)
    return tree


def choose_units(names: Sequence[str]) -> list[str]:
    """What of a set and a seed is measured, in the order of UNITS; without names the usual units.

    Raises:
        ConfigError: for a name that is none.
    """
    unknown = [name for name in names if name not in UNITS]
    if unknown:
        raise ConfigError(f"--units: found '{unknown[0]}'; there are: {', '.join(UNITS)}")
    return [unit for unit in UNITS if unit in (names or USUAL)]


def _measure(
    unit: str,
    dataset: DataSet,
    files: Sequence[Path],
    data: Path | None,
    seed: int,
    settings: Sequence[str],
    report: Report,
    tasks: Path | None = None,
) -> dict[str, Any]:
    from training.benchmark.mapping import absentclass, absentstage, givensplit, measure, warned

    with tempfile.TemporaryDirectory(prefix="atlas-benchmark-") as place:
        folder = lay_out(dataset, files, Path(place))
        if unit == "domain":
            return absentclass.measure_absent_domain(
                dataset, folder, Path(place), seed, settings, report
            )
        if unit == "stage":
            return absentstage.measure_absent_stage(
                dataset, folder, Path(place), seed, settings, report
            )
        if unit == "split":
            split = data / dataset.split if data is not None and dataset.split else None
            return givensplit.measure_split(
                dataset, folder, Path(place), seed, split, settings, report
            )
        if unit == "imputation":
            if tasks is None:
                return measure.measure_imputation(
                    dataset, folder, Path(place), seed, settings, report=report
                )
            return _measure_with_tasks(dataset, folder, Path(place), seed, settings, tasks, report)
        foreign = _find_foreign(dataset, data)
        if unit == "warnings":
            return warned.measure_warnings(
                dataset, folder, Path(place), seed, settings, foreign, report
            )
        return measure.measure_mapping(
            dataset, folder, Path(place), seed, settings, foreign, report
        )


def _measure_with_tasks(
    dataset: DataSet,
    folder: Path,
    scratch: Path,
    seed: int,
    settings: Sequence[str],
    tasks: Path,
    report: Report,
) -> dict[str, Any]:
    """The unit `imputation`; what rivals are asked appears as a whole or not at all."""
    from training.benchmark.mapping.measure import measure_imputation

    part = tasks.with_name(tasks.name + ".part")
    for old in (part, tasks):
        shutil.rmtree(old, ignore_errors=True)
    part.mkdir()
    record = measure_imputation(dataset, folder, scratch, seed, settings, part, report)
    part.rename(tasks)
    return record


def _add_rivals(
    record: dict[str, Any],
    rivals: Sequence[Rival],
    path: Path,
    seed: int,
    skipped: dict[str, str],
    name: str,
    report: Report,
) -> None:
    """Put the rows of rivals into a record, those measured before from their files."""
    for rival in rivals:
        file = path.with_name(record_name(rival, path.stem))
        title = f"{name} · {rival.name}"
        if file.exists():
            report(f"{title}: measured before")
        else:
            report(title)
            try:
                figures = measure_rival(rival, path.with_suffix(".tasks"), seed)
            except RivalError as error:
                report(f"{title}: failed, {error}")
                skipped[title] = str(error)
                record["imputation"].setdefault(rival.name, {})
                continue
            write_whole(file, json.dumps(figures, indent=1) + "\n")
        found = json.loads(file.read_text(encoding="utf-8"))
        record["imputation"].update(found["imputation"])
        record.setdefault("rivals", {}).update(found["rival"])


def to_markdown(tree: dict[str, Any]) -> str:
    """Tables of a set: mapping, imputation, what the reference lacks; means, ranges over seeds."""
    lines = []
    for name, found in tree["sets"].items():
        lines += [f"## {name}", "", f"seeds {', '.join(map(str, found['seeds']))}", ""]
        for part, first in PARTS.items():
            if not found[part]:
                continue
            heads = list(dict.fromkeys(key for row in found[part].values() for key in row))
            lines.append("| " + " | ".join([first, *(h.replace("_", " ") for h in heads)]) + " |")
            lines.append("|---" * (len(heads) + 1) + "|")
            for row, figures in found[part].items():
                cells = [_cell(figures.get(head)) for head in heads]
                lines.append("| " + " | ".join([row, *cells]) + " |")
            lines.append("")
        for row, facts in found["rivals"].items():
            told = ", ".join(f"{key} {value}" for key, value in facts.items())
            lines += [f"{row}: {told}", ""]
    for name, reason in tree["skipped"].items():
        lines += [f"{name} was left out: {reason}", ""]
    return "\n".join(lines)


def _write_table(
    out: Path,
    measured: dict[str, dict[int, Any]],
    skipped: dict[str, str],
    settings: Sequence[str],
) -> dict[str, Any]:
    tree = {"sets": _summarise(measured), "skipped": dict(skipped), "settings": list(settings)}
    write_whole(out / "table.json", json.dumps(tree, indent=1) + "\n")
    write_whole(out / "table.md", to_markdown(tree))
    return tree


def _cell(summary: dict[str, Any] | None) -> str:
    if summary is None:
        return "–"
    text = f"{summary['mean']:.3f}"
    return text if summary["n"] == 1 else f"{text} ({summary['min']:.3f}–{summary['max']:.3f})"


def _summarise(measured: dict[str, dict[int, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, by_seed in measured.items():
        records = list(by_seed.values())
        found[name] = {
            "seeds": list(by_seed),
            "sections": [record.get("sections", {}) for record in records],
            "environment": records[0]["environment"],
            "rivals": {
                row: facts for record in records for row, facts in record.get("rivals", {}).items()
            },
        }
        for part in PARTS:
            rows = [record.get(part, {}) for record in records]
            if part in POOLED:
                rows = [pool_reliability(rows)]
            found[name][part] = {
                row: {
                    key: summarise(each.get(row, {}).get(key) for each in rows)
                    for key in dict.fromkeys(k for each in rows for k in each.get(row, {}))
                }
                for row in dict.fromkeys(row for each in rows for row in each)
            }
    return found


def _tell(report: Report, name: str, line: str) -> None:
    report(f"{name}: {line}")


def _find_foreign(dataset: DataSet, data: Path | None) -> AnnData | None:
    import anndata as ad

    folder, name = FOREIGN.get(dataset.folder, ("", ""))
    if data is None or not name or not (data / folder / name).exists():
        return None
    return ad.read_h5ad(data / folder / name)


def _file_name(dataset: DataSet, seed: int, unit: str, settings: Sequence[str]) -> str:
    digest = hashlib.sha256(json.dumps(sorted(settings)).encode()).hexdigest()
    return f"{dataset.name}.seed{seed}.{unit}.{digest[:10]}.json"
