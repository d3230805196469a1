"""Names and numbers as readers may write them, looked up in an atlas."""

from __future__ import annotations

import pytest

from atlas_app.http.errors import ApiError
from atlas_app.http.known_names import known_factor, known_gene, known_place
from atlas_app.http.whole_numbers import whole
from training.store import Atlas


def test_what_an_atlas_has_is_found(atlas: Atlas) -> None:
    assert known_gene(atlas, "ensg00000000000") == "MYH7"
    assert known_factor("02", 3) == 2
    assert known_place("stage", ["E9", "E10"], "E10") == 1


@pytest.mark.parametrize("name", ["", "3", "-1", "²", "1.0", "9" * 5000])
def test_what_is_no_factor_is_told_with_some_that_are(name: str) -> None:
    with pytest.raises(ApiError, match="No such factor") as fault:
        known_factor(name, 3)
    assert fault.value.status == 404
    assert fault.value.examples == ["0", "1", "2"]


def test_an_unknown_name_is_told_with_what_is_close(atlas: Atlas) -> None:
    with pytest.raises(ApiError, match="No such gene in this atlas") as gene:
        known_gene(atlas, "MYH8")
    assert "MYH7" in gene.value.examples
    with pytest.raises(ApiError, match="No such domain in this atlas") as domain:
        known_place("domain", ["heart", "gut"], "")
    assert (domain.value.found, domain.value.examples) == ("nothing", ["heart", "gut"])


def test_only_digits_make_a_whole_number() -> None:
    assert whole("0", 3) == 0
    assert whole("3", 3) == 3
    assert [whole(text, 3) for text in ("4", "", "+1", "1_0", "٣", "1" * 5000)] == [None] * 6
