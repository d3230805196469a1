"""What a reader is told of a callback that fails, by what it was to bring."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from atlas_app.app import create_app
from atlas_app.components.callback_faults import QUEUE
from atlas_app.jobs.backends.backend import JobsUnavailable
from atlas_app.settings import Settings


@pytest.fixture
def ask(settings_for: Callable[..., Settings]) -> Callable[[Exception, str], Any]:
    """The answer to a callback that fails with this error, having this property as its output."""
    from dash import Input, Output

    def answer(error: Exception, output: str) -> Any:
        app = create_app(settings_for())

        @app.callback(Output("place", output), Output("other", "data"), Input("button", "n_clicks"))
        def fail(_: int) -> Any:
            raise error

        client = app.server.test_client()
        client.get("/_dash-dependencies")
        sent = {
            "output": f"..place.{output}...other.data..",
            "outputs": [
                {"id": "place", "property": output},
                {"id": "other", "property": "data"},
            ],
            "inputs": [{"id": "button", "property": "n_clicks", "value": 1}],
            "changedPropIds": ["button.n_clicks"],
        }
        return client.post("/_dash-update-component", json=sent)

    return answer


@pytest.mark.parametrize("output", ["children", "figure", "rowData"])
def test_a_part_of_a_page_that_could_not_be_made_is_told_in_a_line(
    ask: Callable[[Exception, str], Any], output: str
) -> None:
    answer = ask(ValueError("no such\nnumber"), output)
    assert (answer.status_code, answer.mimetype) == (500, "text/plain")
    assert answer.text == "Something went wrong (ValueError: no such number)."
    assert answer.headers["Cache-Control"] == "no-store"
    waiting = ask(JobsUnavailable("away"), output)
    assert (waiting.status_code, waiting.text) == (503, QUEUE)


def test_a_button_that_did_nothing_is_told_in_a_message(
    ask: Callable[[Exception, str], Any],
) -> None:
    for error, title in (
        (ValueError("no number"), "Something went wrong"),
        (JobsUnavailable("away"), "Not at the moment"),
    ):
        answer = ask(error, "search")
        assert answer.status_code in (200, 204)
        (told,) = json.loads(answer.text)["sideUpdate"]["notifications"]["sendNotifications"]
        assert told["title"] == title
        assert told["autoClose"] is False
