"""A gene set in a link: its names, or, where they are too long, the places of its genes; a set that
the builder gave by its own name.

The places stand for themselves, so that a link needs nothing kept on the server; they hold in the
atlas of one digest, which is written before them.
"""

from __future__ import annotations

import base64
import binascii
from itertools import pairwise
from urllib.parse import quote

from atlas_app.genesets.names import MOST_GENES, FoundGenes, find_genes, split_names
from atlas_app.http.errors import ApiError, closest
from training.store import Atlas

MOST_BYTES = 2_000
"""Bytes of the names as an address holds them; more would make links that mail programs break."""
MARK = "~"
GIVEN = "@"
DIGITS = 12


def write_set(atlas: Atlas, genes: tuple[str, ...]) -> str:
    """`genes` (names of the atlas) as a link has them: 'A,B,C' or '~DIGEST.PLACES'."""
    text = ",".join(genes)
    plain = split_names(text) == list(genes) and not text.startswith((MARK, GIVEN))
    if plain and len(quote(text, safe=",")) <= MOST_BYTES:
        return text
    position = {name: place for place, name in enumerate(atlas.genes)}
    places = sorted(position[gene] for gene in genes)
    return f"{MARK}{atlas.digest[:DIGITS]}.{_pack(places)}"


def read_set(atlas: Atlas, text: str) -> FoundGenes:
    """The genes of what `write_set` wrote, of names with commas between them, or of '@NAME'.

    Raises ApiError as `find_genes`; 404 for places in an atlas of another digest and for a name
    that the builder gave to no set, 400 for what is none and for sets too large to be scored.
    """
    if text.startswith(GIVEN):
        return _given_set(atlas, text.removeprefix(GIVEN))
    if not text.startswith(MARK):
        return find_genes(atlas, split_names(text))
    digest, _, packed = text[1:].partition(".")
    if len(digest) != DIGITS or not atlas.digest.startswith(digest):
        raise ApiError(
            404,
            "This gene set was linked in another version of the atlas, and is not known here.",
            found=f"a set for digest {digest[:DIGITS]}",
            expected=f"a set for digest {atlas.digest[:DIGITS]}; paste its genes again",
        )
    places = _unpack(packed)
    if not places or len(places) > MOST_GENES or places[-1] >= atlas.n_genes:
        raise ApiError(
            400,
            "This gene set cannot be read; its link is not whole.",
            found=text[:40],
            expected="a link as this page makes it",
        )
    return FoundGenes(tuple(atlas.genes[place] for place in places), (), 0)


def _given_set(atlas: Atlas, name: str) -> FoundGenes:
    found = next((each for each in atlas.gene_sets if each.name == name), None)
    if found is None:
        raise ApiError(
            404,
            "This atlas brings no gene set of this name.",
            found=name[:80] or "no name",
            expected="a name that the builder of the atlas gave to a set",
            examples=closest(name, [each.name for each in atlas.gene_sets]),
        )
    if len(found.genes) > MOST_GENES:
        raise ApiError(
            400,
            "This gene set is too large to be scored.",
            found=f"{len(found.genes):,} genes in {name}",
            expected=f"at most {MOST_GENES} genes; the page Factors tests sets of any size",
        )
    return FoundGenes(found.genes, found.absent, 0, found)


def _pack(places: list[int]) -> str:
    """Rising numbers as steps in bytes of 7 bits, low ones first, in base64 for addresses."""
    packed = bytearray()
    for before, place in pairwise([-1, *places]):
        step = place - before - 1
        while step >= 128:
            packed.append(128 | (step & 127))
            step >>= 7
        packed.append(step)
    return base64.urlsafe_b64encode(bytes(packed)).decode().rstrip("=")


def _unpack(text: str) -> list[int]:
    """The numbers of `_pack`; [] of what it did not make."""
    try:
        packed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return []
    places, place, step, shift = [], -1, 0, 0
    for byte in packed[: 5 * MOST_GENES]:
        step |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            place += step + 1
            places.append(place)
            step, shift = 0, 0
        elif shift > 28:
            return []
    return places if shift == 0 else []
