"""A mapped query on disk, seen as the canvas sees an atlas: description, coordinates, values.

The result file is AnnData in HDF5; it is read column by column with h5py, so that a drawing never
loads the counts and nothing heavier than h5py is imported.
"""

from __future__ import annotations

import json
from collections import Counter
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from atlas_app.atlases.description import TOP_GENES
from atlas_app.http.errors import ApiError, closest
from atlas_app.http.known_names import known_factor
from atlas_app.results.columns import (
    Column,
    plain,
    read_column,
    read_labels,
    read_whole_column,
    texts,
    texts_of,
)
from atlas_app.results.units import coordinate_unit
from atlas_app.words.told import describe_factors, told_of
from training.store import Atlas
from training.store.hierarchy.quantise import encode_codes, encode_factor, encode_numbers
from training.store.mapped import CARRIED, COLUMNS, VERDICTS, find_sections
from training.store.records import Values

# Scores in [0, 1] are drawn on that whole scale, so that two queries can be compared by eye.
UNIT_COLUMNS = ("domain_confidence", "stage_confidence")
# A spot without counts scores a thousand, and would leave no colours for the others.
SCORE_COLUMN, SCORE_TOP = "out_of_reference_score", 2.0
# Annotations that came from the atlas, and how sure each spot is of its own.
PROBABILITY = "_probability"
# Longer lists in the report are cut; the file itself holds them whole.
LONGEST_LIST = 200


