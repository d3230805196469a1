"""Finding a gene by whatever people call it."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from training.store.genes.descriptions import pick_descriptions
from training.store.parts.reference import Reference
from training.store.records import GeneHit
from training.store.schema import ENSEMBL_COLUMNS, SYMBOL_COLUMNS

# Ensembl's stable ids: ENS, a species code, G, eleven digits; a version after a dot.
ENSEMBL = re.compile(r"(ens[a-z]*g\d{11})(?:\.\d*)?", re.IGNORECASE)
# Shorter texts are found in too many descriptions to be of use.
LEAST_WORD = 3
# The rank of genes no name of which holds the text.
NO_KEY = 3


def without_version(name: str) -> str:
    """An Ensembl gene id without its version; every other name unchanged."""
    match = ENSEMBL.fullmatch(name)
    return match.group(1) if match else name


def gene_aliases(reference: Reference, candidates: Sequence[str]) -> list[str]:
    """The first of the columns `candidates` of var that holds text, '' where missing; a list of
    '' when the atlas has none of them."""
    for name in candidates:
        found = text_column(reference, name)
        if found is not None:
            return found
    return [""] * reference.shape[1]


def text_column(reference: Reference, name: str) -> list[str] | None:
    """A column of var, '' where missing; None where there is none of this name that holds text."""
    if name not in reference.columns("var"):
        return None
    column = reference.column("var", name)
    if column.kind == "text":
        return ["" if value is None else str(value) for value in column.values]
    if column.kind == "category":
        return [column.categories[c] if c >= 0 else "" for c in column.codes]
    return None


def read_index(reference: Reference, fitted: np.ndarray) -> GeneIndex:
    """The index of the genes of a store; `fitted` (genes,) says which have loadings."""
    names = reference.names("var")
    return GeneIndex(
        names,
        gene_aliases(reference, SYMBOL_COLUMNS),
        gene_aliases(reference, ENSEMBL_COLUMNS),
        fitted.tolist(),
        pick_descriptions(lambda name: text_column(reference, name), names),
    )


class GeneIndex:
    """Names, symbols, Ensembl ids and descriptions of the genes, folded for a search in any case.

    The lists are equally long, '' where a gene has no symbol, id or description.
    """

    def __init__(
        self,
        names: Sequence[str],
        symbols: Sequence[str],
        ensembl_ids: Sequence[str],
        fitted: Sequence[bool],
        descriptions: Sequence[str] = (),
    ) -> None:
        ids = [
            known or (name if ENSEMBL.fullmatch(name) else "")
            for known, name in zip(ensembl_ids, names, strict=True)
        ]
        told = descriptions or [""] * len(names)
        records = zip(names, symbols, ids, fitted, told, strict=True)
        self.hits = [GeneHit(*record) for record in records]
        self._told = [text.casefold() for text in told]
        self._exact = {hit.name: i for i, hit in enumerate(self.hits)}
        self._keys = [
            tuple(
                {without_version(key).casefold() for key in (h.name, h.symbol, h.ensembl_id)} - {""}
            )
            for h in self.hits
        ]
        self._by_key: dict[str, list[int]] = {}
        for i, keys in enumerate(self._keys):
            for key in keys:
                self._by_key.setdefault(key, []).append(i)

    def position(self, name: str) -> int | None:
        """Position of the one gene meant by `name`: its exact name, else name, symbol or Ensembl
        id in any case and version. None if there is none, or several that differ."""
        if name in self._exact:
            return self._exact[name]
        found = self._by_key.get(without_version(name.strip()).casefold(), [])
        if len(found) > 1:
            spelled = [i for i in found if name.strip() in (self.hits[i].name, self.hits[i].symbol)]
            found = spelled or found
        return found[0] if len(found) == 1 else None

    def resolve(self, name: str) -> str | None:
        """As `position`, the gene's name."""
        found = self.position(name)
        return None if found is None else self.hits[found].name

    def find(self, text: str, limit: int) -> list[GeneHit]:
        """Genes that match `text`: exact, then prefix, then substring, then those whose description
        holds three or more letters of text; fitted genes, short names and the alphabet decide
        within each. An empty text matches all."""
        wanted = without_version(text.strip()).casefold()
        worded = len(wanted) >= LEAST_WORD
        ranked = []
        for i, keys in enumerate(self._keys):
            rank = min((_rank(key, wanted) for key in keys), default=NO_KEY)
            if rank < NO_KEY or (worded and wanted in self._told[i]):
                hit = self.hits[i]
                ranked.append((rank, not hit.fitted, len(hit.name), hit.name.casefold(), i))
        ranked.sort()
        return [self.hits[entry[-1]] for entry in ranked[: max(0, limit)]]

    def closest(self, name: str, n: int) -> list[str]:
        """The `n` gene names most like `name`, by shared pairs of letters (Dice's coefficient)."""
        wanted = _pairs(without_version(name.strip())[:100].casefold())
        scored = []
        for i, keys in enumerate(self._keys):
            score = max((_dice(wanted, _pairs(key)) for key in keys), default=0.0)
            scored.append((-score, self.hits[i].name, i))
        scored.sort()
        return [self.hits[entry[-1]].name for entry in scored[:n]]


def _rank(key: str, wanted: str) -> int:
    if key == wanted:
        return 0
    if key.startswith(wanted):
        return 1
    return 2 if wanted in key else NO_KEY


def _pairs(text: str) -> set[str]:
    padded = f"^{text}$"
    return {padded[i : i + 2] for i in range(len(padded) - 1)}


def _dice(a: set[str], b: set[str]) -> float:
    return 2 * len(a & b) / (len(a) + len(b))
