"""Genes that all slices share, and why they may share too few."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from training.errors import Problem

if TYPE_CHECKING:
    import pandas as pd

# Panels that share less than this part of the smaller one are named differently.
LEAST_SHARED = 0.1
ENSEMBL = re.compile(r"^ENS[A-Z]*G\d{6,}(\.\d+)?$")


def shared_genes(panels: Sequence[pd.Index]) -> pd.Index:
    """Genes of every panel, in the order of the first."""
    shared = panels[0]
    for panel in panels[1:]:
        if panel is not shared and not panel.equals(shared):
            shared = shared[shared.isin(panel)]
    return shared


def check_panels(tables: Mapping[str, pd.DataFrame]) -> list[Problem]:
    """Each slice shares at least a tenth of the smaller panel with the others.

    Args:
        tables: gene table by slice place, indexed by gene name.

    Returns:
        One problem per slice that departs from the largest group of agreeing slices, or one for
        all slices when only their common part is too small.
    """
    places = list(tables)
    panels = [tables[place].index for place in places]
    if len(panels) < 2 or any(len(panel) == 0 for panel in panels):
        return []
    # Most slices share one gene list: compare the distinct lists only.
    distinct: list[int] = []
    member = []
    for at, panel in enumerate(panels):
        same = [i for i, other in enumerate(distinct) if panels[other].equals(panel)]
        if not same:
            distinct.append(at)
        member.append(same[0] if same else len(distinct) - 1)
    sizes = np.bincount(member)
    reference = panels[distinct[int(sizes.argmax())]]
    home = places[distinct[int(sizes.argmax())]]
    problems = []
    for place, panel in zip(places, panels, strict=True):
        if panel is reference:
            continue
        common = int(panel.isin(reference).sum())
        smaller = min(len(panel), len(reference))
        if common < LEAST_SHARED * smaller:
            problems.append(
                Problem(
                    place,
                    f"{len(panel):,} genes of which {common:,} are among the "
                    f"{len(reference):,} of {home}",
                    f"gene names that match across slices (at least {LEAST_SHARED:.0%} of "
                    "the smaller panel)",
                    [
                        f"{mine} here, {theirs} there"
                        for mine, theirs in zip(
                            panel[~panel.isin(reference)][:5],
                            reference[~reference.isin(panel)][:5],
                            strict=False,
                        )
                    ],
                    _remedy(tables[place], panel, reference),
                )
            )
    if not problems:
        shared = len(shared_genes([panels[i] for i in distinct]))
        smallest = min(len(panel) for panel in panels)
        if shared < LEAST_SHARED * smallest:
            problems.append(
                Problem(
                    "all slices together",
                    f"{shared:,} genes that every slice has; the smallest panel has {smallest:,}",
                    f"at least {LEAST_SHARED:.0%} of the smallest panel in every slice",
                    [
                        f"{place}: {len(panel):,} genes"
                        for place, panel in zip(places, panels, strict=True)
                    ][:5],
                    "leave out the slices whose panel overlaps least with the others",
                )
            )
    return problems


def _remedy(table: pd.DataFrame, panel: pd.Index, reference: pd.Index) -> str:
    for column in table.columns:
        values = table[column].astype(str)
        if values.isin(reference).mean() > 0.5:
            return f"use var['{column}'] of this slice as var_names: it matches the other slices"
    if _ensembl(panel) != _ensembl(reference):
        kinds = ("Ensembl ids", "symbols")
        mine, theirs = kinds if _ensembl(panel) else kinds[::-1]
        return f"this slice names genes by {mine}, the other by {theirs}: use one kind in both"
    if (
        panel.str.replace(r"\.\d+$", "", regex=True)
        .isin(reference.str.replace(r"\.\d+$", "", regex=True))
        .mean()
        > 0.5
    ):
        return "strip the version (.1, .2) from the gene ids of all slices"
    if panel.str.upper().isin(reference.str.upper()).mean() > 0.5:
        return (
            "the names differ in upper and lower case only (human and mouse symbols?): write "
            "them alike if the species is the same"
        )
    return "use one kind of gene names, of one species, in all slices"


def _ensembl(panel: pd.Index) -> bool:
    sample = panel[:200]
    return bool(np.mean([ENSEMBL.match(name) is not None for name in sample]) > 0.5)
