"""What a gene's card says, against the atlas itself."""

from __future__ import annotations

import json
import runpy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from atlas_app.explore.gene_card import GeneCards, outside_links
from atlas_app.http.responses import ANSWERS
from atlas_app.stages.kept import StageData
from training.store import Atlas, GeneHit, GeneNotFound

SMALL = runpy.run_path(str(Path(__file__).parents[1] / "small_atlas.py"))
BASE = "/api/v1/atlases/test"


@pytest.fixture(scope="module")
def cards(atlas: Atlas) -> GeneCards:
    return GeneCards(atlas, StageData(atlas))


def test_a_card_says_where_a_gene_is_expressed(cards: GeneCards, atlas: Atlas) -> None:
    card = cards.card("ensg00000000000")
    counts = atlas.counts("MYH7")
    assert (card["name"], card["symbol"]) == ("MYH7", "MYH7")
    assert card["ensembl_id"] == "ENSG00000000000"
    assert card["spots"] == 300
    assert card["expressing"] == int((counts > 0).sum())
    assert card["share"] == pytest.approx((counts > 0).mean())
    assert card["slices"][1] == {
        "slice": "E9_2",
        "stage": "E9",
        "measured": True,
        "spots": 60,
        "expressing": int((counts[60:120] > 0).sum()),
    }
    totals = np.sum([atlas.counts(gene) for gene in atlas.genes], axis=0)
    pooled = [1e4 * counts[i : i + 60].sum() / totals[i : i + 60].sum() for i in range(0, 300, 60)]
    assert [stage["n_slices"] for stage in card["stages"]] == [2, 2, 1]
    assert card["stages"][0]["mean"] == pytest.approx(np.mean(pooled[:2]))
    assert card["stages"][2]["mean"] == pytest.approx(pooled[4])
    assert card["stages"][2]["low"] is None
    json.dumps(card, allow_nan=False)


def test_a_card_says_what_is_the_genes_in_the_factors(cards: GeneCards, atlas: Atlas) -> None:
    card = cards.card("GENE5")
    loadings = atlas.loadings[atlas.genes.index("GENE5")]
    first = card["factors"][0]
    assert first["factor"] == int(loadings.argmax()) == 1
    assert first["loading"] == pytest.approx(loadings[1])
    assert first["specificity"] == pytest.approx(loadings[1] / loadings.sum())
    ranked = {gene.gene: gene for gene in atlas.factor_genes(1, n=40)}
    same = sum(gene.score > ranked["GENE5"].score * (1 + 1e-9) for gene in ranked.values())
    assert first["rank"] == same + 1
    assert card["fit"] == "fitted"


def test_genes_most_alike_are_those_whose_loadings_correlate(
    cards: GeneCards, atlas: Atlas
) -> None:
    card = cards.card("GENE5")
    place = atlas.genes.index("GENE5")
    expected = {
        gene: np.corrcoef(atlas.loadings[place], atlas.loadings[i])[0, 1]
        for i, gene in enumerate(atlas.genes)
        if i != place and np.isfinite(atlas.loadings[i]).all()
    }
    for each in card["alike"]:
        assert each["correlation"] == pytest.approx(expected[each["gene"]], abs=1e-3)
    least = min(each["correlation"] for each in card["alike"])
    listed = {each["gene"] for each in card["alike"]}
    assert all(value <= least + 1e-3 for gene, value in expected.items() if gene not in listed)


