"""Gene sets that the builder gave: offered, scored, tested and named over the HTTP interface."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from atlas_app.atlases.data import ServedAtlas
from atlas_app.factors.enrichment import OWN
from atlas_app.factors.state import FactorView, read_view, write_view
from atlas_app.figure_python.stages import stages_python
from atlas_app.pages.stages.controls import apply, control_value, controls
from atlas_app.pages.stages.film import film_color
from atlas_app.stages.state import StageView
from atlas_app.stages.state import read_view as read_stages
from atlas_app.stages.state import write_view as write_stages
from training.naming.given import GivenFiles
from training.naming.rename import annotate_atlas
from training.store import Atlas, open_atlas

HEART = ("HEART, beating / 1", "of the heart", "MYH7", "NPPA", "GENE0", "NOSUCH")
BRAIN = ("BRAIN", "", *(f"GENE{i}" for i in range(3, 9)))


@pytest.fixture(scope="module")
def built(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Atlas:
    folder = tmp_path_factory.mktemp("built")
    (folder / "sets.gmt").write_text("\n".join("\t".join(each) for each in (HEART, BRAIN)))
    out = folder / "built.atlas.zarr"
    annotate_atlas(store, None, out, files=GivenFiles(gene_sets=(folder / "sets.gmt",)))
    return open_atlas(out)


@pytest.fixture
def there(client_for: Callable[..., Any], built: Atlas) -> Any:
    return client_for(stores=(built.path,))


BASE = "/api/v1/atlases/built"
NAMED = "@HEART%2C%20beating%20%2F%201"


def test_the_sets_are_offered_first_and_without_their_genes(there: Any) -> None:
    first, second, third = there.get(f"{BASE}/genesets").get_json()["sets"][:3]
    assert first == {
        "name": "HEART, beating / 1",
        "kind": "given",
        "description": "of the heart",
        "source": "sets.gmt",
        "n_genes": 3,
        "address": "@HEART, beating / 1",
    }
    assert (second["name"], second["n_genes"], third["kind"]) == ("BRAIN", 6, "factor")


def test_a_set_is_scored_and_told_by_its_name(there: Any) -> None:
    told = there.get(f"{BASE}/genesets/{NAMED}").get_json()
    assert told["name"] == "@HEART, beating / 1"
    assert told["given"] == {
        "name": "HEART, beating / 1",
        "description": "of the heart",
        "source": "sets.gmt",
    }
    assert (told["genes"], told["unknown"]) == (["MYH7", "NPPA", "GENE0"], ["NOSUCH"])
    assert there.get(f"{BASE}/genesets/MYH7").get_json()["given"] is None
    values = there.get(f"{BASE}/values/set/{NAMED}")
    assert values.data == there.get(f"{BASE}/values/set/MYH7,NPPA,GENE0").data
    scores = there.get(f"{BASE}/scores.csv?of={NAMED}")
    assert "built-set-HEART-beating-1-" in scores.headers["Content-Disposition"]
    plain = there.get(f"{BASE}/scores.csv?of=MYH7,NPPA,GENE0")
    assert scores.data == plain.data
    assert "built-set-of-3-" in plain.headers["Content-Disposition"]
    table = there.get(f"{BASE}/values.csv?of=set:{NAMED}~gene:MYH7").text.splitlines()
    assert '"set:@HEART, beating / 1",MYH7' in table[0]


def test_names_and_sizes_that_cannot_be_scored_are_told(
    there: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = there.get(f"{BASE}/values/set/@BRIAN")
    assert gone.status_code == 404
    assert gone.get_json()["found"] == "BRIAN"
    assert "BRAIN" in gone.get_json()["examples"]
    for module in ("address", "offered"):
        monkeypatch.setattr(f"atlas_app.genesets.{module}.MOST_GENES", 5)
    large = there.get(f"{BASE}/values/set/@BRAIN")
    assert large.status_code == 400
    assert "6 genes" in large.get_json()["found"]
    assert there.get(f"{BASE}/genesets").get_json()["sets"][1]["address"] == ""


def test_the_sets_are_tested_in_factors(there: Any, client: Any) -> None:
    answer = there.get(f"{BASE}/enrichments/{OWN}.csv?factor=1")
    assert "built-sets-atlas-1-" in answer.headers["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert rows[0]["set"] == "BRAIN"
    assert int(rows[0]["overlap"]) == 6
    assert client.get(f"/api/v1/atlases/test/enrichments/{OWN}.csv?factor=1").status_code == 404
    view = FactorView(1, None, OWN)
    named = {name: str(value) for name, value in write_view(view).items() if value is not None}
    assert read_view(named, 4) == view


def test_the_sets_are_taken_away_as_gmt(there: Any, client: Any) -> None:
    answer = there.get(f"{BASE}/genesets.gmt")
    assert answer.text.splitlines() == ["\t".join(HEART[:-1]), "\t".join(BRAIN)]
    assert "built-gene-sets-" in answer.headers["Content-Disposition"]
    assert client.get("/api/v1/atlases/test/genesets.gmt").status_code == 404


def test_a_set_is_followed_over_stages_by_its_name(there: Any, built: Atlas) -> None:
    route = f"{BASE}/stages/course"
    found = there.get(f"{route}?of=genes:{NAMED}").get_json()
    listed = there.get(f"{route}?of=genes:MYH7,NPPA,GENE0").get_json()
    assert found["what"] == "HEART, beating / 1"
    assert found["notes"] == ["HEART, beating / 1: of the heart", "Not in this atlas: NOSUCH."]
    assert [found["genes"], found["unit"]] == [listed["genes"], listed["unit"]]
    values, others = ([row["value"] for row in told["slices"]] for told in (found, listed))
    assert values == others
    strange = there.get(f"{route}.csv?of=genes:@HART")
    assert strange.status_code == 404
    assert strange.get_json()["examples"][0] == "HEART, beating / 1"
    served = ServedAtlas(id="built", base=BASE, atlas=built)
    label, color, lit, _ = film_color(served, "genes:@BRAIN")
    assert (label, color, lit) == ("BRAIN", "set:@BRAIN", None)
    code = stages_python(served, StageView(of="genes:@BRAIN"), "http://host")
    assert "set(title='BRAIN'" in code.replace('"', "'")


def test_a_set_is_chosen_by_its_name_and_its_genes_can_be_changed(built: Atlas) -> None:
    served = ServedAtlas(id="built", base=BASE, atlas=built)
    state = StageView(of="genes:@BRAIN")
    genes = control_value(served, state, "subject")
    assert genes == ", ".join(BRAIN[2:])
    assert control_value(served, state, "given") == "@BRAIN"
    assert control_value(served, StageView(of="genes:MYH7"), "given") == "*"
    assert control_value(served, StageView(of="genes:@NONE"), "subject") == ""
    # What only follows the address changes nothing.
    assert apply(served, state, {"given": "@BRAIN", "subject": genes}) is state
    assert apply(served, state, {"subject": "GENE3, MYH7"}).of == "genes:GENE3,MYH7"
    heart = apply(served, state, {"given": "@HEART, beating / 1"})
    assert heart.of == "genes:@HEART, beating / 1"
    assert read_stages(write_stages(heart)) == heart
    pasted = apply(served, state, {"given": "*"}).of
    assert pasted.startswith("genes:")
    assert "@" not in pasted
    text = json.dumps(
        controls(served, state).to_plotly_json(), default=lambda o: o.to_plotly_json()
    )
    assert "HEART, beating / 1 (3)" in text
