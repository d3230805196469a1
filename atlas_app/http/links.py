"""Addresses of pages: which page a path names, what a query string holds, how to write both."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, urlencode

# The pages in the order of the navigation; the first is the front page.
PAGES: dict[str, str] = {
    "": "Home",
    "explore": "Explore",
    "stack": "3D",
    "stages": "Stages",
    "factors": "Factors",
    "map": "Map",
    "about": "About",
}


def page_of(pathname: str | None, prefix: str) -> str | None:
    """The page that a path names, None when there is no such page."""
    path = pathname or "/"
    if path.rstrip("/") == prefix:
        return ""
    if not path.startswith(f"{prefix}/"):
        return None
    name = path[len(prefix) :].strip("/")
    return name if name in PAGES else None


def parse_search(search: str | None) -> dict[str, str]:
    """The parameters of a query string; the first of a name counts."""
    found: dict[str, str] = {}
    for name, value in parse_qsl((search or "").lstrip("?"), keep_blank_values=True):
        found.setdefault(name, value)
    return found


def search(parameters: Mapping[str, object]) -> str:
    """A query string of the parameters that are not None or ''; '' when none is left."""
    kept = {name: str(value) for name, value in parameters.items() if value not in (None, "")}
    # Colons and commas are legal in a query string, and links stay readable with them.
    return "?" + urlencode(kept, safe=":,/", quote_via=quote) if kept else ""


def href(prefix: str, page: str, **parameters: object) -> str:
    """The address of a page under `prefix`."""
    return f"{prefix}/{page}{search(parameters)}"
