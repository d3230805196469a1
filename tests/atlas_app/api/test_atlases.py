from __future__ import annotations

import gzip
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import brotli
import flask
import numpy as np
import pytest

from atlas_app.app import create_app
from atlas_app.http.asset_routes import assets_version, register_assets
from atlas_app.http.responses import ANSWERS
from atlas_app.http.routes import ROUTES
from atlas_app.settings import Settings
from training.store import Atlas

BASE = "/api/v1/atlases/test"


def test_every_route_is_documented_and_every_documented_route_exists(
    settings_for: Callable[..., Settings],
) -> None:
    rules = create_app(settings_for()).server.url_map.iter_rules()
    served = set()
    for rule in rules:
        if not rule.rule.startswith(("/api/", "/health")) or "<path:rest>" in rule.rule:
            continue
        path = re.sub(r"<(?:path:)?(\w+)>", r"{\1}", rule.rule)
        served |= {(method, path) for method in rule.methods - {"HEAD", "OPTIONS"}}
    written = {
        "{id}": "{atlas_id}",
        "{job}": "{job_id}",
        "{gene|factor|obs|set|estimate|difference}": "{kind}",
        "{upload}": "{upload_id}",
        "{gene|low|high|width|measured|difference|factor|obs}": "{kind}",
        "{spatial|umap}": "{kind}",
    }
    documented = set()
    for route in ROUTES:
        path = route.path
        for found, name in written.items():
            path = path.replace(found, name)
        documented.add((route.method, path))
    assert documented == served


def test_index_lists_the_routes(client: Any) -> None:
    listed = client.get("/api/v1/").get_json()["routes"]
    assert {"method", "path", "does", "gives", "query"} == set(listed[0])
    assert len(listed) == len(ROUTES)


def test_health_says_when_a_store_vanishes(
    store: Path, tmp_path: Path, client_for: Callable[..., Any]
) -> None:
    copy = tmp_path / "copy.atlas.zarr"
    shutil.copytree(store, copy)
    client = client_for(stores=(copy,))
    assert client.get("/health").status_code == 200
    shutil.move(copy, tmp_path / "elsewhere")
    answer = client.get("/health")
    assert answer.status_code == 503
    assert "copy" in answer.get_json()["faults"][0]


def test_health_says_when_a_store_is_replaced(
    store: Path, bare_store: Path, tmp_path: Path, client_for: Callable[..., Any]
) -> None:
    copy = tmp_path / "copy.atlas.zarr"
    shutil.copytree(store, copy)
    client = client_for(stores=(copy,))
    shutil.rmtree(copy)
    shutil.copytree(bare_store, copy)
    answer = client.get("/health")
    assert answer.status_code == 503
    assert "replaced" in answer.get_json()["faults"][0]


def test_listing_and_description(client: Any, atlas: Atlas) -> None:
    listed = client.get("/api/v1/atlases").get_json()["atlases"]
    assert [entry["id"] for entry in listed] == ["test"]
    found = client.get(BASE).get_json()
    assert found["digest"] == atlas.digest
    assert found["slices"][2] == {
        "name": "E10_1",
        "stage": "E10",
        "time": 10.0,
        "start": 120,
        "stop": 180,
    }
    assert [stage["n_slices"] for stage in found["stages"]] == [2, 2, 1]
    columns = {column["name"]: column for column in found["obs"]}
    assert columns["domain"]["colors"] == ["#aa0000", "#00aa00", "#0000aa", "#aaaa00"]
    assert [factor["name"] for factor in found["factors"]] == ["0", "1", "2", "3"]
    assert len(found["factors"][0]["genes"]) == 5


def test_values_are_the_stores_bytes_with_their_scale(client: Any, atlas: Atlas) -> None:
    for kind, name in (("gene", "MYH7"), ("factor", "2"), ("obs", "time"), ("obs", "domain")):
        answer = client.get(f"{BASE}/values/{kind}/{name}")
        wanted = atlas.values(kind, name)
        assert answer.mimetype == "application/octet-stream"
        assert answer.data == wanted.data.tobytes()
        assert np.float32(answer.headers["X-Atlas-Lo"]) == np.float32(wanted.lo)
        assert np.float32(answer.headers["X-Atlas-Hi"]) == np.float32(wanted.hi)
        assert answer.headers["X-Atlas-Kind"] == wanted.kind
        assert answer.headers["X-Atlas-Digest"] == atlas.digest


def test_a_gene_is_found_by_any_of_its_names(client: Any) -> None:
    wanted = client.get(f"{BASE}/values/gene/Col1a1").data
    for name in ("COL1A1", "col1a1", "ENSG00000000004"):
        assert client.get(f"{BASE}/values/gene/{name}").data == wanted


