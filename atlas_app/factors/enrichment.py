"""Gene sets that a reader or the builder brings, tested against the factors of an atlas."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any

import numpy as np

from atlas_app.http.errors import ApiError
from atlas_app.http.sent_texts import Allowance
from atlas_app.http.turns import Turns
from training.store import Atlas
from training.store.derived.overrepresentation import SetTests, assess_sets
from training.store.genes.genesets import GeneSet, parse_gmt

# The largest public collections have some 10,000 sets in some MB.
MOST_BYTES = 8 * 2**20
MOST_SETS = 20_000
# Two of the largest collections an hour, and as many small lists as a reader tries.
ALLOWANCE = Allowance(number=30, size=2 * MOST_BYTES)
TOP = 50
# Results that are kept: 20 factors × 20,000 sets are some 30 MB.
MOST_KEPT = 3
OWN = "atlas"
GONE = "These gene sets are not kept here any more, or never were: give them again."
"""Stands for the sets that the builder gave, where others have the key of their text."""
Tested = tuple[list[GeneSet], SetTests]
"""Gene sets and what tests of them gave."""
EXAMPLE = "HEART<tab>about it<tab>MYH7<tab>NPPA"


def read_sets(text: str) -> list[GeneSet]:
    """The gene sets of a GMT text.

    Raises ApiError: 413 for more than 8 MiB or 20,000 sets, 400 with the first lines that are no
    gene set, or without any set.
    """
    size = len(text.encode())
    if size > MOST_BYTES:
        raise ApiError(
            413,
            "This file of gene sets is too large.",
            found=f"{size:,} bytes",
            expected=f"at most {MOST_BYTES:,} bytes; leave out sets that are not needed",
        )
    sets, faults = parse_gmt(text.removeprefix("﻿"))
    if faults:
        raise ApiError(
            400,
            f"{len(faults):,} {'line is' if len(faults) == 1 else 'lines are'} no gene set.",
            found=f"line {faults[0].line}: {faults[0].found}",
            expected=f"GMT: name, description and genes, with tabs between them, as {EXAMPLE}",
            examples=[f"line {each.line}: {each.found}: {each.text!r}" for each in faults],
        )
    if not sets:
        raise ApiError(
            400,
            "There is no gene set.",
            found="no text",
            expected=f"GMT: name, description and genes, with tabs between them, as {EXAMPLE}",
        )
    if len(sets) > MOST_SETS:
        raise ApiError(
            413,
            "These are too many gene sets.",
            found=f"{len(sets):,} sets",
            expected=f"at most {MOST_SETS:,}",
        )
    return sets


class Enrichments:
    """Tested sets of one atlas, the ones asked for last kept; may be shared by threads."""

    def __init__(self, atlas: Atlas) -> None:
        self.atlas = atlas
        self._kept: OrderedDict[str, Tested] = OrderedDict()
        self._turns = Turns("gene sets")
        self._reading = threading.Lock()

    def test(self, key: str, text: str) -> Tested:
        """The sets of a GMT text and their tests; `key` stands for the text, and OWN for the sets
        of the builder.

        Raises ApiError as `read_sets`, 400 where no gene of any set was fitted, and 503 as
        `Turns.turn`.
        """
        found = self._known(key)
        if found is None:
            with self._turns.turn():
                # Whoever was waited for may have asked for the same.
                found = self._known(key) or self._assess(key, text)
                with self._reading:
                    self._kept[key] = found
                    while len(self._kept) > MOST_KEPT:
                        self._kept.popitem(last=False)
        return found

    def _known(self, key: str) -> Tested | None:
        with self._reading:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
            return found

    def _assess(self, key: str, text: str) -> Tested:
        sets: list[GeneSet] = [*self.atlas.gene_sets] if key == OWN else read_sets(text)
        tests = assess_sets(self.atlas, sets, TOP)
        if not len(tests.tested):
            names = [gene for each in sets for gene in each.genes]
            raise ApiError(
                400,
                "No gene of these sets is among the fitted genes.",
                found=", ".join(names[:5]),
                expected="symbols or Ensembl ids of the atlas's species",
                examples=self.atlas.genes,
            )
        return sets, tests

    def rows(
        self, key: str, text: str, factor: int, most: int | None = None
    ) -> list[dict[str, Any]]:
        """Tested sets in one factor, the least p of either test first."""
        sets, found = self.test(key, text)
        best = found.top[factor].tolist()
        least = np.minimum(found.p[factor], found.p_rank[factor])
        rows = []
        for at in np.argsort(least, kind="stable")[:most].tolist():
            each, own = sets[int(found.tested[at])], set(found.members[at].tolist())
            rows.append(
                {
                    "set": each.name,
                    "description": each.description,
                    "overlap": int(found.overlap[factor, at]),
                    "top": len(best),
                    "set_size": int(found.sizes[at]),
                    "universe": found.universe,
                    "fold": float(found.fold[factor, at]),
                    "p": float(found.p[factor, at]),
                    "q": float(found.q[factor, at]),
                    "area": float(found.area[factor, at]),
                    "p_rank": float(found.p_rank[factor, at]),
                    "q_rank": float(found.q_rank[factor, at]),
                    "genes": " ".join(self.atlas.genes[g] for g in best if g in own),
                }
            )
        return rows
