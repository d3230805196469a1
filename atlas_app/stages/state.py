"""What the Stages page shows, as its address says it: the state of a view and back.

Anything that cannot be read counts as not given, so an old link still opens; names are checked
against the atlas where they are used, which says what is wrong.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields

from atlas_app.stages.samples import SAMPLES

VIEWS = {
    "course": "Course",
    "abundance": "Abundance",
    "changes": "What changes",
    "markers": "What marks domains",
    "relations": "Similar domains",
    "film": "Animation",
}
SUBJECTS = {"gene": "Gene", "genes": "Gene set", "factor": "Factor", "domain": "Domain"}
PARTS = {"domain": "Domains", "factor": "Factors"}
WHAT = {"genes": "Genes", "factors": "Factors"}
LEAST = 0.5
# A domain's name that stands for all of them, where all can be shown at once.
ALL = "*"


@dataclass(frozen=True)
class StageView:
    """One view. The defaults are what an address without parameters shows."""

    view: str = "course"
    of: str = ""
    """'gene:NAME', 'genes:A,B,…', 'genes:@SET', 'factor:K' or 'domain:NAME'; '' is the first choice
    of the atlas."""
    within: str = ""
    """A domain's name; '' is all spots, and of markers the first domain."""
    parts: str = "domain"
    """What the abundance is of."""
    a: str = ""
    b: str = ""
    """Stages that are compared; '' is the first and the last."""
    what: str = "genes"
    """What is compared."""
    by: str = "slices"
    """What counts as one sample of the comparison."""
    row: str = ""
    """The gene or factor whose maps are shown."""
    least: float = LEAST
    """Similarities below it are not drawn, 0 to 1."""
    node: str = ""
    """A domain at a stage whose relations stand out: 'POSITION OF THE STAGE:DOMAIN'."""

    t: float | None = None
    """Where the animation stands, on the axis of stages; None is its beginning."""
    slices: str = ""
    """Numbers of the slices that stand for their stages in the animation, 'N_N'; '' is the
    largest of each stage."""

    @property
    def chosen_slices(self) -> list[int]:
        return [int(part) for part in self.slices.split("_") if part]

    @property
    def subject(self) -> tuple[str, str]:
        """Kind and name of what the course is of, ('', '') where none is given."""
        kind, _, name = self.of.partition(":")
        return kind, name


_CHOICES = {
    "view": tuple(VIEWS),
    "parts": tuple(PARTS),
    "what": tuple(WHAT),
    "by": tuple(SAMPLES),
}


def read_view(query: Mapping[str, str]) -> StageView:
    """The view that the parameters of an address name."""
    given: dict[str, str | float] = {}
    for field in fields(StageView):
        text = query.get(field.name, "")
        if not text or (field.name in _CHOICES and text not in _CHOICES[field.name]):
            continue
        if field.name in ("least", "t"):
            number = _number(text)
            if number is not None and (field.name == "t" or 0 <= number <= 1):
                given[field.name] = number
        elif field.name == "slices":
            given["slices"] = "_".join(part for part in text.split("_") if _is_number(part))
        elif field.name != "of" or _is_subject(text):
            given[field.name] = text
    return StageView(**given)  # type: ignore[arg-type]


def write_view(state: StageView) -> dict[str, str]:
    """Parameters of the address of a view, without those at their default."""
    default = StageView()
    return {
        field.name: f"{value:g}" if isinstance(value, float) else str(value)
        for field in fields(StageView)
        if (value := getattr(state, field.name)) != getattr(default, field.name)
    }


def _is_subject(text: str) -> bool:
    kind, colon, _ = text.partition(":")
    return bool(colon) and kind in SUBJECTS


def _is_number(part: str) -> bool:
    return part.isascii() and part.isdigit() and len(part) < 7


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
