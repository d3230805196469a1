"""The controls of the Stages page: what they offer, what they hold, what a choice means."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import dash_mantine_components as dmc
import numpy as np
from dash import html

from atlas_app.atlases.data import ServedAtlas
from atlas_app.components import ids
from atlas_app.components.tables import stage_usage
from atlas_app.pages.stages import sets as stages_sets
from atlas_app.stages.samples import SAMPLES
from atlas_app.stages.state import ALL, PARTS, SUBJECTS, WHAT, StageView

# A select cannot hold an empty value.
ANYWHERE = "*"
GENES_OFFERED = 20


def control_id(name: str) -> dict[str, str]:
    return {"type": ids.STAGES_CONTROL, "name": name}


def complete(served: ServedAtlas, state: StageView) -> StageView:
    """The state with what it leaves open filled in: a subject, two stages."""
    stages = served.atlas.stages
    of = state.of or default_subject(served, "gene")
    if of == f"domain:{ALL}" and state.view != "film":
        of = default_subject(served, "domain")
    marked = state.view == "markers" and not state.within
    return replace(
        state,
        of=of,
        within=served.stages.groups.domains[0] if marked else state.within,
        a=state.a or stages[0].name,
        b=state.b or stages[-1].name,
    )


def default_subject(served: ServedAtlas, kind: str) -> str:
    """What a reader sees first of a kind: of the factor whose use differs most between stages."""
    atlas = served.atlas
    usage = stage_usage(atlas)
    # Relative to its mean: a background of what all factors share is large everywhere.
    factor = int((usage.std(axis=0) / np.maximum(usage.mean(axis=0), 0.01)).argmax())
    genes = [gene.gene for gene in atlas.factor_genes(factor, n=5)]
    if kind == "gene":
        return f"gene:{genes[0]}"
    if kind == "genes":
        return "genes:" + ",".join(genes)
    if kind == "domain":
        return f"domain:{served.stages.groups.domains[0]}"
    return f"factor:{factor}"


def shape(state: StageView) -> str:
    """Which controls there are; another shape needs another panel."""
    kind = state.subject[0] or "gene"
    if state.view == "abundance":
        return f"abundance {state.parts}"
    return f"{state.view} {kind}" if state.view in ("course", "film") else state.view


def apply(served: ServedAtlas, state: StageView, values: dict[str, Any]) -> StageView:
    """The state after controls were set to `values`, by their names; None changes nothing."""
    now = complete(served, state)
    kind, subject = now.subject
    changed: dict[str, Any] = {}
    for name, value in values.items():
        if value is None:
            continue
        if name == "kind" and value != kind and value in SUBJECTS:
            every = value == "domain" and now.view == "film"
            changed["of"] = f"domain:{ALL}" if every else default_subject(served, value)
        elif name == "gene":
            # What is still being typed names no gene yet, and changes nothing.
            gene = served.atlas.resolve_gene(value.strip()) if kind == "gene" else None
            changed["of"] = f"gene:{gene}" if gene else now.of
        elif name == "subject":
            text = stages_sets.typed(served, subject, value) if kind == "genes" else value
            changed["of"] = f"{kind}:{text}" if text else now.of
        elif name == "given" and kind == "genes" and value != stages_sets.chosen(subject):
            pasted = value == stages_sets.PASTED
            changed["of"] = default_subject(served, "genes") if pasted else f"genes:{value}"
        elif name == "within":
            changed["within"] = "" if value == ANYWHERE else value
        elif name == "least":
            changed["least"] = float(value)
        elif name in ("parts", "a", "b", "what", "by"):
            changed[name] = value
    if changed.get("what", now.what) != now.what:
        changed["row"] = ""
    if all(getattr(now, name) == value for name, value in changed.items()):
        return state
    return replace(state, **changed)


def control_value(served: ServedAtlas, state: StageView, name: str) -> Any:
    """What the control of that name holds in a state."""
    now = complete(served, state)
    kind, subject = now.subject
    if name == "kind":
        return kind
    if name == "given":
        return stages_sets.chosen(subject)
    if name in ("subject", "gene"):
        return stages_sets.genes_text(served, subject) if kind == "genes" else subject
    if name == "within":
        return now.within or ANYWHERE
    return getattr(now, name)


def controls(served: ServedAtlas, state: StageView) -> Any:
    """The row of controls of a view."""
    if state.view == "course":
        kind = complete(served, state).subject[0]
        shown = [choice(served, state, "kind", "Follow", SUBJECTS), subject(served, state)]
        if kind != "domain":
            shown.append(within(served, state))
    elif state.view == "film":
        shown = [choice(served, state, "kind", "Show", SUBJECTS), subject(served, state)]
    elif state.view == "abundance":
        shown = [choice(served, state, "parts", "Share of", PARTS)]
        if state.parts == "factor":
            shown.append(within(served, state))
    elif state.view == "changes":
        names = [stage.name for stage in served.atlas.stages]
        shown = [
            select(served, state, "a", "From stage", names),
            select(served, state, "b", "To stage", names),
            within(served, state),
            choice(served, state, "what", "Compare", WHAT),
        ]
        if offers_specimens(served) or state.by != "slices":
            shown.append(choice(served, state, "by", "Replicates", SAMPLES))
    elif state.view == "markers":
        shown = [select(served, state, "within", "Domain", served.stages.groups.domains)]
    else:
        shown = [least(served, state)]
    return html.Div(shown, className="stages-controls")


def offers_specimens(served: ServedAtlas) -> bool:
    """Whether some slices of a stage are known to be of one specimen."""
    return served.stages.samples("specimens").pooled


def choice(
    served: ServedAtlas, state: StageView, name: str, label: str, options: dict[str, str]
) -> Any:
    """A few options side by side."""
    return html.Div(
        [
            dmc.Text(label, size="sm", fw=500, id=f"stages-label-{name}"),
            dmc.SegmentedControl(
                id=control_id(name),
                data=[{"value": value, "label": text} for value, text in options.items()],
                value=control_value(served, state, name),
                size="sm",
                **{"aria-labelledby": f"stages-label-{name}"},
            ),
        ],
        className="stages-control",
    )


def select(
    served: ServedAtlas,
    state: StageView,
    name: str,
    label: str,
    options: list[Any],
    **properties: Any,
) -> Any:
    """One of many options. A name in the address that is none of them is shown as it is."""
    value = control_value(served, state, name)
    known = {option["value"] if isinstance(option, dict) else option for option in options}
    return html.Div(
        dmc.Select(
            id=control_id(name),
            label=label,
            data=[*options, *([value] if value not in known else [])],
            value=value,
            allowDeselect=False,
            searchable=True,
            size="sm",
            **properties,
        ),
        className="stages-control",
    )


def within(served: ServedAtlas, state: StageView) -> Any:
    options = [{"value": ANYWHERE, "label": "All spots"}]
    options += [{"value": name, "label": name} for name in served.stages.groups.domains]
    return select(served, state, "within", "Within domain", options)


def subject(served: ServedAtlas, state: StageView) -> Any:
    """The field for what is followed, by its kind."""
    kind, name = complete(served, state).subject
    if kind == "genes":
        given = stages_sets.offered(served)
        sets = [{"value": stages_sets.PASTED, "label": "Pasted genes"}, *given]
        limit = stages_sets.OPTIONS_SHOWN
        return stages_sets.fields(
            select(served, state, "given", "Gene set", sets, limit=limit) if given else None,
            stages_sets.genes_field(control_id("subject"), control_value(served, state, "subject")),
        )
    if kind == "gene":
        return html.Div(
            dmc.Autocomplete(
                id=control_id("gene"),
                label="Gene",
                placeholder="Symbol or Ensembl id",
                data=gene_names(served, name),
                value=name,
                debounce=250,
                size="sm",
                # The server has searched already, by more than the name.
                filter={"function": "keepAll"},
            ),
            className="stages-control",
        )
    if kind == "domain":
        options: list[Any] = list(served.stages.groups.domains)
        if state.view == "film":
            options.insert(0, {"value": ALL, "label": "All domains"})
        return select(served, state, "subject", "Domain", options)
    labels = [{"value": str(k), "label": text} for k, text in enumerate(served.factor_labels)]
    return select(served, state, "subject", "Factor", labels)


def gene_names(served: ServedAtlas, text: str) -> list[str]:
    """Genes that are offered for a text."""
    return [hit.name for hit in served.atlas.find_genes(text.strip(), limit=GENES_OFFERED)]


def least(served: ServedAtlas, state: StageView) -> Any:
    return html.Div(
        [
            dmc.Text("Least similarity drawn", size="sm", fw=500),
            dmc.Slider(
                id=control_id("least"),
                value=control_value(served, state, "least"),
                min=0,
                max=0.95,
                step=0.05,
                updatemode="mouseup",
                marks=[{"value": v, "label": f"{v:g}"} for v in (0, 0.25, 0.5, 0.75)],
                **{"thumbLabel": "Least similarity drawn"},
            ),
        ],
        className="stages-control slider",
    )
