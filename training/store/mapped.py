"""Names and words in the file of a mapped query, which mapping writes and the app reads."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

COLUMNS = (
    "domain",
    "domain_confidence",
    "stage",
    "stage_confidence",
    "out_of_reference",
    "out_of_reference_score",
)
CARRIED = "mapped_"
"""Before the names of annotations that come from the atlas."""
ASIDE = "query_"
"""Before the name of a query's column that a column of the result has as well."""
SLICE = "slice"
VERDICTS = (
    "of the atlas's tissue",
    "holds tissue that the atlas lacks",
    "not of the atlas's tissue",
)
"""Of a section: the first, or one that takes a share of its spots out of reference."""
EARLIER, LATER = "earlier", "later"
UNJUDGED = "cannot be judged"
"""Of a section's time beyond the stages of the atlas."""


def find_sections(about: Mapping[str, Any], columns: Collection[str]) -> str:
    """The column of a result that tells its sections apart; "" where there is none.

    Never one that mapping wrote. Results that do not say (`section_obs`) are read by the rule that
    they were written by.

    Args:
        about: uns['projection']; columns: of obs.
    """
    if "section_obs" in about:
        name = str(about["section_obs"])
    elif "section_column" in about:
        told = str(about["section_column"])
        aside = (told in COLUMNS or told.startswith(CARRIED)) and ASIDE + told in columns
        name = ASIDE + told if aside else told
    else:
        name = SLICE if SLICE in columns else ASIDE + SLICE
    return name if name in columns and name not in COLUMNS else ""
