from __future__ import annotations

import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from atlas_app.paths import assets_folder
from atlas_app.settings import Settings


def test_environment_fills_what_is_not_given() -> None:
    environment = {
        "ATLAS_STORES": os.pathsep.join(["/a.atlas.zarr", "/b.atlas.zarr"]),
        "ATLAS_PORT": "9000",
        "ATLAS_RESULT_HOURS": "1.5",
        "ATLAS_WORKER_COMMAND": "python -m worker",
        "ATLAS_TITLE": "",
        "UNRELATED": "1",
    }
    settings = Settings.from_environment(environment, port=8051, title=None)
    assert settings.stores == (Path("/a.atlas.zarr"), Path("/b.atlas.zarr"))
    assert settings.port == 8051
    assert settings.result_hours == 1.5
    assert settings.worker_command == ("python", "-m", "worker")
    assert settings.title == ""


def test_stores_are_paths_and_urls() -> None:
    urls = ["s3://bucket/heart.atlas.zarr", "http://host:8443/a.atlas.zarr", "https://host:1"]
    text = os.pathsep.join([urls[0], "near.atlas.zarr", *urls[1:], "/b.atlas.zarr", ""])
    settings = Settings.from_environment({"ATLAS_STORES": text, "ATLAS_ANONYMOUS": "true"})
    near, last = Path("near.atlas.zarr"), Path("/b.atlas.zarr")
    assert settings.stores == (urls[0], near, *urls[1:], last)
    assert settings.anonymous
    assert Settings(stores=("a.atlas.zarr", urls[0])).stores == (Path("a.atlas.zarr"), urls[0])


def test_the_prefix_is_brought_into_one_form() -> None:
    for given in ("atlas", "/atlas", "/atlas/", "//atlas//"):
        assert Settings(prefix=given).prefix == "/atlas"
    assert Settings(prefix="/").prefix == ""
    assert Settings(prefix="a/b").prefix == "/a/b"


@pytest.mark.parametrize("own", ["/explore", "map/here", "/api/", "assets", "/health"])
def test_a_prefix_that_begins_as_an_own_address_is_refused(own: str) -> None:
    with pytest.raises(ValidationError, match="first part is none of explore, stack"):
        Settings(prefix=own)
    assert Settings(prefix=f"/atlas/{own.strip('/')}").prefix == f"/atlas/{own.strip('/')}"


@pytest.mark.parametrize(
    "wrong",
    [{"port": 70_000}, {"workers": 0}, {"result_hours": 0}, {"upload_bytes": 0}, {"color": "red"}],
)
def test_impossible_settings_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Settings(**wrong)


def test_every_setting_says_what_it_is() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert field.description.endswith((".", "…")), name


def test_assets_are_found_in_the_checkout() -> None:
    assert (assets_folder() / "styles" / "app.css").is_file()
