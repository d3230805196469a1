"""What a reader is told when a callback fails: in the page where a part of it is now missing or out
of date, with a way to ask again; in a message where only a button did nothing."""

from __future__ import annotations

import logging
from typing import Any

import dash
import flask

from atlas_app.jobs.backends.backend import JobsUnavailable
from training.store import StoreUnreachable

LOG = logging.getLogger("atlas_app")
# Properties that are a part of what is seen.
SEEN = ("children", "figure", "rowData")
LONGEST = 120
QUEUE = "The queue does not answer. Try again in a while."


class PanelFault(Exception):
    """A part of a page that could not be made; `status` of the answer, and a line on it."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def report_fault(error: Exception) -> None:
    """Log a callback's failure and tell the reader of it; what is seen stays as it was.

    Raises StoreUnreachable as it is, and PanelFault for what else keeps a part of the page from
    coming: both are answered with an error, which the page holds until its reader asks once more
    (held.mjs).
    """
    if isinstance(error, StoreUnreachable):
        raise error
    busy = isinstance(error, JobsUnavailable)
    if busy:
        LOG.warning("the queue does not answer: %s", error)
    else:
        LOG.error("callback failed", exc_info=error)
    known = f"{type(error).__name__}: {str(error).strip()[:LONGEST]}"
    if fills_a_panel(dash.ctx.outputs_list):
        text = QUEUE if busy else f"Something went wrong ({known})."
        raise PanelFault(503 if busy else 500, " ".join(text.split())) from error
    tell(
        "Not at the moment" if busy else "Something went wrong",
        QUEUE if busy else f"Reload the page, or go back and try again. ({known})",
    )


def fills_a_panel(outputs: Any) -> bool:
    """Whether a callback's outputs, as dash.ctx lists them, hold a part of what is seen."""
    if isinstance(outputs, dict):
        return outputs.get("property") in SEEN
    return any(fills_a_panel(each) for each in outputs or ())


def tell(title: str, message: str) -> None:
    """A message that stays until it was read and closed."""
    notification = {
        "action": "show",
        "id": "callback-error",
        "color": "red",
        "title": title,
        "message": message,
        "autoClose": False,
    }
    dash.set_props("notifications", {"sendNotifications": [notification]})


def register_panel_faults(server: flask.Flask) -> None:
    """Answer a part of a page that could not be made with a line that says why."""

    def answer(fault: PanelFault) -> flask.Response:
        headers = {"Cache-Control": "no-store"}
        return flask.Response(str(fault), fault.status, headers, mimetype="text/plain")

    server.register_error_handler(PanelFault, answer)
