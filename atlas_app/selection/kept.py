"""What is kept of comparisons between requests."""

from __future__ import annotations

import threading
from collections import OrderedDict

from atlas_app.http.turns import Turns
from atlas_app.selection.contrast import Contrast, compare_sides
from atlas_app.selection.sides import Sides
from training.store import Atlas

# Each some MB where an atlas has tens of thousands of genes.
MOST_CONTRASTS = 8


class SelectionData:
    """Comparisons of one atlas; may be shared by threads."""

    def __init__(self, atlas: Atlas) -> None:
        self.atlas = atlas
        self.turn = Turns("comparisons").turn
        self._reading = threading.Lock()
        self._kept: OrderedDict[tuple[str, str], Contrast] = OrderedDict()

    def contrast(self, sides: Sides, test: str) -> Contrast:
        """As `compare_sides`; the ones asked for last are kept. ApiError (503) as `Turns.turn`."""
        key = (sides.key, test)
        found = self._known(key)
        if found is None:
            with self.turn():
                # The one that was waited for may have been the same.
                found = self._known(key) or compare_sides(self.atlas, sides, test)
                with self._reading:
                    self._kept[key] = found
                    while len(self._kept) > MOST_CONTRASTS:
                        self._kept.popitem(last=False)
        return found

    def _known(self, key: tuple[str, str]) -> Contrast | None:
        with self._reading:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
            return found
