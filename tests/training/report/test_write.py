"""The report of a fit: every finding is found where it was planted, and nowhere else."""

from __future__ import annotations

import base64
from pathlib import Path

import anndata as ad
import numpy as np
from scipy import sparse

from training.neighbours.nearest import nearest
from training.report.figures import draw_candidates, draw_gallery, draw_losses, lay_side_by_side
from training.report.findings import (
    Finding,
    check_domains,
    check_factors,
    check_losses,
    check_mixing,
    check_panels,
    check_stability,
    correlation_with_depth,
    foreign_shares,
    usage_by_slice,
)
from training.report.page import Picture, write_page
from training.report.write import mitochondrial_shares, read_losses, title_factors
from training.start.choosing import Candidate, Choice

NAMES = ["a", "b", "c"]
SLICES = np.repeat([0, 1, 2], [80, 60, 70])
GENES = [f"Gene{index}" for index in range(40)]


def proportions(seed: int = 0, n_factors: int = 4) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet(np.full(n_factors, 5.0), len(SLICES))


def loadings(n_factors: int = 4) -> np.ndarray:
    return np.random.default_rng(1).dirichlet(np.ones(len(GENES)), n_factors)


def depth() -> np.ndarray:
    return np.random.default_rng(2).poisson(500, len(SLICES))


def kinds(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(finding.kind, finding.subject) for finding in findings]


def test_a_slice_that_stands_apart_is_named() -> None:
    latent = np.random.default_rng(0).normal(size=(len(SLICES), 5)).astype(np.float32)
    near, _ = nearest(latent, 16, 0)
    assert check_mixing(foreign_shares(near, SLICES, 3), NAMES) == []
    latent[SLICES == 1] += 50
    near, _ = nearest(latent, 16, 0)
    assert kinds(check_mixing(foreign_shares(near, SLICES, 3), NAMES)) == [("mixing", "b")]


