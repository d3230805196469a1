"""Gene sets as pasted and as linked: lists in any form, and every set back from its link."""

from __future__ import annotations

import base64

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atlas_app.genesets.address import MOST_BYTES, _pack, _unpack, read_set, write_set
from atlas_app.genesets.names import MOST_GENES, find_genes, split_names
from atlas_app.http.errors import ApiError
from training.store import Atlas


class Named:
    """As much of an atlas as links need: 30,000 genes of long names."""

    def __init__(self) -> None:
        self.digest = "ab" * 32
        self.genes = [f"ENSMUSG{i:011d}" for i in range(30_000)]
        self.n_genes = len(self.genes)
        self._known = frozenset(self.genes)

    def resolve_gene(self, name: str) -> str | None:
        return name if name in self._known else None


@pytest.mark.parametrize(
    "text",
    [
        "MYH7 NPPA SOX2",
        "MYH7,NPPA,SOX2",
        "MYH7;NPPA | SOX2",
        'c("MYH7", "NPPA", "SOX2")'.removeprefix("c"),
        "['MYH7',\n 'NPPA',\n 'SOX2']",
        "MYH7\r\nNPPA\t SOX2\n\n",
    ],
)
def test_any_separator_will_do(text: str) -> None:
    assert split_names(text) == ["MYH7", "NPPA", "SOX2"]


def test_names_are_looked_up_once_each(atlas: Atlas) -> None:
    asked = ["myh7", "NOSUCH", "ENSG00000000000", "COL1A1", "NOSUCH", "MYH7"]
    found = find_genes(atlas, asked)
    assert found.genes == ("MYH7", "Col1a1")
    assert found.unknown == ("NOSUCH",)
    assert found.repeated == 3


def test_what_is_no_set_is_refused(atlas: Atlas) -> None:
    with pytest.raises(ApiError, match="no gene set") as caught:
        find_genes(atlas, [])
    assert caught.value.found == "no name"
    with pytest.raises(ApiError) as caught:
        find_genes(atlas, [f"x{i}" for i in range(MOST_GENES + 1)])
    assert caught.value.found == "501 different names"
    with pytest.raises(ApiError, match="none of these") as caught:
        find_genes(atlas, ["MYH77", "b"])
    assert "MYH7" in caught.value.examples


def test_short_sets_are_linked_by_name(atlas: Atlas) -> None:
    text = write_set(atlas, ("SOX2", "MYH7"))
    assert text == "SOX2,MYH7"
    assert read_set(atlas, text).genes == ("SOX2", "MYH7")


@pytest.mark.parametrize("seed", range(3))
def test_the_largest_sets_have_short_links(seed: int) -> None:
    atlas = Named()
    rng = np.random.default_rng(seed)
    genes = tuple(rng.choice(atlas.genes, MOST_GENES, replace=False).tolist())
    text = write_set(atlas, genes)  # type: ignore[arg-type]
    assert text.startswith("~abababababab.")
    assert len(text) < MOST_BYTES
    found = read_set(atlas, text)  # type: ignore[arg-type]
    assert found.genes == tuple(sorted(genes))
    # The longest that are still spelt out.
    shorter = genes[: MOST_BYTES // 19]
    spelt = write_set(atlas, shorter)  # type: ignore[arg-type]
    assert spelt == ",".join(shorter)


def test_names_that_would_be_split_are_linked_by_place() -> None:
    atlas = Named()
    atlas.genes = ["a,b", "c d", "e"]
    for genes in (("a,b",), ("e", "c d")):
        text = write_set(atlas, genes)  # type: ignore[arg-type]
        assert text.startswith("~")


def test_links_of_another_atlas_or_cut_short_say_so() -> None:
    atlas = Named()
    text = write_set(atlas, tuple(atlas.genes[:400]))  # type: ignore[arg-type]
    other = Named()
    other.digest = "cd" * 32
    with pytest.raises(ApiError, match="another version") as caught:
        read_set(other, text)  # type: ignore[arg-type]
    assert caught.value.status == 404
    many = base64.urlsafe_b64encode(bytes(501)).decode()
    beyond = base64.urlsafe_b64encode(b"\xff\xff\x7f").decode()
    for broken in (text[:14], "~abababababab.%%%", f"~{'ab' * 6}.{many}", f"~{'ab' * 6}.{beyond}"):
        with pytest.raises(ApiError, match="cannot be read") as caught:
            read_set(atlas, broken)  # type: ignore[arg-type]
        assert caught.value.status == 400


@given(st.sets(st.integers(0, 2**27), min_size=1, max_size=MOST_GENES))
@settings(max_examples=50)
def test_places_survive_their_packing(places: set[int]) -> None:
    assert _unpack(_pack(sorted(places))) == sorted(places)


@given(st.text(max_size=40))
def test_no_text_breaks_the_reader(text: str) -> None:
    places = _unpack(text)
    assert places == sorted(set(places))
