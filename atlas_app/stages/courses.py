"""The course of a gene, a gene set, a factor or a domain over stages: one value per slice."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from atlas_app.genesets.address import GIVEN, read_set
from atlas_app.http.errors import ApiError
from atlas_app.http.known_names import known_factor, known_gene, known_place
from atlas_app.stages.cells import MIN_SPOTS, Groups
from atlas_app.stages.replicates import Summary, summarise
from atlas_app.words.told import note_of
from training.store import Atlas

PER = 10_000
MOST_GENES = 500
UNITS = {
    "gene": "counts per 10,000, spots pooled",
    "genes": "counts of the set per 10,000, spots pooled",
    "factor": "mean proportion",
    "domain": "share of the slice's spots",
}


@dataclass(frozen=True)
class Course:
    """Values by slice with their summary by stage.

    Attributes:
        kind, name: what it is of, e.g. ('gene', 'MYH7').
        label: the same for people.
        unit: of the values.
        within: the domain it is of, '' for all spots.
        values: (S,) one per slice; NaN for slices that do not count.
        spots: (S,) spots that each value rests on.
        summary: by stage, (T, 1).
        genes: genes that the values rest on, of a gene or a set.
        notes: what was left out and why, for people.
        color: what to colour a map by, '' where there is nothing.
        hide: categories of that colour not to draw.
    """

    kind: str
    name: str
    label: str
    unit: str
    within: str
    values: NDArray[np.float64]
    spots: NDArray[np.int64]
    summary: Summary
    genes: tuple[str, ...]
    notes: tuple[str, ...]
    color: str
    hide: tuple[int, ...] = ()


def trace_course(atlas: Atlas, groups: Groups, of: str, within: str = "") -> Course:
    """The course of `of` over stages: 'gene:NAME', 'genes:A,B', 'genes:@NAME' of a set that the
    builder gave, 'factor:K' or 'domain:NAME'.

    A gene's value in a slice is its counts over all counts of the slice's spots, times 10,000; of
    a set, the sum over its genes. Slices with fewer than 10 spots of the domain `within`, and
    slices that did not measure the gene, have no value. Raises ApiError: 404 for what the atlas
    does not have, 400 for a set of the builder that is too large.
    """
    kind, _, name = of.partition(":")
    if kind in ("gene", "genes"):
        return _genes(atlas, groups, kind, name, within)
    if kind == "factor":
        return _factor(atlas, groups, name, within)
    if kind == "domain":
        return _domain(atlas, groups, name)
    raise ApiError(
        404,
        "No such thing to follow over stages.",
        found=of,
        expected="gene:NAME, genes:NAME,NAME, genes:@SET, factor:NUMBER or domain:NAME",
        examples=[f"gene:{atlas.genes[0]}", "factor:0", *(f"domain:{d}" for d in groups.domains)],
    )


def find_domain(groups: Groups, name: str) -> int | None:
    """Position of a domain, None for ''; an ApiError (404) for one that the atlas lacks."""
    return known_place("domain", groups.domains, name) if name else None


def split_genes(text: str) -> list[str]:
    """Names between commas, semicolons, tabs, spaces or line ends, each once."""
    return list(dict.fromkeys(part for part in re.split(r"[\s,;]+", text) if part))


def _given_genes(atlas: Atlas, text: str) -> tuple[list[str], list[str]]:
    """The genes of the builder's set '@NAME', and what is told of them."""
    found = read_set(atlas, text)
    notes = []
    if found.given and found.given.description:
        notes.append(f"{found.given.name}: {found.given.description}")
    if found.unknown:
        notes.append(f"Not in this atlas: {_listed(found.unknown)}.")
    return list(found.genes), notes


def _pasted_genes(atlas: Atlas, text: str) -> tuple[list[str], list[str]]:
    """The genes of a list, and what is told of them."""
    every = split_genes(text)
    asked = every[:MOST_GENES]
    if not asked:
        raise ApiError(
            404,
            "A gene set without genes.",
            found="nothing",
            expected="gene names with commas between them, or @NAME of a set of this atlas",
            examples=[",".join(atlas.genes[:3])],
        )
    known = [atlas.resolve_gene(name) for name in asked]
    chosen = list(dict.fromkeys(name for name in known if name))
    strange = [name for name, found in zip(asked, known, strict=True) if not found]
    if not chosen:
        known_gene(atlas, asked[0])
    notes = []
    if strange:
        notes.append(f"Not in this atlas: {_listed(strange)}.")
    if len(every) > MOST_GENES:
        notes.append(f"Only the first {MOST_GENES} genes of the set are used.")
    return chosen, notes


