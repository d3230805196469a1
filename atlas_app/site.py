"""What the pages and their callbacks are given: settings, atlases, queries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from atlas_app.atlases.data import Atlases, ServedAtlas
from atlas_app.http.links import href
from atlas_app.jobs.queries import Queries
from atlas_app.settings import Settings


@dataclass(frozen=True)
class Site:
    """One app's parts."""

    settings: Settings
    atlases: Atlases
    queries: Queries

    @property
    def title(self) -> str:
        first = self.atlases.first
        return self.settings.title or (first.description["title"] if first else "inspire-atlas")

    def atlas(self, query: Mapping[str, str]) -> ServedAtlas | None:
        """The atlas that a query string names, the first where it names none."""
        return self.atlases.find(query.get("atlas"))

    def href(self, page: str, served: ServedAtlas | None = None, **parameters: Any) -> str:
        """The address of a page; the first atlas is left unnamed in it."""
        other = served is not None and served is not self.atlases.first
        atlas = {"atlas": served.id} if other and served is not None else {}
        return href(self.settings.prefix, page, **atlas, **parameters)
