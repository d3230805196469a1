"""What a fit leaves: the model, what it was fitted on, and what it says of the spots."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from training.downstream.division import Division
from training.inputs.encoding import Encoding
from training.preparation.reference import Prepared
from training.start.choosing import Choice

if TYPE_CHECKING:
    import torch

    from training.inputs.features import Features
    from training.network.model import Networks


class Fitted:
    """A fitted model with the latent (n, d), proportions (n, K) and loadings (K, G) it gives.

    `start` holds the loadings (K, G) that compositions refer to: the blunt ones of the start, or
    the fitted ones where it began without. `encoding` and `reason` say which encoder was
    fitted and why. `factor_stability` (K,) is how alike the factors of the start were over random
    halves of the spots, NaN where unknown; `choice` how their number was chosen, if it was.
    `sketch` (m,) are the spots on which domains and UMAP were found, in small collections all.
    """

    def __init__(
        self,
        model: Networks,
        prepared: Prepared,
        features: Features,
        latent: NDArray[np.float32],
        proportions: NDArray[np.float32],
        start: NDArray[np.float32] | None,
        losses: dict[str, float],
        device: torch.device,
        encoding: Encoding,
        reason: str,
    ) -> None:
        self.encoding, self.reason = encoding, reason
        self.model, self.prepared, self.features = model, prepared, features
        self.loadings = model.factors.loadings().detach().cpu().numpy()
        self.start = self.loadings if start is None else start
        self.effects = model.factors.slice_effects().detach().cpu().numpy()
        self.latent, self.proportions = latent, proportions
        self.losses, self.device = losses, device
        self.factor_stability: NDArray[np.float64] = np.full(len(self.loadings), np.nan)
        self.choice: Choice | None = None
        self.part: Any = None
        self.sketch: NDArray[np.int64] = np.arange(len(latent))
        self.division = Division([], 0.0, [])
        self.alignment: list[dict[str, Any]] = []
