from __future__ import annotations

import numpy as np
import pytest

from atlas_app.http.errors import ApiError
from atlas_app.stages.cells import Groups, group_spots
from atlas_app.stages.courses import split_genes, trace_course
from training.store import Atlas


@pytest.fixture(scope="module")
def groups(changed: Atlas) -> Groups:
    return group_spots(changed)


def pooled(atlas: Atlas, gene: str, domain: str = "") -> np.ndarray:
    """Counts per 10,000 of every slice, from the counts themselves."""
    counts, label = np.nan_to_num(atlas.counts(gene)), atlas.obs("domain")
    total = sum(np.nan_to_num(atlas.counts(name)) for name in atlas.genes)
    found = []
    for part in atlas.slices:
        rows = np.arange(part.start, part.stop)
        rows = rows[label[rows] == domain] if domain else rows
        found.append(1e4 * counts[rows].sum() / total[rows].sum())
    return np.array(found)


def test_a_gene_is_its_share_of_a_slices_counts(changed: Atlas, groups: Groups) -> None:
    found = trace_course(changed, groups, "gene:MYH7")
    np.testing.assert_allclose(found.values, pooled(changed, "MYH7"))
    assert found.summary.n.tolist() == [3, 3, 1]
    np.testing.assert_allclose(found.summary.mean[0, 0], found.values[:3].mean())
    assert np.isnan(found.summary.low[2, 0])
    assert (found.color, found.notes) == ("gene:MYH7", ())
    within = trace_course(changed, groups, "gene:ENSG00000000000", "liver")
    np.testing.assert_allclose(within.values, pooled(changed, "MYH7", "liver"))
    assert within.spots.tolist() == [15] * 7


def test_slices_that_did_not_measure_a_gene_are_left_out_and_named(
    changed: Atlas, groups: Groups
) -> None:
    found = trace_course(changed, groups, "gene:GENE30")
    assert np.isnan(found.values).tolist() == [False, True, *[False] * 5]
    assert found.summary.n.tolist() == [2, 3, 1]
    assert found.notes == ("Left out, as they did not measure GENE30: a2.",)


def test_a_set_is_the_sum_of_the_genes_that_all_slices_measured(
    changed: Atlas, groups: Groups
) -> None:
    found = trace_course(changed, groups, "genes:MYH7,NPPA,GENE30,NOGENE,MYH7")
    assert (found.label, found.genes) == ("Set of 2 genes", ("MYH7", "NPPA"))
    np.testing.assert_allclose(found.values, pooled(changed, "MYH7") + pooled(changed, "NPPA"))
    assert any("NOGENE" in note for note in found.notes)
    assert any("GENE30" in note for note in found.notes)
    none = trace_course(changed, groups, "genes:GENE30")
    assert np.isnan(none.values).all()
    assert none.color == ""


def test_factors_and_domains(changed: Atlas, groups: Groups) -> None:
    factor = trace_course(changed, groups, "factor:1")
    np.testing.assert_allclose(factor.values, changed.usage()[:, 1], rtol=1e-5)
    inside = trace_course(changed, groups, "factor:1", "brain")
    rows = (changed.obs("domain") == "brain")[:60]
    assert inside.values[0] == pytest.approx(changed.factor(1)[:60][rows].mean(), rel=1e-5)
    domain = trace_course(changed, groups, "domain:brain")
    np.testing.assert_allclose(domain.values, 0.25)
    assert domain.hide == (0, 2, 3)


@pytest.mark.parametrize(
    ("of", "within", "named"),
    [
        ("gene:MYH9", "", "MYH7"),
        ("factor:9", "", "3"),
        ("factor:x", "", "0"),
        ("domain:livr", "", "liver"),
        ("domain:", "", "heart"),
        ("genes:", "", "MYH7"),
        ("genes:NPPB", "", "NPPA"),
        ("gene:MYH7", "livr", "liver"),
        ("", "", "factor:0"),
    ],
)
def test_what_is_not_there_is_refused_with_examples(
    of: str, within: str, named: str, changed: Atlas, groups: Groups
) -> None:
    with pytest.raises(ApiError) as refused:
        trace_course(changed, groups, of, within)
    assert refused.value.status == 404
    assert any(named in example for example in refused.value.examples)


def test_genes_are_split_at_whatever_lies_between_them() -> None:
    assert split_genes(" MYH7,NPPA;\n ALB\tMYH7 ") == ["MYH7", "NPPA", "ALB"]
