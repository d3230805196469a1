"""The stages of a mapped query: where its time lies, and a posterior for each domain."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from atlas_app.results.mapped import ResultView
from atlas_app.words.csv_cells import written
from atlas_app.words.readable import counted, in_line
from training.store.mapped import EARLIER, LATER, UNJUDGED, VERDICTS

HELD_OUT = (
    "Of domains of {size} spots in the atlas's own slices, placed by the other slices with these "
    "genes, {accuracy:.0%} were most probable at their true stage; what was promised and what came "
    "true were {calibration_error:.1%} apart ({n_domains:,} domains of {n_slices} slices)."
)
SIZES = {"many": "20 or more", "few": "fewer than 20"}
NOT_CALIBRATED = "not calibrated, a share of votes"


@dataclass(frozen=True)
class DomainStages:
    """A domain of a `section`, which is "" where there is one: its `spots`, whether they are `few`,
    whether its posterior is `calibrated`, its likeliest `stage`, and the posterior over the stages
    of the atlas in their order."""

    section: str
    domain: str
    spots: int
    few: bool
    calibrated: bool
    stage: str
    posterior: tuple[float, ...]


def stages_by_domain(view: ResultView) -> list[DomainStages]:
    """A row for each domain that has spots, in the order of the atlas; of several sections one
    after the other, without foreign ones; [] of results without."""
    several = view.report.get("sections")
    if not isinstance(several, dict):
        return _rows(view, "", view.report.get("stage_by_domain"))
    records = [each for _, each in sorted(several.items(), key=lambda item: int(item[0]))]
    return [
        row
        for each in records
        if each["verdict"] != VERDICTS[2]
        for row in _rows(view, str(each["section"]), each.get("stage_by_domain"))
    ]


def _rows(view: ResultView, section: str, told: Any) -> list[DomainStages]:
    if not isinstance(told, dict):
        return []
    stages = [stage.name for stage in view.atlas.stages]
    order = list(view.atlas.obs_columns["domain"].categories)
    place = {name: index for index, name in enumerate(order)}
    return [
        DomainStages(
            section,
            name,
            int(told[name]["n_spots"]),
            bool(told[name]["few"]),
            bool(told[name]["calibrated"]),
            str(told[name]["stage"]),
            tuple(float(told[name]["stage_posterior"].get(stage, 0.0)) for stage in stages),
        )
        for name in sorted(told, key=lambda name: (place.get(name, len(order)), name))
    ]


def held_out_text(report: dict[str, Any]) -> str:
    """What the probabilities by domain are worth; "" where nothing is calibrated."""
    told = report.get("stage_by_domain_held_out")
    if not isinstance(told, dict):
        return ""
    return " ".join(
        HELD_OUT.format(size=size, **told[kind]) for kind, size in SIZES.items() if kind in told
    )


def spots_text(row: DomainStages) -> str:
    """The number of a domain's spots, and what is to be known of what rests on them."""
    notes = [
        *(["few"] if row.few else []),
        *([] if row.calibrated else [NOT_CALIBRATED]),
    ]
    return ", ".join([f"{row.spots:,}", *notes])


def beyond_verdict(told: dict[str, Any]) -> str:
    """What a record of a time beyond the stages says, in short; "" for an empty one."""
    if not told:
        return ""
    verdict = str(told["verdict"])
    where = {
        EARLIER: "earlier than the first",
        LATER: "later than the last",
        UNJUDGED: "cannot be judged",
    }
    return where.get(verdict, "not for certain")


def beyond_text(report: dict[str, Any], unit: str) -> str:
    """Where the section's time lies on an axis that does not end at the stages, or why the atlas
    cannot tell; "" for results that do not say."""
    told = report.get("time_beyond")
    if not isinstance(told, dict):
        return ""
    if "reason" in told:
        return (
            "Whether it lies outside the covered stages cannot be judged: "
            f"{told['reason']}. The stages are the nearest ones that the atlas has."
        )
    head = {
        EARLIER: "Outside the covered stages: earlier than the first.",
        LATER: "Outside the covered stages: later than the last.",
    }.get(str(told["verdict"]), "Nothing says for certain that it lies outside the covered stages.")
    time, low, high = in_line(told["estimate"], told["low"], told["high"])
    return (
        f"{head} By how its votes fall off over stages it is at about {time}"
        f"{f' {unit}' if unit else ''}, between {low} and {high} at {told['coverage']:.0%}, judged "
        f"by {counted(int(told['n_slices']), 'slice')}, each without its stage."
    )


def stages_csv(view: ResultView) -> Iterator[str]:
    """Lines of CSV: the section where there are several, domain, spots, few, calibrated, stage and
    the probability of each stage."""
    rows = stages_by_domain(view)
    several = isinstance(view.report.get("sections"), dict)
    names = ("domain", "spots", "few", "calibrated", "stage")
    stages = [stage.name for stage in view.atlas.stages]
    yield written([[*(["section"] if several else []), *names, *stages]])
    yield written(
        [
            *([row.section] if several else []),
            *(getattr(row, name) for name in names),
            *row.posterior,
        ]
        for row in rows
    )
