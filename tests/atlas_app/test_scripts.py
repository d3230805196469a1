"""The scripts of a page: known before the first reader comes."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import PurePosixPath

import pytest

from atlas_app.app import create_app
from atlas_app.settings import Settings


@pytest.mark.parametrize("prefix", ["", "/heart"])
def test_scripts_are_known_before_the_first_request(
    settings_for: Callable[..., Settings], prefix: str
) -> None:
    app = create_app(settings_for(prefix=prefix))
    known = {PurePosixPath(path).name for paths in app.registered_paths.values() for path in paths}
    assert "dash_core_components.js" in known
    page = app.server.test_client().get(f"{prefix}/").get_data(as_text=True)
    wanted = re.findall(r'src="([^"]*_dash-component-suites[^"]*)"', page)
    assert len(wanted) > 3
    for source in wanted:
        assert app.server.test_client().get(source).status_code == 200
