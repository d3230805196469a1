"""Gene sets: what a GMT file may hold, and over-representation against SciPy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import false_discovery_control, hypergeom, mannwhitneyu

from training.downstream.enrichment import enrich_factors, write_enrichment
from training.downstream.genesets import read_gmt
from training.errors import AtlasError, DataError
from training.store import Atlas, open_atlas
from training.store.derived.overrepresentation import rank_sums, tail_probability
from training.store.genes.genesets import GeneSet


@pytest.fixture(scope="module")
def atlas(tiny_atlas: Path) -> Atlas:
    return open_atlas(tiny_atlas)


def test_gene_sets_are_read_line_by_line(tmp_path: Path) -> None:
    path = tmp_path / "sets.gmt"
    path.write_text("first\tabout\tA\tB\tA\t\t\r\n\nsecond\t\tγ-1\n", encoding="utf-8")
    assert read_gmt(path) == [
        GeneSet("first", "about", ("A", "B")),
        GeneSet("second", "", ("γ-1",)),
    ]


def test_every_faulty_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "sets.gmt"
    path.write_text("good\tx\tA\nblanks A B\nnone\tx\t\t\n\tx\tA\ngood\tx\tB\n")
    with pytest.raises(DataError) as caught:
        read_gmt(path)
    told = [str(problem) for problem in caught.value.problems]
    assert [problem.place for problem in caught.value.problems] == [
        f"{path}, line {number}" for number in (2, 3, 4, 5)
    ]
    for text, part in zip(told, ("no tab", "without genes", "no name", "line 1 too"), strict=True):
        assert part in text
        assert "what to do" in text


def test_files_that_are_no_gene_sets_are_told(tmp_path: Path) -> None:
    (tmp_path / "empty.gmt").write_text("\n\n")
    with pytest.raises(DataError, match="no gene set"):
        read_gmt(tmp_path / "empty.gmt")
    (tmp_path / "packed.gmt").write_bytes(b"\x1f\x8b\x08\x00\xff\xfe")
    with pytest.raises(DataError, match="not UTF-8"):
        read_gmt(tmp_path / "packed.gmt")
    with pytest.raises(AtlasError, match="cannot be read"):
        read_gmt(tmp_path / "missing.gmt")


@pytest.mark.parametrize(("universe", "drawn"), [(60, 10), (2000, 50), (12, 12)])
def test_the_tail_is_that_of_scipy(universe: int, drawn: int) -> None:
    rng = np.random.default_rng(0)
    sizes = rng.integers(1, universe + 1, 300)
    overlap = np.minimum(rng.integers(0, drawn + 1, 300), sizes)
    expected = hypergeom.sf(overlap - 1, universe, sizes, drawn)
    np.testing.assert_allclose(
        tail_probability(overlap, universe, sizes, drawn), expected, rtol=1e-7, atol=1e-290
    )


def test_the_tail_by_counting_all_draws() -> None:
    """Of the 20 ways to draw 3 of 6 genes, 10 hold at least 2 of a set of 3."""
    assert tail_probability(np.array([2]), 6, np.array([3]), 3)[0] == pytest.approx(10 / 20)


def test_the_rank_test_is_that_of_scipy() -> None:
    rng = np.random.default_rng(0)
    scores = rng.gamma(0.3, 1.0, (120, 3))
    scores[:40, 1] = 0.5
    fitted = np.arange(10, 110)
    members = [np.sort(rng.choice(fitted, n, replace=False)) for n in (1, 5, 40, 99)]
    area, p = rank_sums(scores, fitted, members)
    for k in range(3):
        for at, genes in enumerate(members):
            others = np.setdiff1d(fitted, genes)
            told = mannwhitneyu(
                scores[genes, k], scores[others, k], alternative="greater", method="asymptotic"
            )
            assert p[k, at] == pytest.approx(told.pvalue)
            assert area[k, at] == pytest.approx(told.statistic / (len(genes) * len(others)))
    area, p = rank_sums(scores, fitted, [fitted])
    assert (area == 0.5).all()
    assert (p == 1).all()
    area, p = rank_sums(np.ones((20, 1)), np.arange(20), [np.arange(4)])
    assert (area[0, 0], p[0, 0]) == (0.5, 1)


def test_a_planted_set_is_found_in_its_factor(atlas: Atlas) -> None:
    own = [weight.gene for weight in atlas.factor_genes(3, n=12)]
    rng = np.random.default_rng(1)
    sets = [GeneSet("planted", "of factor 3", (*own, "NoSuchGene"))]
    sets += [
        GeneSet(f"random {i}", "", tuple(rng.choice(atlas.genes, 15, replace=False)))
        for i in range(20)
    ]
    rows = enrich_factors(atlas, sets, top=20)
    best = min(rows, key=lambda row: row.p)
    assert (best.set, best.factor, best.overlap, best.set_size) == ("planted", 3, 12, 12)
    assert best.genes.split() == own
    assert best.q < 1e-6
    assert best.area > 0.9
    assert best.q_rank < 1e-3
    assert best.universe == int(atlas.highly_variable.sum())
    assert best.fold == pytest.approx(best.universe / 20)


def test_every_row_is_the_plain_test_and_all_pairs_count_in_q(atlas: Atlas) -> None:
    rng = np.random.default_rng(2)
    sets = [
        GeneSet(f"set {i}", "", tuple(rng.choice(atlas.genes, 10 + i, replace=False)))
        for i in range(6)
    ]
    sets.append(GeneSet("elsewhere", "", ("NoSuchGene",)))
    rows = {(row.factor, row.set): row for row in enrich_factors(atlas, sets, top=15)}
    fitted = {g for g, kept in zip(atlas.genes, atlas.highly_variable, strict=True) if kept}
    pairs, p = [], []
    for factor in range(atlas.n_factors):
        best = {weight.gene for weight in atlas.factor_genes(factor, n=15)}
        for each in sets[:6]:
            own = set(each.genes) & fitted
            pairs.append((factor, each.name))
            p.append(hypergeom.sf(len(own & best) - 1, len(fitted), len(own), 15))
    q = false_discovery_control(p)
    assert "elsewhere" not in {row.set for row in rows.values()}
    for pair, own_p, own_q in zip(pairs, p, q, strict=True):
        if pair in rows:
            assert rows[pair].p == pytest.approx(own_p)
            assert rows[pair].q == pytest.approx(own_q)
        else:
            assert own_p == pytest.approx(1)


def test_genes_are_known_in_any_case_and_by_ensembl_id(atlas: Atlas) -> None:
    hits = {hit.name: hit for hit in atlas.find_genes("", limit=atlas.n_genes)}
    best = [weight.gene for weight in atlas.factor_genes(0, n=4)]
    named = GeneSet("names", "", tuple(gene.upper() for gene in best))
    known = GeneSet("ids", "", tuple(hits[gene].ensembl_id for gene in best))
    rows = [row for row in enrich_factors(atlas, [named, known], top=4) if row.factor == 0]
    assert {(row.set, row.overlap) for row in rows} == {("names", 4), ("ids", 4)}


def test_sets_of_another_species_are_refused(atlas: Atlas) -> None:
    with pytest.raises(AtlasError, match=r"found AT1G01010; expected"):
        enrich_factors(atlas, [GeneSet("plant", "", ("AT1G01010",))])


def test_the_table_is_written_as_csv(atlas: Atlas, tmp_path: Path) -> None:
    own = tuple(weight.gene for weight in atlas.factor_genes(2, n=8))
    rows = enrich_factors(atlas, [GeneSet("a, b", "with\ttab", own)], top=10)
    write_enrichment(tmp_path / "rows.csv", rows, atlas)
    table = pd.read_csv(tmp_path / "rows.csv")
    assert table["set"].unique().tolist() == ["a, b"]
    assert table["overlap"].tolist() == [row.overlap for row in rows]
    np.testing.assert_allclose(table["p"], [row.p for row in rows], rtol=1e-5)
    assert table["atlas"].iloc[0] == f"{atlas.id}@{atlas.digest[:12]}"
    with pytest.raises(AtlasError, match=r"expected \.csv"):
        write_enrichment(tmp_path / "rows.xlsx", rows, atlas)
    with pytest.raises(AtlasError, match="cannot be written"):
        write_enrichment(tmp_path / "missing" / "rows.csv", rows, atlas)
