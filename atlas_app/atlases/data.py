"""The atlases of one app: opened once, found by id, watched for health."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from atlas_app.atlases.description import describe_atlas
from atlas_app.explore.gene_card import GeneCards
from atlas_app.factors.enrichment import ALLOWANCE, OWN, Enrichments
from atlas_app.factors.facts import FactorFacts
from atlas_app.genesets.scorer import SetScorer
from atlas_app.http.byte_cache import ByteCache
from atlas_app.http.errors import ApiError, closest
from atlas_app.http.sent_texts import SentTexts
from atlas_app.selection.addresses import KeptSelections
from atlas_app.selection.kept import SelectionData
from atlas_app.settings import Settings
from atlas_app.stages.kept import StageData
from training.store import Atlas, Estimates, StoreUnreachable, open_atlas
from training.store.places.location import Location

LOG = logging.getLogger("atlas_app")
# Seconds within which storage must answer to be called healthy; who asks waits little longer.
HEALTHY_SECONDS = 3.0


@dataclass(frozen=True)
class ServedAtlas:
    """An opened atlas under the id and the address it is served by."""

    id: str
    base: str
    atlas: Atlas

    def file_name(self, what: str) -> str:
        """The name of a saved figure, without its ending."""
        return f"{self.id}-{what}-{self.atlas.digest[:8]}"

    @cached_property
    def description(self) -> dict[str, Any]:
        """The JSON description; see `description.describe_atlas`."""
        told = describe_atlas(self.atlas, atlas_id=self.id, base=self.base)
        return told | {"estimates": self.estimates.available}

    @cached_property
    def stages(self) -> StageData:
        """What pages and routes about stages share."""
        return StageData(self.atlas)

    @cached_property
    def scorer(self) -> SetScorer:
        """What scores gene sets, and keeps what all of them need."""
        return SetScorer(self.atlas, lambda: self.stages.groups.counts_in(None))

    @cached_property
    def cards(self) -> GeneCards:
        """What is known of single genes."""
        return GeneCards(self.atlas, self.stages)

    @cached_property
    def selections(self) -> SelectionData:
        """Comparisons of selections."""
        return SelectionData(self.atlas)

    @cached_property
    def facts(self) -> FactorFacts:
        """How factors relate to each other and to domains."""
        return FactorFacts(self.atlas, self.stages)

    @cached_property
    def enrichments(self) -> Enrichments:
        """Gene sets of readers, tested against the factors."""
        return Enrichments(self.atlas)

    @cached_property
    def estimates(self) -> Estimates:
        """What the factors alone say of genes."""
        return Estimates(self.atlas)

    @cached_property
    def factor_labels(self) -> list[str]:
        """'Factor 3 · GENE GENE' of every factor."""
        return [f"Factor {k} · {name}" for k, name in enumerate(self.atlas.factor_names)]

    @cached_property
    def places(self) -> dict[str, int]:
        """Rows of genes by their names."""
        return {gene: place for place, gene in enumerate(self.atlas.genes)}


class Atlases:
    """The served atlases in the order of the settings, their cache of encoded bytes, and the texts
    and selections that readers sent.

    Raises StoreError for a store that does not open.
    """

    def __init__(self, settings: Settings) -> None:
        self.cache = ByteCache(settings.cache_bytes)
        self.texts = SentTexts(settings.job_folder / "gene-sets", "gene sets", ALLOWANCE)
        self.selections = KeptSelections(
            settings.job_folder / "selections", settings.selection_days
        )
        self._by_id: dict[str, ServedAtlas] = {}
        for path in settings.stores:
            atlas = open_atlas(path, anonymous=settings.anonymous or None)
            name = atlas.id
            number = 2
            while name in self._by_id:
                name = f"{atlas.id}-{number}"
                number += 1
            base = f"{settings.prefix}/api/v1/atlases/{name}"
            self._by_id[name] = ServedAtlas(id=name, base=base, atlas=atlas)

    def __iter__(self) -> Any:
        return iter(self._by_id.values())

    def __len__(self) -> int:
        return len(self._by_id)

    @property
    def first(self) -> ServedAtlas | None:
        return next(iter(self._by_id.values()), None)

    def find(self, atlas_id: str | None) -> ServedAtlas | None:
        """The atlas of that id; the first one for None or ''; None when there is none."""
        return self._by_id.get(atlas_id) if atlas_id else self.first

    def get(self, atlas_id: str) -> ServedAtlas:
        """The atlas of that id; a 404 ApiError otherwise."""
        served = self._by_id.get(atlas_id)
        if served is None:
            raise ApiError(
                404,
                "No such atlas.",
                found=atlas_id,
                expected="the id of a served atlas",
                examples=closest(atlas_id, self._by_id),
            )
        return served

    def gene_sets(self, served: ServedAtlas, key: str) -> str | None:
        """The text of gene sets by their key, None where it is not kept; '' of the builder's own,
        which need none."""
        if key == OWN:
            return "" if served.atlas.gene_sets else None
        return self.texts.get(key)

    def faults(self) -> list[str]:
        """Why not every store can be served now; [] when all is well.

        Reads each store's root document again, so a store that was removed or replaced since it
        was opened is noticed.
        """
        if not self._by_id:
            return ["No store was given."]
        found: list[str] = []
        for served in self:
            try:
                digest = stored_digest(served.atlas.location)
            except StoreUnreachable as error:
                # Health is told without a password, and addresses are nobody's business.
                LOG.warning("%s", error)
                found.append(f"{served.id}: the store cannot be read now: {error.reason}.")
                continue
            except (OSError, ValueError, KeyError, TypeError) as error:
                found.append(f"{served.id}: the store cannot be read any more ({error}).")
                continue
            if digest != served.atlas.digest:
                found.append(
                    f"{served.id}: the store was replaced since it was opened (digest "
                    f"{digest[:12]}, was {served.atlas.digest[:12]}); restart the server."
                )
        return found


def stored_digest(location: Location) -> str:
    """The content digest that a store names in its root document now.

    Raises OSError, ValueError, KeyError or TypeError for one that is gone or damaged, and
    StoreUnreachable.
    """
    document = json.loads(location.read("zarr.json", patience=HEALTHY_SECONDS))
    return str(document["attributes"]["inspire_atlas"]["digest"])
