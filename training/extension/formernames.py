"""Slices that still bear the stages' names of before the builder renamed them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from training.slices.quality import SliceReport
from training.store import Annotation

if TYPE_CHECKING:
    from anndata import AnnData


def former_stages(annotations: Iterable[Annotation], stages: Collection[str]) -> dict[str, str]:
    """Present names by former ones.

    A name that a stage bears now means that stage, even where another had it before.
    """
    return {
        each.former: each.key
        for each in annotations
        if each.of == "stage" and each.former and each.former not in stages
    }


def rename_stages(
    spots: AnnData, reports: Sequence[SliceReport], formers: dict[str, str]
) -> list[SliceReport]:
    """Put present names in place of former ones, in obs['stage'] of `spots` and in the reports."""
    column = spots.obs["stage"].astype("category")
    if not formers.keys().isdisjoint(column.cat.categories):
        names = [formers.get(name, name) for name in column.cat.categories]
        spots.obs["stage"] = (
            column.astype(str)
            .replace(formers)
            .astype("category")
            .cat.set_categories(list(dict.fromkeys(names)), ordered=column.cat.ordered)
        )
    return [replace(each, stage=formers.get(each.stage, each.stage)) for each in reports]