def test_an_ordinary_fit_has_no_findings() -> None:
    assert check_factors(proportions(), SLICES, NAMES, depth(), loadings(), GENES) == []
    assert check_domains(np.tile(["D1", "D2"], len(SLICES) // 2), SLICES, NAMES) == []
    flat = {"poisson": [5.0] * 100, "adversarial": [0.7] * 100}
    assert check_losses(flat) == []


def test_a_factor_of_one_slice_and_one_nobody_uses() -> None:
    shares = proportions()
    shares[:, 2] = np.where(SLICES == 2, 0.5, 0.001)
    shares[:, 3] = 0.002
    found = check_factors(shares, SLICES, NAMES, depth(), loadings(), GENES)
    assert kinds(found) == [("factor of one slice", "Factor 2"), ("unused factor", "Factor 3")]
    assert "in c" in found[0].found


def test_an_unstable_factor_is_named_and_one_not_judged_is_not() -> None:
    found = check_stability(np.array([0.9, 0.1, np.nan, 0.5]))
    assert kinds(found) == [("unstable factor", "Factor 1")]
    assert "0.10" in found[0].found


def test_titles_tell_the_stability_where_it_is_known() -> None:
    titles = title_factors(loadings(), np.array(GENES), np.array([0.9, 0.1, np.nan, 0.5]))
    assert "(stability 0.90)" in titles[0]
    assert "stability" not in titles[2]
    assert titles[3].startswith("Factor 3: Gene")


def test_the_curve_of_candidates_is_a_picture() -> None:
    curve = [Candidate(number, -1 / number, 0.01, 0.5) for number in (5, 10, 20)]
    address = draw_candidates(Choice(10, "because", curve))
    assert address.startswith("data:image/png;base64,")


def test_a_factor_of_depth() -> None:
    shares, counts = proportions(), depth()
    shares[:, 1] = counts / counts.sum()
    found = check_factors(shares, SLICES, NAMES, counts, loadings(), GENES)
    assert ("factor of depth", "Factor 1") in kinds(found)


def test_differences_of_depth_between_slices_are_not_depth_within() -> None:
    counts = depth() * np.array([1, 10, 100])[SLICES]
    values = np.array([0.1, 0.5, 0.9])[SLICES] + 0.01 * np.random.default_rng(3).normal(
        size=len(SLICES)
    )
    assert abs(correlation_with_depth(values, counts, SLICES)) < 0.3
    inside = SLICES == 0
    expected = np.corrcoef(values[inside], np.log1p(counts[inside]))[0, 1]
    found = correlation_with_depth(values[inside], counts[inside], SLICES[inside])
    np.testing.assert_allclose(found, expected)


def test_technical_factors() -> None:
    names = [f"MT-CO{index}" for index in range(20)] + [f"RPS{index}" for index in range(20)]
    weights = np.full((2, 40), 0.001)
    weights[0, :20] = weights[1, 20:] = 1
    found = check_factors(proportions(n_factors=2), SLICES, NAMES, depth(), weights, names)
    assert kinds(found) == [("mitochondrial factor", "Factor 0"), ("ribosomal factor", "Factor 1")]


def test_a_factor_that_follows_mitochondrial_counts_though_none_was_fitted() -> None:
    """Names or symbols tell which genes these are; the factor's own genes are others."""
    shares = proportions()
    rng = np.random.default_rng(4)
    counts = np.column_stack(
        [rng.poisson(50, (len(SLICES), 5)), rng.poisson(400 * shares[:, 2])]
    ).astype(np.float32)
    for name, symbol in (("mt-Co1", "Co1"), ("ENSMUSG0001", "MT-CO1")):
        spots = ad.AnnData(sparse.csr_matrix(counts))
        spots.var_names = [*(f"Gene{index}" for index in range(5)), name]
        spots.var["symbol"] = [*spots.var_names[:5], symbol]
        measured = mitochondrial_shares(spots)
        assert measured is not None
        np.testing.assert_allclose(measured, counts[:, 5] / counts.sum(axis=1))
        found = check_factors(shares, SLICES, NAMES, depth(), loadings(), GENES, measured)
        assert kinds(found) == [("mitochondrial factor", "Factor 2")]
    assert mitochondrial_shares(spots[:, :5]) is None


def test_mitochondria_that_slices_differ_in_are_no_factor_of_them() -> None:
    shares = np.array([0.1, 0.3, 0.6])[SLICES]
    other = proportions()
    other[:, 1] += shares
    found = check_factors(other, SLICES, NAMES, depth(), loadings(), GENES, shares)
    assert ("mitochondrial factor", "Factor 1") not in kinds(found)


def test_a_domain_of_one_slice() -> None:
    domains = np.where(SLICES == 0, "D2", "D1")
    domains[:5] = "D1"
    assert ("domain of one slice", "D2") in kinds(check_domains(domains, SLICES, NAMES))


def test_losses_that_warn() -> None:
    winning = {"poisson": [5.0] * 100, "adversarial": list(np.linspace(0.7, 4, 100))}
    assert kinds(check_losses(winning)) == [("critics win", "")]
    falling = {"poisson": list(np.linspace(100, 10, 100)), "adversarial": [0.7] * 100}
    assert kinds(check_losses(falling)) == [("unfinished", "")]
    assert check_losses({}) == []


def test_usage_is_the_mean_of_each_slice() -> None:
    shares = proportions()
    expected = np.array([shares[index == SLICES].mean(axis=0) for index in range(3)])
    np.testing.assert_allclose(usage_by_slice(shares, SLICES, 3), expected)


def test_slices_lie_beside_one_another() -> None:
    positions = np.random.default_rng(0).uniform(-50, 50, (len(SLICES), 2))
    laid = lay_side_by_side(positions, SLICES)
    for left, right in ((0, 1), (1, 2)):
        assert laid[left == SLICES, 0].max() < laid[right == SLICES, 0].min()
    for index in range(3):
        inside = index == SLICES
        shift = laid[inside] - positions[inside]
        np.testing.assert_allclose(shift, np.broadcast_to(shift[0], shift.shape))


def test_pictures_are_pictures() -> None:
    shares = proportions()
    positions = np.random.default_rng(0).uniform(0, 9, (len(SLICES), 2))
    titles = [f"Factor {index}" for index in range(4)]
    for address in (
        draw_gallery(shares, positions, SLICES, titles),
        draw_losses({"poisson": [3.0, 2.0, 1.0], "feature": [1.0]}),
    ):
        kind, _, content = address.partition(",")
        assert kind == "data:image/png;base64"
        assert base64.b64decode(content)[:8] == b"\x89PNG\r\n\x1a\n"


def test_text_cannot_become_markup() -> None:
    finding = Finding("<script>", "<b>", "1 < 2 & 3", "")
    picture = Picture("<i>", "&", "data:,", '"><script>')
    page = write_page("<script>alert(1)</script>", [("a", "<u>")], [finding], [picture], [], {})
    assert "<script>" not in page
    assert "<b>" not in page
    assert "1 &lt; 2 &amp; 3" in page


def test_a_log_is_read_back(tmp_path: Path) -> None:
    log = tmp_path / "x.losses.jsonl"
    assert read_losses(log) == {}
    log.write_text('{"step": 1, "poisson": 2.5}\n{"step": 2, "poisson": 2.0}\n')
    assert read_losses(log) == {"poisson": [2.5, 2.0]}


def test_slices_that_measured_too_little_are_findings() -> None:
    panels = [
        {"slice": "whole", "genes": 900, "fitted_genes": 500, "loading_share": 0.9},
        {"slice": "few", "genes": 40, "fitted_genes": 30, "loading_share": 0.4},
        {"slice": "faint", "genes": 400, "fitted_genes": 90, "loading_share": 0.11},
    ]
    found = check_panels(panels)
    assert [each.subject for each in found] == ["few", "faint"]
    assert "30 of the fitted genes, which hold 40% of all loadings" in found[0].found
