"""Settings that the paper's form has of its own (Zhao et al., Nat Genet 58, 1138, 2026)."""

from __future__ import annotations

from typing import Any

PAPER_SETTINGS: dict[str, dict[str, Any]] = {
    "graph": {"neighbours": 6.0},
    "model": {"n_hidden": 512, "n_latent": 32, "n_critic": 512, "n_slice_embedding": 4},
    "loss": {"poisson": 1.0, "feature": 1.0, "geometry": 0.02, "usage": 1.0, "adversarial": 1.0},
    "train": {
        "steps": 10_000,
        # Of each slice.
        "batch": 2048,
        "learning_rate": 5e-4,
        "critic_rate": 5e-4,
        "weight_decay": 1e-4,
        "margin": 5.0,
        "warmup": 100,
    },
}
"""By section; with `model.paper` they stand in for the defaults wherever nothing else is set."""
