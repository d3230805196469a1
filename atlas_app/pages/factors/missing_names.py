"""What an address of the page Factors names that the atlas does not have."""

from __future__ import annotations

from collections.abc import Mapping

from atlas_app.components.missing_names import quoted
from atlas_app.factors.state import read_view
from atlas_app.http.whole_numbers import whole


def missing_names(query: Mapping[str, str], n: int) -> list[str]:
    """Names in the address of the page Factors, of `n` factors, that would be passed over in
    silence."""
    found = []
    for name, told in (("factor", "factor"), ("with", "second factor")):
        text = query.get(name, "")
        if text and whole(text, n - 1) is None:
            found.append(f"{told} {quoted(text)} (it has 0 to {n - 1})")
    if query.get("sets") and not read_view(query, n).sets:
        found.append(f"gene sets {quoted(query['sets'])}")
    return found
