"""Stores are read alike wherever they lie: in a folder, behind a URL, on object storage."""

from __future__ import annotations

import shutil
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anndata
import fsspec
import numpy as np
import pytest
from typer.testing import CliRunner

from training.cli import app
from training.mapping.reading.demonstration import thin_section
from training.naming.rename import annotate_atlas
from training.store import (
    Atlas,
    StoreError,
    StoreUnreachable,
    create_atlas,
    open_atlas,
    validate_store,
)
from training.store.places.locate import locate
from training.store.places.location import local_path

PLACES = ("folder", "file", "memory", "s3", "http")


@pytest.fixture(scope="session")
def web(pristine: Path) -> Iterator[str]:
    """The address of a web server that lists nothing."""
    import flask
    from werkzeug.serving import make_server

    site = flask.Flask("files", static_folder=None)

    @site.get("/<path:path>")
    def send(path: str) -> Any:
        return flask.send_from_directory(pristine.parent, path, conditional=True)

    server = make_server("127.0.0.1", 0, site, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()


@pytest.fixture(scope="session")
def url(object_storage: Any, pristine: Path) -> str:
    """The sound store in a bucket."""
    return str(object_storage.put(pristine, "atlases"))


@pytest.fixture(scope="session", params=PLACES)
def place(request: pytest.FixtureRequest, pristine: Path) -> str:
    """What opens the sound store, in each of its places."""
    if request.param == "folder":
        return str(pristine)
    if request.param == "file":
        return f"file{':'}//{pristine}"
    if request.param == "http":
        return f"{request.getfixturevalue('web')}/{pristine.name}"
    if request.param == "s3":
        return str(request.getfixturevalue("url"))
    target = f"/bucket/{pristine.name}"
    fsspec.filesystem("memory").put(str(pristine), target, recursive=True)
    return f"memory:/{target}"


@pytest.fixture(scope="session")
def near(pristine: Path) -> Atlas:
    return open_atlas(pristine)


@pytest.fixture(scope="session")
def far(place: str) -> Atlas:
    return open_atlas(place)


class TestReading:
    """One class for every place."""

    def test_it_is_the_same_atlas(self, far: Atlas, near: Atlas, place: str) -> None:
        assert (far.id, far.digest, far.card) == (near.id, near.digest, near.card)
        assert far.slices == near.slices
        assert far.obs_columns == near.obs_columns
        assert far.genes == near.genes
        assert far.spot_names == near.spot_names
        assert far.factor_names == near.factor_names
        assert far.has_pseudobulk == near.has_pseudobulk
        assert (far.path is not None) == ("://" not in place or place.startswith("file"))
        assert str(far.location) in (place, str(near.path))
        assert far.location.name == "small.atlas.zarr"

    def test_values_are_the_same_bytes(self, far: Atlas, near: Atlas) -> None:
        names: list[tuple[str, str | int]] = [("gene", name) for name in near.genes]
        names += [("factor", k) for k in range(near.n_factors)]
        names += [("obs", name) for name in ("domain", "depth", "label")]
        for kind, name in names:
            one, other = far.values(kind, name), near.values(kind, name)
            assert one.data.tobytes() == other.data.tobytes()
            assert (one.lo, one.hi, one.categories) == (other.lo, other.hi, other.categories)

    def test_numbers_are_the_same(self, far: Atlas, near: Atlas) -> None:
        for name in near.genes:
            np.testing.assert_array_equal(far.gene(name), near.gene(name))
        for what in ("latent", "factors", "loadings", "totals"):
            np.testing.assert_array_equal(getattr(far, what), getattr(near, what))
        np.testing.assert_array_equal(far.coordinates("umap"), near.coordinates("umap"))
        for one, other in zip(far.domain_counts(), near.domain_counts(), strict=True):
            np.testing.assert_array_equal(one[1], other[1])
        assert far.table("genes").keys() == near.table("genes").keys()

    def test_it_is_sound(self, place: str) -> None:
        faults = validate_store(place)
        if place.startswith("http"):
            # Which files there are cannot be known, so the digest cannot either.
            assert len(faults) == 1
            assert "does not list" in faults[0]
        else:
            assert faults == []

    def test_the_model_is_the_same(self, far: Atlas, near: Atlas, place: str) -> None:
        if place.startswith("http"):
            with pytest.raises(StoreError, match="copy the store to this machine"):
                far.model()
            return
        assert far.model().config == near.model().config
        assert far.model().arrays.keys() == near.model().arrays.keys()

    def test_anndata_reads_the_reference(self, far: Atlas, pristine: Path, place: str) -> None:
        if place.startswith("http"):
            pytest.skip("a web server does not list what groups hold, which anndata asks")
        one = anndata.read_zarr(far.reference_group)
        other = anndata.read_zarr(pristine / "reference")
        assert (one.X != other.X).nnz == 0
        assert one.obs.equals(other.obs)
        assert one.var.equals(other.var)
        assert set(one.obsm) == set(other.obsm)
        assert set(one.uns) == set(other.uns)

    def test_its_parts_can_be_copied(
        self, far: Atlas, pristine: Path, place: str, tmp_path: Path
    ) -> None:
        target = tmp_path / "reference"
        if place.startswith("http"):
            with pytest.raises(StoreError, match="web server"):
                far.location.fetch("reference", target)
            return
        far.location.fetch("reference", target)
        wanted = {p.relative_to(pristine): p for p in (pristine / "reference").rglob("*")}
        found = {p.relative_to(tmp_path): p for p in target.rglob("*")}
        assert found.keys() == wanted.keys()
        assert all(
            found[name].read_bytes() == path.read_bytes()
            for name, path in wanted.items()
            if path.is_file()
        )


def test_a_gene_is_one_request(object_storage: Any, url: str, pristine: Path) -> None:
    object_storage.requests.clear()
    atlas = open_atlas(url)
    documents = len(list(pristine.rglob("zarr.json")))
    # Whether it is there, what it holds, and each document once.
    assert len(object_storage.requests) == documents + 2
    first, *others = atlas.genes
    atlas.values("gene", first)
    for name in others:
        object_storage.requests.clear()
        atlas.values("gene", name)
        assert object_storage.requests == ["GET /atlases/small.atlas.zarr/view/genes/c/0/0 206"]


def test_commands_take_urls(url: str, pristine: Path, tmp_path: Path) -> None:
    def run(*words: str, status: int = 0) -> str:
        done = CliRunner().invoke(app, list(words))
        if status:
            return str(done.exception)
        assert done.exit_code == 0, done.output
        return done.output

    assert "A small atlas" in run("info", url)
    assert "is sound" in run("validate", url)
    run("export", url, "--what", "factors", "--to", str(tmp_path / "far.csv"))
    run("export", str(pristine), "--what", "factors", "--to", str(tmp_path / "near.csv"))
    assert (tmp_path / "far.csv").read_text() == (tmp_path / "near.csv").read_text()
    run("export", url, "--what", "reference", "--to", str(tmp_path / "far.h5ad"))
    assert anndata.read_h5ad(tmp_path / "far.h5ad").n_obs == 40
    assert "a path on this machine" in run(
        "export", url, "--what", "factors", "--to", "s3://atlases/x.csv", status=1
    )
    for words in (("annotate", url, "names.toml"), ("extend", url, "slices"), ("fit", "slices")):
        assert "a URL to write to" in run(*words, "--out", "s3://atlases/x.atlas.zarr", status=1)


def test_annotating_and_thinning_rest_on_the_same_data(
    url: str, near: Atlas, pristine: Path, tmp_path: Path
) -> None:
    names = tmp_path / "names.toml"
    names.write_text('[factors.0]\nname = "Heart"\n[domains.1]\nname = "Gut"\n')
    one = annotate_atlas(url, names, tmp_path / "far.atlas.zarr")
    assert one == annotate_atlas(pristine, names, tmp_path / "near.atlas.zarr")
    part = near.slices[0]
    far = thin_section(open_atlas(url), part)
    assert (far.X != thin_section(near, part).X).nnz == 0


def test_a_file_that_is_missing_or_cut_is_found_on_opening(
    object_storage: Any, copy: Path, tmp_path: Path
) -> None:
    shard = copy / "view" / "genes" / "c" / "0" / "0"
    shard.write_bytes(shard.read_bytes()[:-1])
    with pytest.raises(StoreError, match="files of"):
        open_atlas(object_storage.put(copy, "cut"))
    shard.unlink()
    with pytest.raises(StoreError, match="files of"):
        open_atlas(object_storage.put(copy, "short"))


def test_a_flipped_bit_is_an_error_and_no_value(object_storage: Any, copy: Path) -> None:
    shard = copy / "view" / "genes" / "c" / "0" / "0"
    body = bytearray(shard.read_bytes())
    body[12] ^= 1
    shard.write_bytes(bytes(body))
    place = object_storage.put(copy, "flipped")
    with pytest.raises(StoreError, match="cannot be read"):
        open_atlas(place).values("gene", "MYH7")
    assert any("digest" in fault for fault in validate_store(place))


@pytest.mark.parametrize("what", ["values", "gene"])
def test_a_store_that_goes_is_no_store_of_zeros(
    object_storage: Any, pristine: Path, what: str
) -> None:
    import s3fs

    place = object_storage.put(pristine, f"going-{what}")
    atlas = open_atlas(place)
    assert atlas.genes
    s3fs.S3FileSystem(use_listings_cache=False).rm(place, recursive=True)
    with pytest.raises(StoreUnreachable, match="is gone"):
        atlas.values("gene", "MYH7") if what == "values" else atlas.gene("MYH7")


def test_a_web_page_that_goes_is_no_store_of_zeros(pristine: Path, web: str) -> None:
    moved = pristine.with_name("moving.atlas.zarr")
    shutil.copytree(pristine, moved)
    atlas = open_atlas(f"{web}/{moved.name}")
    assert atlas.genes
    shutil.rmtree(moved)
    for call in (lambda: atlas.values("gene", "MYH7"), lambda: atlas.gene("MYH7")):
        with pytest.raises(StoreUnreachable, match="is gone"):
            call()


def test_a_server_that_goes_is_said_and_may_come_back(
    object_storage: Any, url: str, near: Atlas
) -> None:
    atlas = open_atlas(url)
    assert atlas.genes
    object_storage.stop()
    try:
        for call in (
            lambda: atlas.values("gene", "MYH7"),
            lambda: atlas.gene("MYH7"),
            lambda: atlas.table("genes"),
            lambda: atlas.location.read("zarr.json", patience=2),
            lambda: open_atlas(url),
        ):
            with pytest.raises(StoreUnreachable, match="does not answer") as caught:
                call()
            assert "127.0.0.1" not in caught.value.reason
    finally:
        object_storage.start()
    assert atlas.values("gene", "MYH7").data.tobytes() == near.values("gene", "MYH7").data.tobytes()
    np.testing.assert_array_equal(atlas.gene("MYH7"), near.gene("MYH7"))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("s3://no-such-bucket/x.atlas.zarr", "check the names of bucket and path"),
        ("s3://atlases/none.atlas.zarr", "check the names of bucket and path"),
        ("strange://atlases/x.atlas.zarr", "Protocol not known"),
        ("gs://atlases/x.atlas.zarr", "gcsfs"),
    ],
)
def test_what_is_not_there_is_said(url: str, given: str, told: str) -> None:
    with pytest.raises(StoreError, match=told):
        open_atlas(given)