def test_a_gene_that_was_not_fitted_has_the_loadings_found_afterwards(
    atlas: Atlas, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, place = atlas.model(), atlas.genes.index("GENE30")
    rates = model.arrays["rates"].copy()
    rates[:, place] = [0.001, 0.03, 0.002, 0.002]
    told = replace(model, arrays={"rates": rates})
    monkeypatch.setattr(Atlas, "model", lambda self: told)
    card = GeneCards(atlas, StageData(atlas)).card("GENE30")
    assert (card["fit"], card["estimate_tested"]) == ("added", False)
    first = card["factors"][0]
    assert (first["factor"], first["loading"]) == (1, pytest.approx(0.03))
    score = 0.03 * 0.03 / 0.035
    better = sum(gene.score > score for gene in atlas.factor_genes(1, n=atlas.n_genes))
    assert first["rank"] == better + 1
    fitted = {gene.gene for gene in atlas.factor_genes(1, n=atlas.n_genes)}
    assert card["alike"]
    assert {each["gene"] for each in card["alike"]} <= fitted


def test_a_gene_of_which_the_model_says_nothing_has_no_factors(
    atlas: Atlas, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = replace(atlas.model(), arrays={})
    monkeypatch.setattr(Atlas, "model", lambda self: bare)
    cards = GeneCards(atlas, StageData(atlas))
    card = cards.card("GENE30")
    assert card["fit"] == "measured"
    assert card["factors"] == card["alike"] == card["imputation"] == []
    assert cards.card("GENE34")["share"] == 0
    with pytest.raises(GeneNotFound):
        cards.card("NOSUCH")


def test_slices_that_did_not_measure_a_gene_are_told(panels: Atlas) -> None:
    card = GeneCards(panels, StageData(panels)).card("G104")
    assert [each["measured"] for each in card["slices"]] == [True, False, True]
    assert card["slices"][1]["expressing"] is None
    assert card["spots"] == 120
    assert [stage["n_slices"] for stage in card["stages"]] == [1, 1]


def test_accuracy_and_autocorrelation_are_shown_where_the_store_has_them(
    store: Path, tmp_path: Path
) -> None:
    from training.store import open_atlas

    n = open_atlas(store).n_genes
    copy = SMALL["copy_with"](
        store,
        tmp_path / "copy.atlas.zarr",
        {
            "imputation_pearson": np.r_[0.75, np.full(n - 1, np.nan)],
            "imputation_pearson_slices": np.r_[3.0, np.full(n - 1, np.nan)],
            "estimate_pearson": np.r_[0.25, np.full(n - 1, np.nan)],
            "moran_i": np.linspace(-0.1, 0.9, n),
            "moran_q": np.r_[0.5, np.full(n - 1, np.nan)],
        },
    )
    cards = GeneCards(atlas := open_atlas(copy), StageData(atlas))
    tested = cards.card("MYH7")
    assert tested["imputation"] == [
        {"measure": "imputation_pearson", "value": 0.75},
        {"measure": "imputation_pearson_slices", "value": 3.0},
    ]
    assert (tested["estimate"], tested["estimate_tested"]) == (0.25, True)
    assert cards.card("NPPA")["estimate"] is None
    assert tested["moran_i"] == pytest.approx(-0.1)
    assert (tested["moran_q_told"], cards.card("NPPA")["moran_q_told"]) == ("q = 0.500", "")
    assert cards.card("NPPA")["imputation"] == []


@pytest.mark.parametrize(
    ("hit", "organism", "ensembl", "ncbi"),
    [
        (
            GeneHit("a", "Myh7", "ENSMUSG00000053093.12", True),
            "Mus musculus",
            "https://www.ensembl.org/id/ENSMUSG00000053093",
            "https://www.ncbi.nlm.nih.gov/gene/?term=ENSMUSG00000053093",
        ),
        (
            GeneHit("Myh7", "", "", True),
            "Mus musculus",
            "https://www.ensembl.org/Multi/Search/Results?q=Myh7",
            "https://www.ncbi.nlm.nih.gov/gene/?term=Myh7%5Bsym%5D%20AND%20%22Mus%20musculus%22%5B"
            "orgn%5D",
        ),
        (
            GeneHit("x", 'a"&b/c', "not an id", True),
            "none (simulated)",
            "https://www.ensembl.org/Multi/Search/Results?q=a%22%26b%2Fc",
            "https://www.ncbi.nlm.nih.gov/gene/?term=a%22%26b/c%5Bsym%5D",
        ),
    ],
)
def test_pages_elsewhere_go_by_id_or_symbol(
    hit: GeneHit, organism: str, ensembl: str, ncbi: str
) -> None:
    assert [link["href"] for link in outside_links(hit, organism)] == [ensembl, ncbi]


def test_cards_over_http(client_for: Callable[..., Any], atlas: Atlas) -> None:
    client = client_for()
    answer = client.get(f"{BASE}/genes/myh7?v={atlas.digest}-{ANSWERS}")
    assert answer.get_json()["name"] == "MYH7"
    assert "immutable" in answer.headers["Cache-Control"]
    again = client.get(f"{BASE}/genes/MYH7", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    missing = client.get(f"{BASE}/genes/MYH77")
    assert missing.status_code == 404
    assert "MYH7" in missing.get_json()["examples"]
