"""Connectivity against scanpy's PAGA and a plain count; similarity against plain centroids."""

from __future__ import annotations

import numpy as np
import pytest

from training.downstream.relations import (
    MIN_SPOTS,
    connect_domains,
    match_stages,
    tabulate_relations,
)
from training.neighbours.nearest import nearest


class Chain:
    """Four groups in a row in the latent, each overlapping the next only."""

    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        self.domains = rng.choice(4, 400, p=[0.4, 0.3, 0.2, 0.1])
        self.latent = rng.normal(size=(400, 3)).astype(np.float32)
        self.latent[:, 0] += 4 * self.domains
        self.neighbours, self.distances = nearest(self.latent, 11, 0)


@pytest.fixture(scope="module")
def chain() -> Chain:
    return Chain()


def test_connectivity_is_that_of_paga(chain: Chain) -> None:
    import anndata as ad
    import pandas as pd
    import scanpy as sc
    from scipy import sparse

    data = ad.AnnData(
        chain.latent,
        obs=pd.DataFrame(
            {"domain": pd.Categorical(chain.domains)}, index=[str(i) for i in range(400)]
        ),
    )
    n, k = chain.neighbours.shape
    places = (np.repeat(np.arange(n), k - 1), chain.neighbours[:, 1:].ravel())
    graph = sparse.csr_matrix((chain.distances[:, 1:].ravel(), places), shape=(n, n))
    data.obsp["distances"] = data.obsp["connectivities"] = graph
    data.uns["neighbors"] = {
        "distances_key": "distances",
        "connectivities_key": "connectivities",
        "params": {"n_neighbors": k, "method": "umap"},
    }
    sc.tl.paga(data, groups="domain")
    found = connect_domains(chain.neighbours, chain.domains, 4)
    np.testing.assert_allclose(found.ratio, data.uns["paga"]["connectivities"].toarray())


def test_edges_are_counted_and_expected_as_written(chain: Chain) -> None:
    found = connect_domains(chain.neighbours, chain.domains, 4)
    observed, starting = np.zeros((4, 4)), np.zeros(4)
    for spot, row in enumerate(chain.neighbours):
        for other in row[1:]:
            a, b = chain.domains[spot], chain.domains[other]
            starting[a] += 1
            if a != b:
                observed[a, b] += 1
                observed[b, a] += 1
    np.testing.assert_array_equal(found.observed, observed)
    sizes = np.bincount(chain.domains)
    for i in range(4):
        for j in range(4):
            if i != j:
                value = (starting[i] * sizes[j] + starting[j] * sizes[i]) / 399
                assert found.expected[i, j] == pytest.approx(value)
    assert (np.diag(found.ratio) == 0).all()


def test_neighbours_in_the_chain_are_joined_and_others_are_not(chain: Chain) -> None:
    ratio = connect_domains(chain.neighbours, chain.domains, 4).ratio
    near = [ratio[0, 1], ratio[1, 2], ratio[2, 3]]
    far = [ratio[0, 2], ratio[0, 3], ratio[1, 3]]
    assert min(near) > 10 * max(far)


def test_domains_that_are_mixed_at_random_are_fully_joined(chain: Chain) -> None:
    mixed = np.random.default_rng(1).permutation(chain.domains)
    ratio = connect_domains(chain.neighbours, mixed, 4).ratio
    assert ratio[~np.eye(4, dtype=bool)].min() > 0.85
    assert ratio.max() <= 1


def test_similarity_is_the_cosine_of_centred_centroids(chain: Chain) -> None:
    stages = np.random.default_rng(2).choice(3, 400)
    found = match_stages(chain.latent, chain.domains, stages, 4)
    centred = chain.latent.astype(np.float64) - chain.latent.astype(np.float64).mean(axis=0)
    assert {(m.stage, m.next_stage) for m in found} == {(0, 1), (1, 2)}
    for match in found:
        first = centred[(stages == match.stage) & (chain.domains == match.domain)].mean(axis=0)
        second = centred[(stages == match.next_stage) & (chain.domains == match.next_domain)].mean(
            axis=0
        )
        cosine = first @ second / np.linalg.norm(first) / np.linalg.norm(second)
        assert match.similarity == pytest.approx(cosine, abs=1e-6)
    pairs = {(m.stage, m.domain): m.next_domain for m in found if m.mutual}
    assert all(pairs[stage, domain] == domain for stage, domain in pairs)
    assert {domain for _, domain in pairs} >= {0, 3}


def test_a_domain_with_few_spots_in_a_stage_is_not_matched(chain: Chain) -> None:
    stages = (np.arange(400) >= 200).astype(int)
    last = np.flatnonzero((stages == 1) & (chain.domains == 3))
    domains = chain.domains.copy()
    domains[last[MIN_SPOTS - 1 :]] = 0
    found = match_stages(chain.latent, domains, stages, 4)
    assert {m.next_domain for m in found} == {0, 1, 2}
    assert {m.domain for m in found} == {0, 1, 2, 3}


def test_the_table_holds_each_pair_once(chain: Chain) -> None:
    stages = (np.arange(400) >= 200).astype(int)
    joined = connect_domains(chain.neighbours, chain.domains, 4)
    matches = match_stages(chain.latent, chain.domains, stages, 4)
    table = tabulate_relations(joined, matches, ["D1", "D2", "D3", "D4"], ["early", "late"])
    own = table[table["relation"] == "connectivity"]
    assert len(own) == 6
    row = own[(own["domain"] == "D2") & (own["other_domain"] == "D3")].iloc[0]
    assert row["value"] == joined.ratio[1, 2]
    assert row["observed"] == joined.observed[1, 2]
    across = table[table["relation"] == "similarity"]
    assert len(across) == 16
    assert set(across["stage"]) == {"early"}
    assert set(across["other_stage"]) == {"late"}
    assert across["expected"].isna().all()


def test_one_stage_and_one_domain_have_no_relations() -> None:
    latent = np.random.default_rng(0).normal(size=(30, 2))
    near, _ = nearest(latent, 4, 0)
    everywhere = np.zeros(30, dtype=int)
    assert connect_domains(near, everywhere, 1).ratio.tolist() == [[0]]
    assert match_stages(latent, everywhere, everywhere, 1) == []
