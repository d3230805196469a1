"""Python of each view of the Stages page."""

from __future__ import annotations

from atlas_app.atlases.data import ServedAtlas
from atlas_app.figure_python.abundance import abundance_python
from atlas_app.figure_python.changes import changes_python
from atlas_app.figure_python.connectivity import connectivity_python
from atlas_app.figure_python.courses import course_python
from atlas_app.figure_python.film import film_python
from atlas_app.figure_python.markers import markers_python
from atlas_app.figure_python.relations import relations_python
from atlas_app.figure_python.script import joined, opening
from atlas_app.http.links import search
from atlas_app.pages.stages.changes import row_color
from atlas_app.pages.stages.controls import complete
from atlas_app.pages.stages.film import film_color
from atlas_app.stages.abundance import measure_abundance
from atlas_app.stages.connectivity import connectivity_rows
from atlas_app.stages.courses import trace_course
from atlas_app.stages.film import film_of
from atlas_app.stages.markers import marker_rows
from atlas_app.stages.relations import relate_domains
from atlas_app.stages.state import StageView


def stages_python(served: ServedAtlas, state: StageView, host: str) -> str:
    """The script of the view that `state` shows.

    `host` is the address of the server, for scores of gene sets. Raises ApiError (400, 404, 409)
    where the view shows a fault as well.
    """
    atlas, groups, now = served.atlas, served.stages.groups, complete(served, state)
    if now.view == "abundance":
        return abundance_python(atlas, measure_abundance(atlas, groups, now.parts, now.within))
    if now.view == "changes":
        found = served.stages.changes(now.a, now.b, now.within, now.what)
        return changes_python(atlas, found, served.factor_labels, row_color(served, now))
    if now.view == "markers":
        marker_rows(atlas, now.within)
        return markers_python(atlas, now.within)
    if now.view == "relations":
        graph = relate_domains(atlas, groups)
        if graph is None:
            connectivity_rows(atlas)
            return joined(opening(atlas, []), connectivity_python(atlas))
        script = relations_python(atlas, now.least, graph.node(now.node))
        return joined(script, connectivity_python(atlas))
    if now.view == "film":
        _, color, lit, _ = film_color(served, now.of)
        scores = ""
        if color.startswith("set:"):
            scores = f"{host}{served.base}/scores.csv{search({'of': color.partition(':')[2]})}"
        return film_python(atlas, film_of(atlas, now.chosen_slices), color, lit, scores)
    return course_python(atlas, trace_course(atlas, groups, now.of, now.within))
