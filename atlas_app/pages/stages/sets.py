"""Gene sets on the Stages page: one of the builder's, chosen by its name, or a pasted list."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import html

from atlas_app.atlases.data import ServedAtlas
from atlas_app.genesets.address import GIVEN
from atlas_app.genesets.names import MOST_GENES
from atlas_app.stages.courses import split_genes

# A select cannot hold an empty value, and no set's value is without the sign.
PASTED = "*"
# A browser is busy with the options of a long list; what is typed narrows it.
OPTIONS_SHOWN = 60


def offered(served: ServedAtlas) -> list[dict[str, str]]:
    """The builder's sets that can be followed, as options of a select."""
    return [
        {"value": GIVEN + each.name, "label": f"{each.name} ({len(each.genes)})"}
        for each in served.atlas.gene_sets
        if len(each.genes) <= MOST_GENES
    ]


def chosen(subject: str) -> str:
    """What the select holds while `subject` is followed: a set's name in a link, or PASTED."""
    return subject if subject.startswith(GIVEN) else PASTED


def genes_text(served: ServedAtlas, subject: str) -> str:
    """Genes of the subject of a set as its field shows them; '' of a name that no set has."""
    if not subject.startswith(GIVEN):
        return ", ".join(subject.split(","))
    name = subject.removeprefix(GIVEN)
    found = next((each for each in served.atlas.gene_sets if each.name == name), None)
    return ", ".join(found.genes) if found else ""


def typed(served: ServedAtlas, subject: str, value: str) -> str:
    """The subject after its field was set to `value`: the same set while its genes are the same."""
    genes = split_genes(value)
    return subject if genes == split_genes(genes_text(served, subject)) else ",".join(genes)


def fields(select: Any, genes: Any) -> Any:
    """The fields of a set side by side; without a set to choose, that of its genes alone."""
    return html.Div([*([select] if select else []), genes], className="stages-sets")


def genes_field(identity: dict[str, str], value: str) -> Any:
    return html.Div(
        dmc.Textarea(
            id=identity,
            label="Genes of the set",
            value=value,
            debounce=700,
            autosize=True,
            minRows=1,
            maxRows=4,
            size="sm",
        ),
        className="stages-control wide",
    )
