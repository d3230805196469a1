"""The part of a result that says how the section's genes were found, and which are missing."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc

from atlas_app.components import parts
from atlas_app.results.summary import list_missing_genes, tell_genes_found


def genes_found(report: dict[str, Any]) -> list[Any]:
    """How genes were recognised, in a line, and the missing ones that factors load on most, which
    unfold; [] for results that do not say."""
    text, missing = tell_genes_found(report), list_missing_genes(report)
    found: list[Any] = [dmc.Text(text, size="sm", c="dimmed")] if text else []
    if missing:
        found.append(
            dmc.Accordion(
                dmc.AccordionItem(
                    [
                        dmc.AccordionControl("Missing genes that factors load on most"),
                        dmc.AccordionPanel(
                            parts.table(
                                ["Gene of the atlas", "Share of what factors load on"],
                                [list(row) for row in missing],
                            )
                        ),
                    ],
                    value="missing",
                ),
                variant="contained",
            )
        )
    return found