@pytest.mark.parametrize(
    ("address", "example"),
    [
        ("/values/gene/MYH9", "MYH7"),
        ("/values/factor/4", "0"),
        ("/values/factor/-1", "0"),
        ("/values/obs/domian", "domain"),
        ("/values/protein/X", "gene"),
        ("/coordinates/polar", "spatial"),
        ("/factors.csv?factor=9", "0"),
    ],
)
def test_what_is_not_there_is_answered_with_what_is(
    client: Any, address: str, example: str
) -> None:
    answer = client.get(BASE + address)
    assert answer.status_code == 404
    body = answer.get_json()
    assert set(body) == {"error", "found", "expected", "examples"}
    assert example in body["examples"]
    assert len(body["examples"]) <= 5


def test_unknown_addresses_methods_and_atlases_are_json(client: Any) -> None:
    for method, address, status in (
        ("get", "/api/v2/atlases", 404),
        ("post", f"{BASE}/genes", 404),
        ("get", "/api/v1/atlases/none", 404),
        ("get", f"{BASE}/queries", 404),
    ):
        answer = getattr(client, method)(address)
        assert answer.status_code == status, address
        assert answer.get_json()["expected"]


def test_bad_parameters_are_400(client: Any) -> None:
    for address in ("/genes?limit=0", "/genes?limit=many", "/factors.gmt?n=0"):
        answer = client.get(BASE + address)
        assert answer.status_code == 400
        assert "whole number" in answer.get_json()["expected"]


def test_genes_are_searched_in_any_case(client: Any) -> None:
    found = client.get(f"{BASE}/genes?prefix=myh&limit=5").get_json()["genes"]
    assert found[0] == {
        "name": "MYH7",
        "symbol": "MYH7",
        "ensembl_id": "ENSG00000000000",
        "description": "",
        "fitted": True,
        "told": True,
        "estimated": None,
    }
    assert len(client.get(f"{BASE}/genes?prefix=&limit=3").get_json()["genes"]) == 3


def test_coordinates_are_float32_pairs(client: Any, atlas: Atlas) -> None:
    for kind in ("spatial", "umap"):
        body = client.get(f"{BASE}/coordinates/{kind}").data
        found = np.frombuffer(body, "<f4").reshape(-1, 2)
        np.testing.assert_array_equal(found, atlas.coordinates(kind))


def test_spots_are_named_a_page_at_a_time(client: Any, atlas: Atlas) -> None:
    assert client.get(BASE).get_json()["spots"] is True
    address = f"{BASE}/spots?start=3&stop=8"
    asked = client.get(f"{address}&v={atlas.digest}-{ANSWERS}")
    assert asked.get_json() == {"start": 3, "spots": atlas.spot_names[3:8]}
    assert "immutable" in asked.headers["Cache-Control"]
    unchanged = client.get(address, headers={"If-None-Match": asked.headers["ETag"]})
    assert unchanged.status_code == 304
    assert client.get(f"{BASE}/spots").get_json()["spots"] == atlas.spot_names
    past = client.get(f"{BASE}/spots?start={atlas.n_spots - 2}&stop={atlas.n_spots + 2000}")
    assert past.get_json()["spots"] == atlas.spot_names[-2:]
    assert client.get(f"{BASE}/spots?start=5&stop=5").get_json()["spots"] == []


def test_the_leading_factors_of_spots_are_told(client: Any, atlas: Atlas) -> None:
    assert client.get(BASE).get_json()["spot_factors"] is True
    told = client.get(f"{BASE}/spots/factors?start=3&stop=8&v={atlas.digest}-{ANSWERS}").get_json()
    assert told["start"] == 3
    for spot, factors, shares in zip(range(3, 8), told["factors"], told["shares"], strict=True):
        own = atlas.factors[spot]
        assert factors == np.argsort(-own, kind="stable")[:3].tolist()
        np.testing.assert_allclose(shares, own[factors], atol=1e-4)
    assert client.get(f"{BASE}/spots/factors?start=9&stop=3").status_code == 400


@pytest.mark.parametrize("asked", ["start=8&stop=3", "start=-1", "start=a", "start=0&stop=20001"])
def test_spots_outside_a_page_are_refused(client: Any, asked: str) -> None:
    answer = client.get(f"{BASE}/spots?{asked}")
    assert answer.status_code == 400
    assert "expected" in answer.text