def _genes(atlas: Atlas, groups: Groups, kind: str, text: str, within: str) -> Course:
    given = kind == "genes" and text.startswith(GIVEN)
    if kind == "gene":
        chosen, notes = [known_gene(atlas, text)], list[str]()
    else:
        chosen, notes = (_given_genes if given else _pasted_genes)(atlas, text)
    name = text if given else ",".join(split_genes(text)[:MOST_GENES])
    domain = find_domain(groups, within)
    counted = groups.enough(domain)
    measured = atlas.measured
    if measured is not None:
        position = {name: i for i, name in enumerate(atlas.genes)}
        rows = measured[[position[name] for name in chosen]]
        if kind == "gene":
            lacking = counted & ~rows[0]
            if lacking.any():
                names = [atlas.slices[i].name for i in np.flatnonzero(lacking)]
                notes.append(f"Left out, as they did not measure {chosen[0]}: {_listed(names)}.")
            counted = counted & rows[0]
        else:
            # A set is compared between slices on the same genes or not at all.
            everywhere = np.asarray(rows[:, counted].all(axis=1)).tolist()
            dropped = [name for name, every in zip(chosen, everywhere, strict=True) if not every]
            chosen = [name for name, every in zip(chosen, everywhere, strict=True) if every]
            if dropped:
                notes.append(f"Left out, as not every slice measured them: {_listed(dropped)}.")
    sums = np.zeros(len(atlas.slices))
    for name in chosen:
        sums += groups.sum_spots(np.nan_to_num(atlas.counts(name)), domain)
    depth = groups.counts_in(domain)
    counted = counted & bool(chosen)
    values = np.divide(sums * PER, depth, out=np.full(len(sums), np.nan), where=counted)
    size = f"{len(chosen)} gene{'' if len(chosen) == 1 else 's'}"
    label = chosen[0] if kind == "gene" else f"Set of {size}"
    color = f"gene:{chosen[0]}" if chosen else ""
    if given:
        label, color = text.removeprefix(GIVEN), f"set:{text}"
    return Course(
        kind=kind,
        name=chosen[0] if kind == "gene" else name,
        label=label,
        unit=UNITS[kind],
        within=within,
        values=values,
        spots=groups.spots_in(domain),
        summary=_summary(atlas, groups, values),
        genes=tuple(chosen),
        notes=(*notes, *_few(atlas, groups, domain)),
        color=color,
    )


def _factor(atlas: Atlas, groups: Groups, name: str, within: str) -> Course:
    factor, domain = known_factor(name, atlas.n_factors), find_domain(groups, within)
    spots = groups.spots_in(domain)
    values = np.divide(
        groups.sum_spots(atlas.factors[:, factor], domain),
        spots,
        out=np.full(len(spots), np.nan),
        where=groups.enough(domain),
    )
    return Course(
        kind="factor",
        name=str(factor),
        label=f"Factor {factor} ({atlas.factor_names[factor]})",
        unit=UNITS["factor"],
        within=within,
        values=values,
        spots=spots,
        summary=_summary(atlas, groups, values, most=1.0),
        genes=(),
        notes=(*_few(atlas, groups, domain), *note_of(atlas, "factor", name)),
        color=f"factor:{factor}",
    )


def _domain(atlas: Atlas, groups: Groups, name: str) -> Course:
    domain = known_place("domain", groups.domains, name)
    spots = groups.spots_in(None)
    values = groups.spots_in(domain) / spots
    return Course(
        kind="domain",
        name=name,
        label=f"Domain {name}",
        unit=UNITS["domain"],
        within="",
        values=values,
        spots=spots,
        summary=_summary(atlas, groups, values, most=1.0),
        genes=(),
        notes=note_of(atlas, "domain", name),
        color="obs:domain",
        hide=tuple(code for code in range(len(groups.domains)) if code != domain),
    )


def _summary(
    atlas: Atlas, groups: Groups, values: NDArray[np.float64], most: float = np.inf
) -> Summary:
    return summarise(values[:, None], groups.stage_of, len(atlas.stages), most=most)


def _few(atlas: Atlas, groups: Groups, domain: int | None) -> tuple[str, ...]:
    """Which slices do not count for too few spots of the domain."""
    if domain is None:
        return ()
    spots = groups.spots_in(domain)
    names = [part.name for part, n in zip(atlas.slices, spots, strict=True) if n < MIN_SPOTS]
    if not names:
        return ()
    return (
        f"Left out, with fewer than {MIN_SPOTS} spots of {groups.domains[domain]}: "
        f"{_listed(names)}.",
    )


def _listed(names: Sequence[str], most: int = 8) -> str:
    """Names in a line, the first few where there are many."""
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + rest