def test_credentials_are_asked_for_unless_none_are_wanted(
    url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    import s3fs

    s3fs.S3FileSystem.clear_instance_cache()
    try:
        with pytest.raises(StoreUnreachable, match="ATLAS_ANONYMOUS"):
            open_atlas(url)
        assert open_atlas(url, anonymous=True).n_spots == 40
        monkeypatch.setenv("ATLAS_ANONYMOUS", "true")
        assert open_atlas(url).values("gene", "MYH7").data.any()
        with pytest.raises(StoreUnreachable, match="no credentials"):
            open_atlas(url, anonymous=False)
    finally:
        s3fs.S3FileSystem.clear_instance_cache()


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(StoreError, match=r"inspire-atlas\[remote\]"):
        open_atlas("s3://atlases/x.atlas.zarr")


def test_nothing_is_written_to_a_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for given in ("s3://atlases/x.atlas.zarr", Path("s3://atlases/x.atlas.zarr")):
        with pytest.raises(StoreError, match="a path on this machine"):
            local_path(given)
        with pytest.raises(StoreError, match="a path on this machine"):
            create_atlas(given, write_reference=lambda _: None, model=None, card={})  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())
    assert local_path("stores/x.atlas.zarr") == Path("stores/x.atlas.zarr")
    assert str(locate("C:/x.atlas.zarr")).endswith("C:/x.atlas.zarr")
