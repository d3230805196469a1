"""Genes that all slices share or that some measured, and why they may share too few."""

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
LEAST_LINK = 10
"""Genes that two panels have in common at least, for slices to be compared by them."""
ENSEMBL = re.compile(r"^ENS[A-Z]*G\d{6,}(\.\d+)?$")


def shared_genes(panels: Sequence[pd.Index]) -> pd.Index:
    """Genes of every panel, in the order of the first."""
    shared = panels[0]
    for panel in panels[1:]:
        if panel is not shared and not panel.equals(shared):
            shared = shared[shared.isin(panel)]
    return shared


def union_genes(panels: Sequence[pd.Index], least: int = 1) -> pd.Index:
    """Genes of at least `least` panels, in the order in which they first occur."""
    genes = panels[0]
    for panel in panels[1:]:
        if panel is not genes and not panel.equals(genes):
            genes = genes.append(panel[~panel.isin(genes)])
    times = np.sum([genes.isin(panel) for panel in panels], axis=0)
    return genes if (times >= least).all() else genes[times >= least]


def check_linked_panels(tables: Mapping[str, pd.DataFrame]) -> list[Problem]:
    """Every slice is joined to all others by shared genes, directly or through further slices.

    Two slices are joined by a tenth of the smaller panel, and LEAST_LINK genes. Where slices fall
    apart nothing says which factor of one part is which of another.

    Args:
        tables: gene table by slice place, indexed by gene name.

    Returns:
        One problem per slice outside the largest group of joined slices.
    """
    places = list(tables)
    panels = [tables[place].index for place in places]
    if len(panels) < 2 or any(len(panel) == 0 for panel in panels):
        return []
    distinct, member = _distinct(panels)
    n = len(distinct)
    common = np.array([[panels[i].isin(panels[j]).sum() for j in distinct] for i in distinct])
    smaller = np.minimum.outer(common.diagonal(), common.diagonal())
    # A panel of fewer genes than LEAST_LINK is joined where it shares all of them.
    joined = common >= np.maximum(LEAST_SHARED * smaller, np.minimum(LEAST_LINK, smaller))
    group = np.arange(n)
    for _ in range(n):
        group = np.array([group[joined[i]].min() for i in range(n)])
    home = np.bincount(group[member], minlength=n).argmax()
    problems = []
    for place, panel, at in zip(places, panels, member, strict=True):
        if group[at] == home:
            continue
        inside = [i for i in range(n) if group[i] == home]
        nearest = distinct[max(inside, key=lambda i: int(common[at, i]))]
        problems.append(
            _unlike(tables[place], place, panel, places[nearest], panels[nearest], "any other")
        )
    return problems


def _distinct(panels: Sequence[pd.Index]) -> tuple[list[int], list[int]]:
    """Where each different panel first occurs, and the number of the one each slice has."""
    distinct: list[int] = []
    member = []
    for at, panel in enumerate(panels):
        same = [i for i, other in enumerate(distinct) if panels[other].equals(panel)]
        if not same:
            distinct.append(at)
        member.append(same[0] if same else len(distinct) - 1)
    return distinct, member


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
    distinct, member = _distinct(panels)
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
            problems.append(_unlike(tables[place], place, panel, home, reference))
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
                    "leave out the slices whose panel overlaps least with the others, or keep the "
                    "genes of all panels with genes.panels=union",
                )
            )
    return problems


def _unlike(
    table: pd.DataFrame,
    place: str,
    panel: pd.Index,
    home: str,
    reference: pd.Index,
    which: str = "",
) -> Problem:
    """A panel that shares too little with that of the slice `home`."""
    common = int(panel.isin(reference).sum())
    nearest = f", more than of {which} slice" if which else ""
    return Problem(
        place,
        f"{len(panel):,} genes of which {common:,} are among the {len(reference):,} of "
        f"{home}{nearest}",
        f"gene names that match across slices (at least {LEAST_SHARED:.0%} of the smaller panel"
        + (f", and {LEAST_LINK} genes)" if which else ")"),
        [
            f"{mine} here, {theirs} there"
            for mine, theirs in zip(
                panel[~panel.isin(reference)][:5],
                reference[~reference.isin(panel)][:5],
                strict=False,
            )
        ],
        _remedy(table, panel, reference),
    )


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
