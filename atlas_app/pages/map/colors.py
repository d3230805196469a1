"""What a mapped section can be coloured by, and how that is called."""

from __future__ import annotations

from typing import Any

from atlas_app.results.expression import IMPUTED, PARTS
from atlas_app.results.imputation import read_trust
from atlas_app.results.mapped import PROBABILITY, ResultView
from training.store.mapped import CARRIED, COLUMNS

# How the columns that `project` writes are called on the page.
COLUMN_LABELS = {
    "domain": "Domain",
    "domain_confidence": "Confidence of the domain",
    "stage": "Stage",
    "stage_confidence": "Confidence of the stage",
    "out_of_reference": "Out of reference",
    "out_of_reference_score": "Out of reference, score",
}
GENES_OFFERED = 1000
FIRST_COLOR = "obs:domain"


def color_choices(view: ResultView) -> list[dict[str, Any]]:
    """Everything the result can be coloured by, in groups."""
    columns = view.description["obs"]
    named = {column["name"] for column in columns}
    carried = [name for name in named if name in view.carried]
    measured = set(view.measured_genes)
    expected = {row.gene: row.pearson for row in read_trust(view)}
    groups = [
        (
            "Mapped",
            [(f"obs:{name}", COLUMN_LABELS[name]) for name in COLUMNS if name in named],
        ),
        (
            "Imputed genes (predicted)",
            [
                (
                    f"{IMPUTED}:{gene}",
                    imputed_label(gene, expected.get(gene), gene in measured),
                )
                for gene in view.imputed_genes[:GENES_OFFERED]
            ],
        ),
        (
            "The atlas's annotations",
            [(f"obs:{name}", carried_label(name)) for name in sorted(carried)],
        ),
        (
            "Factors",
            [
                (f"factor:{factor['name']}", f"{factor['label']}: {', '.join(factor['genes'][:3])}")
                for factor in view.description["factors"]
            ],
        ),
        (
            "Your own columns",
            [
                (f"obs:{c['name']}", c["name"])
                for c in columns
                if c["name"] not in COLUMNS and c["name"] not in carried
            ],
        ),
    ]
    return [
        {"group": group, "items": [{"value": value, "label": label} for value, label in items]}
        for group, items in groups
        if items
    ]


def imputed_label(gene: str, expected: float | None, measured: bool = False) -> str:
    """A gene with the correlation to expect of it; without, where nothing is known of that."""
    told = ["imputed"]
    if expected is not None:
        told.append(f"expected r {expected:.2f}" if expected == expected else "not testable")
    if measured:
        told.append("measured too")
    return f"{gene} ({', '.join(told)})"


def carried_label(name: str) -> str:
    """An annotation that came from the atlas, as people call it; the query may have its own of
    that name."""
    word = name.removeprefix(CARRIED)
    if word.endswith(PROBABILITY):
        return f"{word.removesuffix(PROBABILITY)} from the atlas, probability"
    return f"{word} from the atlas"


def base_color(color: str) -> str:
    """A colour as the list of colours has it: of any value of an imputed gene, the gene."""
    kind, _, name = color.partition(":")
    return f"{IMPUTED}:{name}" if kind in PARTS else color
