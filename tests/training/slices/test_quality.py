"""Which spots are kept."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import sparse

from training.config import QualityConfig
from training.slices.quality import assess


@settings(max_examples=50, deadline=None)
@given(
    arrays.arrays(np.float32, (8, 5), elements=st.integers(0, 4).map(float)),
    st.integers(1, 12),
    st.integers(1, 5),
)
def test_each_spot_is_empty_low_or_kept(
    values: np.ndarray, min_counts: int, min_genes: int
) -> None:
    config = QualityConfig(min_counts=min_counts, min_genes=min_genes)
    judged = assess(sparse.csr_matrix(values), config)
    assert np.array_equal(judged.totals, values.sum(axis=1))
    assert np.array_equal(judged.empty, ~values.any(axis=1))
    fine = (values.sum(axis=1) >= min_counts) & ((values > 0).sum(axis=1) >= min_genes)
    assert np.array_equal(judged.kept, fine)
    assert (judged.empty.astype(int) + judged.low + judged.kept == 1).all()