class ResultView:
    """One result file. Arrays come in drawing order: grouped by slice, else as in the file."""

    def __init__(self, path: Path, *, atlas: Atlas, job_id: str, base: str, title: str) -> None:
        self.path = path
        self.atlas = atlas
        self.job_id = job_id
        self.base = base
        self.title = title

    def open(self) -> Any:
        """The file, to be read in a `with`."""
        import h5py

        return h5py.File(self.path, "r")

    @cached_property
    def report(self) -> dict[str, Any]:
        """`uns['projection']` as JSON can hold it; long lists are cut to their length."""
        with self.open() as file:
            found = plain(file["uns/projection"]) if "uns/projection" in file else {}
        for key, value in list(found.items()):
            if isinstance(value, str) and value.startswith(("{", "[")):
                try:
                    found[key] = json.loads(value)
                except ValueError:
                    continue
        return {
            key: value
            if not (isinstance(value, list) and len(value) > LONGEST_LIST)
            else len(value)
            for key, value in found.items()
            if key != "imputed_genes"
        } | {"n_imputed": len(self.imputed_genes)}

    @cached_property
    def imputed_genes(self) -> list[str]:
        """Names of the columns of obsm['imputed'], [] when nothing was imputed."""
        with self.open() as file:
            if "obsm/imputed" not in file or "uns/projection/imputed_genes" not in file:
                return []
            return [
                str(name) for name in np.atleast_1d(texts(file["uns/projection/imputed_genes"]))
            ]

    @cached_property
    def measured_genes(self) -> list[str]:
        """Imputed genes that the query measured as well; imputed without what it measured."""
        with self.open() as file:
            if "obsm/measured" not in file or not self.n_spots:
                return []
            known = np.isfinite(file["obsm/measured"][0])
        return [gene for gene, own in zip(self.imputed_genes, known, strict=True) if own]

    @cached_property
    def column_names(self) -> list[str]:
        with self.open() as file:
            frame = file["obs"]
            listed = [str(name) for name in texts_of(frame.attrs.get("column-order", []))]
            # Those that mapping writes are offered first.
            own = [name for name in COLUMNS if name in frame]
            return own + [name for name in listed if name not in own]

    @cached_property
    def carried(self) -> frozenset[str]:
        """Columns of annotations that were carried over from the atlas, and their probabilities."""
        known = self.atlas.obs_columns
        return frozenset(
            name
            for name in self.column_names
            if name.startswith(CARRIED)
            and name.removeprefix(CARRIED).removesuffix(PROBABILITY) in known
        )

    @cached_property
    def order(self) -> np.ndarray | None:
        """Rows in drawing order, None for the file's own; see `slices`."""
        column = self._slice_column()
        if column is None or column.codes is None:
            return None
        changes = np.count_nonzero(np.diff(column.codes))
        if changes < len(np.unique(column.codes)):
            return None
        return np.argsort(column.codes, kind="stable")

    @cached_property
    def slice_column_name(self) -> str:
        """The column that says which slice a spot is of; '' where there is none."""
        column = self._slice_column()
        return column.name if column is not None else ""

    def _slice_column(self) -> Column | None:
        name = find_sections(self.report, self.column_names)
        if not name:
            return None
        with self.open() as file:
            return read_labels(file["obs"][name], name)

    def section_rows(self, section: str) -> np.ndarray:
        """Rows of a section in file order, none of an unknown one; all where no column tells
        sections apart."""
        column = self._slice_column()
        if column is None:
            return np.arange(self.n_spots)
        if section not in column.categories:
            return np.arange(0)
        return np.flatnonzero(column.codes == column.categories.index(section))

    @cached_property
    def foreign_sections(self) -> tuple[str, ...]:
        """Names of the sections, of several, that are not of the atlas's tissue."""
        told = self.report.get("sections")
        records = told.values() if isinstance(told, dict) else ()
        return tuple(str(each["section"]) for each in records if each["verdict"] == VERDICTS[2])

    @cached_property
    def tissue(self) -> np.ndarray:
        """(n_spots,) in file order, what a summary rests on: spots of sections that are not
        foreign; all where every section is."""
        kept = np.ones(self.n_spots, dtype=bool)
        for section in self.foreign_sections:
            kept[self.section_rows(section)] = False
        return kept if kept.any() else ~kept

    @cached_property
    def n_spots(self) -> int:
        with self.open() as file:
            return int(file["obsm/factors"].shape[0])

    def spot_names(self) -> np.ndarray:
        """(n_spots,) names in file order."""
        with self.open() as file:
            return texts(file["obs"][texts_of(file["obs"].attrs["_index"])[0]])

    def column(self, name: str) -> Column | None:
        """A column of obs in file order; None when it can be neither coloured nor counted."""
        with self.open() as file:
            if name not in self.column_names or name not in file["obs"]:
                return None
            found = read_column(file["obs"][name], name)
        reference = self.atlas.obs_columns.get(name)
        if found is None or found.codes is None or reference is None:
            return found
        if name not in ("domain", "stage") or reference.kind != "category":
            return found
        # The atlas's own order of domains and stages gives them the atlas's own colours.
        names = list(reference.categories)
        names += [category for category in found.categories if category not in names]
        lookup = np.array([names.index(category) for category in found.categories] + [-1])
        return Column(name, lookup[found.codes], tuple(names), None)

    def section_texts(self, name: str) -> list[str] | None:
        """(n_spots,) what a column of sections or slices says of each spot in file order, '' where
        missing, however many there are; None for what is no column."""
        column = self._slice_column()
        if column is None or column.name != name:
            with self.open() as file:
                column = read_whole_column(file["obs"][name], name)
        return None if column is None else column.texts()

    def drawn(self, values: np.ndarray) -> np.ndarray:
        return values if self.order is None else values[self.order]

    def spatial(self) -> np.ndarray:
        """(n_spots, 2) float32 coordinates in drawing order."""
        with self.open() as file:
            return self.drawn(file["obsm/spatial"][:, :2]).astype("<f4")

    def rows(self, rows: slice) -> tuple[np.ndarray, np.ndarray]:
        """(coordinates (m, 2), factor proportions (m, K)) of some rows in file order."""
        with self.open() as file:
            return file["obsm/spatial"][rows, :2], file["obsm/factors"][rows]

    def values(self, kind: str, name: str) -> Values:
        """One factor or column as bytes in drawing order; genes are in `result_expression`.

        An ApiError (404) for what the result does not hold.
        """
        if kind == "factor":
            return self._factor(name)
        column = self.column(name) if kind == "obs" else None
        if column is None:
            raise ApiError(
                404,
                "No such annotation in this result.",
                found=f"{kind} {name}",
                expected="a column of the mapped query",
                examples=closest(name, self.column_names),
            )
        if column.codes is not None:
            codes = encode_codes(self.drawn(column.codes))
            last = float(max(0, len(column.categories) - 1))
            return Values(codes, 0.0, last, "category", list(column.categories))
        numbers = self.drawn(np.asarray(column.numbers))
        if self.is_probability(name):
            data = encode_factor(np.clip(np.nan_to_num(numbers), 0, 1), 1.0)
            return Values(
                np.where(np.isnan(numbers), 255, data).astype(np.uint8), 0.0, 1.0, "number"
            )
        if name == SCORE_COLUMN:
            numbers = np.clip(numbers, 0, SCORE_TOP)
        data, lo, hi = encode_numbers(numbers)
        return Values(data, lo, hi, "number")

    def is_probability(self, name: str) -> bool:
        """Whether a column holds probabilities: its colours run from 0 to 1, as sure spots would
        look doubtful beside surer ones."""
        return name in UNIT_COLUMNS or (name in self.carried and name.endswith(PROBABILITY))

    def factor_column(self, name: str) -> np.ndarray:
        """(n_spots,) proportions of a factor, in file order; an ApiError (404) for none of that
        number."""
        with self.open() as file:
            factors = file["obsm/factors"]
            return np.asarray(factors[:, known_factor(name, factors.shape[1])])

    def _factor(self, name: str) -> Values:
        values = self.drawn(self.factor_column(name))
        hi = float(values.max()) if len(values) else 0.0
        return Values(encode_factor(values, hi), 0.0, hi, "number")

    def imputed_column(self, place: int) -> np.ndarray:
        """(n_spots,) imputed values of the gene at a place of `imputed_genes`, in file order."""
        with self.open() as file:
            return np.asarray(file["obsm/imputed"][:, place])

    def measured_column(self, place: int) -> np.ndarray | None:
        """The same as the query measured it; None of a gene that it did not measure."""
        if self.imputed_genes[place] not in self.measured_genes:
            return None
        with self.open() as file:
            return np.asarray(file["obsm/measured"][:, place])

    def slices(self) -> list[dict[str, Any]]:
        """The query's slices in drawing order, each with the stage most of its spots were given."""
        column = self._slice_column()
        stage = self.column("stage")
        stages = np.asarray(stage.codes) if stage is not None and stage.codes is not None else None
        if stages is not None:
            stages = self.drawn(stages)
        bounds = [(self.title, 0, self.n_spots)]
        if column is not None and column.codes is not None:
            codes = self.drawn(column.codes)
            edges = [0, *(np.flatnonzero(np.diff(codes)) + 1).tolist(), len(codes)]
            bounds = [
                (column.categories[codes[start]], start, stop)
                for start, stop in pairwise(edges)
                if stop > start
            ]
        times = {part.name: part.time for part in self.atlas.stages}
        found = []
        for name, start, stop in bounds:
            label = "query"
            if stages is not None and stage is not None:
                counted = Counter(int(code) for code in stages[start:stop] if code >= 0)
                if counted:
                    label = stage.categories[counted.most_common(1)[0][0]]
            # Of tissue that the atlas does not hold no stage is told.
            foreign = name in self.foreign_sections
            label = "foreign tissue" if foreign else label
            found.append(
                {
                    "name": name,
                    "stage": label,
                    "time": times.get(label),
                    "start": start,
                    "stop": stop,
                    **({"foreign": True} if foreign else {}),
                }
            )
        return found

    @cached_property
    def description(self) -> dict[str, Any]:
        """The same shape as an atlas's description, with `imputed_genes` beside it; the unit of the
        coordinates is None where it is not known."""
        slices = self.slices()
        unit, scales = coordinate_unit(self.atlas, self.report, [part["name"] for part in slices])
        for part, scale in zip(slices, scales or (), strict=bool(scales)):
            if scale != 1:
                part["unit_scale"] = scale
        order = [part.name for part in self.atlas.stages]
        named = sorted(
            {part["stage"] for part in slices},
            key=lambda name: order.index(name) if name in order else len(order),
        )
        columns = [self.column(name) for name in self.column_names]
        reference, card = self.atlas.obs_columns, self.atlas.card
        with self.open() as file:
            n_factors = int(file["obsm/factors"].shape[1])
        return {
            "id": self.job_id,
            "title": self.title,
            "base": self.base,
            "kind": "result",
            "spots": True,
            "digest": self.atlas.digest,
            "n_spots": self.n_spots,
            "n_genes": len(self.imputed_genes),
            "n_factors": n_factors,
            "units": {
                "coordinate": unit,
                "time": str(card.get("time_unit") or ""),
            },
            "slices": slices,
            "stages": [
                {
                    "name": name,
                    "time": next((s["time"] for s in slices if s["stage"] == name), None),
                    "n_slices": sum(s["stage"] == name for s in slices),
                    "n_spots": sum(s["stop"] - s["start"] for s in slices if s["stage"] == name),
                }
                for name in named
            ],
            "obs": [
                {
                    "name": column.name,
                    "kind": column.kind,
                    "categories": list(column.categories),
                    "colors": (
                        reference[column.name].colors
                        if column.name in ("domain", "stage") and column.name in reference
                        else None
                    ),
                    "told": told_of(self.atlas, column.name),
                }
                for column in columns
                if column is not None
            ],
            "factors": describe_factors(self.atlas, TOP_GENES)[:n_factors],
            "imputed_genes": self.imputed_genes,
            "measured_genes": self.measured_genes,
        }