def test_gene_lists_name_atlas_factor_and_digest(client: Any, atlas: Atlas) -> None:
    one = client.get(f"{BASE}/factors.csv?factor=1")
    whole = client.get(f"{BASE}/factors.csv")
    assert f"test-factor-1-{atlas.digest[:8]}.csv" in one.headers["Content-Disposition"]
    assert len(whole.text.splitlines()) > 3 * (len(one.text.splitlines()) - 1)
    sets = client.get(f"{BASE}/factors.gmt?n=6").text.splitlines()
    assert len(sets) == 4
    assert len(sets[0].split("\t")) == 2 + 6


def test_bodies_are_compressed_as_asked(client: Any, big_body: str) -> None:
    plain = client.get(big_body, headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers
    from backports import zstd

    for asked, coding, unpack in (
        ("gzip", "gzip", gzip.decompress),
        ("br", "br", brotli.decompress),
        ("zstd, br, gzip", "zstd", zstd.decompress),
        ("gzip;q=0.5, br;q=0.9", "br", brotli.decompress),
        ("zstd;q=0, *;q=0.1", "br", brotli.decompress),
    ):
        answer = client.get(big_body, headers={"Accept-Encoding": asked})
        assert answer.headers["Content-Encoding"] == coding
        assert "Accept-Encoding" in answer.headers["Vary"]
        assert unpack(answer.data) == plain.data
        assert answer.headers["ETag"] != plain.headers["ETag"]


@pytest.fixture
def big_body() -> str:
    return f"{BASE}/coordinates/spatial"


def test_pages_ask_for_answers_of_the_version_that_there_is() -> None:
    source = Path(__file__).parents[3] / "assets" / "values" / "source.mjs"
    assert f'const ANSWERS = "{ANSWERS}";' in source.read_text()


def test_caching_follows_the_digest(client: Any, atlas: Atlas) -> None:
    address = f"{BASE}/values/gene/ALB"
    first = client.get(address)
    assert "no-cache" in first.headers["Cache-Control"]
    assert (
        "immutable" in client.get(f"{address}?v={atlas.digest}-{ANSWERS}").headers["Cache-Control"]
    )
    short = f"{address}?v={atlas.digest[:16]}-{ANSWERS}"
    assert "immutable" in client.get(short).headers["Cache-Control"]
    other, older = f"{'0' * 64}-{ANSWERS}", f"{atlas.digest}-1"
    for stale in ("", f"{atlas.digest[:4]}-{ANSWERS}", other, atlas.digest, older):
        assert "immutable" not in client.get(f"{address}?v={stale}").headers["Cache-Control"]
    again = client.get(address, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    assert again.data == b""
    other = client.get(f"{BASE}/values/gene/SOX2", headers={"If-None-Match": first.headers["ETag"]})
    assert other.status_code == 200


@pytest.mark.parametrize(
    ("address", "other"),
    [
        ("/genes?prefix=my", "/genes?prefix=my&limit=3"),
        ("/factors.csv", "/factors.csv?factor=1"),
        ("/factors.gmt?n=5", "/factors.gmt?n=6"),
        ("/genesets", "/genesets/MYH7"),
        ("/stages/course?of=gene:MYH7", "/stages/course?of=gene:MYH7&within=heart"),
        ("/stages/course.csv?of=gene:MYH7", "/stages/course?of=gene:MYH7"),
        ("/stages/abundance.csv", "/stages/abundance.csv?of=factor"),
        ("/stages/changes?a=E9&b=E10", "/stages/changes?a=E10&b=E9"),
        ("/stages/changes.csv?what=factors", "/stages/changes.csv"),
        ("/stages/relations.csv", "/stages/abundance.csv"),
    ],
)
def test_answers_that_follow_from_the_atlas_are_kept(
    client: Any, atlas: Atlas, address: str, other: str
) -> None:
    first = client.get(BASE + address)
    assert first.status_code == 200
    assert first.headers["Cache-Control"] == "public, no-cache"
    assert first.headers["X-Atlas-Digest"] == atlas.digest
    told = {"If-None-Match": first.headers["ETag"]}
    again = client.get(BASE + address, headers=told)
    assert (again.status_code, again.data) == (304, b"")
    changed = client.get(BASE + other, headers=told)
    assert changed.status_code == 200
    assert changed.headers["ETag"] != first.headers["ETag"]
    joint = "&" if "?" in address else "?"
    named = client.get(f"{BASE}{address}{joint}v={atlas.digest}-{ANSWERS}")
    assert "immutable" in named.headers["Cache-Control"]
    assert named.data == first.data
    assert client.get(BASE + address, headers=told).status_code == 304


def test_errors_are_not_kept(client: Any) -> None:
    for address in ("/stages/course?of=gene:NOPE", "/stages/changes?a=E99", "/genes?limit=0"):
        for _ in range(2):
            answer = client.get(BASE + address)
            assert answer.status_code in (400, 404)
            assert answer.headers["Cache-Control"] == "no-store"
            assert "ETag" not in answer.headers


def test_security_headers_are_everywhere(client: Any) -> None:
    for address in ("/", BASE, "/api/v1/nothing", "/assets/styles/app.css"):
        headers = client.get(address).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
    policy = client.get("/").headers["Content-Security-Policy"]
    assert "script-src 'self' 'sha256-" in policy
    assert "unsafe-eval" not in policy
    assert "http" not in policy


def test_everything_lies_under_the_prefix(client_for: Callable[..., Any]) -> None:
    client = client_for(prefix="atlas/")
    assert client.get("/atlas/health").status_code == 200
    # A proxy that strips the prefix asks without it.
    assert client.get("/health").status_code == 200
    listed = client.get("/atlas/api/v1/atlases").get_json()["atlases"]
    assert listed[0]["base"] == "/atlas/api/v1/atlases/test"
    assert client.get(listed[0]["base"]).get_json()["base"] == listed[0]["base"]
    page = client.get("/atlas/factors").text
    assert re.search(r"/atlas/assets/[0-9a-f]{12}/bridge\.mjs", page)
    assert client.get("/atlas/api/v1/none").get_json()["error"]


def test_only_entry_scripts_are_loaded_by_the_page(client: Any) -> None:
    loaded = set(re.findall(r'src="/assets/[0-9a-f]{12}/([^"?]+)', client.get("/").text))
    assert {"bridge.mjs", "callbacks.js", "upload.mjs", "cells.js"} == loaded
    assert client.get("/assets/bridge.mjs").mimetype == "text/javascript"


def test_assets_are_kept_by_the_version_in_their_address(client: Any) -> None:
    (address,) = re.findall(r'src="(/assets/[^"]+bridge\.mjs[^"]*)"', client.get("/").text)
    named = client.get(address)
    assert named.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    # Without it, or with that of an older one, there is what there is now, and nobody keeps it.
    version = address.split("/")[2]
    for other in ("/assets/bridge.mjs", f"/assets/{'0' * 12}/bridge.mjs"):
        answer = client.get(other)
        assert answer.data == named.data
        assert answer.headers["Cache-Control"] == "public, no-cache"
    module = client.get(f"/assets/{version}/canvas/canvas.mjs")
    assert module.headers["Cache-Control"].endswith("immutable")
    missing = client.get(f"/assets/{version}/nothing.mjs")
    assert missing.status_code == 404
    assert "immutable" not in missing.headers.get("Cache-Control", "")
    assert client.get("/assets/../app.py").status_code == 404


def test_a_file_that_was_changed_meanwhile_is_not_kept(tmp_path: Path) -> None:
    (tmp_path / "a.mjs").write_text("1")
    (tmp_path / "b.png").write_bytes(b"2")
    version = assets_version(tmp_path)
    server = flask.Flask("test")
    register_assets(server, tmp_path, version, "/p")
    client = server.test_client()
    for name in ("a.mjs", "b.png"):
        address = f"/p/assets/{version}/{name}"
        assert client.get(address).headers["Cache-Control"].endswith("immutable")
        (tmp_path / name).write_text("changed")
        assert client.get(address).headers["Cache-Control"] == "public, no-cache"
    (tmp_path / "new.mjs").write_text("3")
    assert client.get(f"/p/assets/{version}/new.mjs").headers["Cache-Control"] == "public, no-cache"
    assert assets_version(tmp_path) != version


def test_nothing_is_fetched_from_elsewhere(client: Any) -> None:
    addresses = re.findall(r'(?:src|href)="([^"]+)"', client.get("/").text)
    assert addresses
    assert all(address.startswith("/") for address in addresses)


def test_two_stores_of_one_name_are_told_apart(
    store: Path, tmp_path: Path, client_for: Callable[..., Any]
) -> None:
    twin = tmp_path / "test.atlas.zarr"
    shutil.copytree(store, twin)
    client = client_for(stores=(store, twin))
    listed = [entry["id"] for entry in client.get("/api/v1/atlases").get_json()["atlases"]]
    assert listed == ["test", "test-2"]


def test_description_is_plain_json(client: Any) -> None:
    text = client.get(BASE).text
    assert "NaN" not in text
    assert json.loads(text)["n_spots"] == 300
