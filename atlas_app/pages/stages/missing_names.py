"""What an address of the page Stages names that the atlas does not have."""

from __future__ import annotations

from collections.abc import Mapping

from atlas_app.atlases.data import ServedAtlas
from atlas_app.components.missing_names import quoted, some_of
from atlas_app.http.whole_numbers import whole
from atlas_app.pages.stages.changes import row_color
from atlas_app.pages.stages.controls import complete
from atlas_app.stages.state import PARTS, SUBJECTS, VIEWS, WHAT, StageView


def missing_names(served: ServedAtlas, query: Mapping[str, str], state: StageView) -> list[str]:
    """Names in the address of the page Stages that would be passed over in silence.

    Args:
        state: what was read from `query`.
    """
    found = [
        f"{told} {quoted(query[name])} (it has {some_of(known)})"
        for name, told, known in (
            ("view", "view", VIEWS),
            ("parts", "share of", PARTS),
            ("what", "comparison of", WHAT),
        )
        if query.get(name) and query[name] not in known
    ]
    if query.get("of") and query["of"].partition(":")[0] not in SUBJECTS:
        found.append(f"course of {quoted(query['of'])}")
    if state.view == "changes" and state.row and not row_color(served, complete(served, state)):
        found.append(f"{state.what.removesuffix('s')} {quoted(state.row)}")
    if state.view == "relations" and state.node:
        stage, _, domain = state.node.partition(":")
        stages, domains = served.atlas.stages, served.stages.groups.domains
        if whole(stage, len(stages) - 1) is None or domain not in domains:
            names = [f"{at}:{name}" for at in range(len(stages)) for name in domains]
            found.append(f"domain {quoted(state.node)} (it has {some_of(names)})")
    if state.view == "film":
        n = len(served.atlas.slices)
        found += [
            f"slice number {each} (it has 0 to {n - 1})"
            for each in state.chosen_slices
            if each >= n
        ]
    return found
