"""Tensors of arrays: copies, aligned alike wherever the array lay."""

from __future__ import annotations

import os

import numpy as np
import pytest
import torch

from training.processes.tensors import repeatable, to_tensor


@pytest.mark.parametrize("offset", [0, 1, 3, 5])
def test_memory_is_aligned_wherever_the_array_lay(offset: int) -> None:
    whole = np.arange(1000, dtype=np.float32)
    part = whole[offset : offset + 900]
    tensor = to_tensor(part)
    assert tensor.data_ptr() % 64 == 0
    np.testing.assert_array_equal(tensor.numpy(), part)
    part[0] = -1
    assert tensor[0] == offset


def test_kinds_are_kept() -> None:
    assert to_tensor(np.zeros(3, dtype=np.int64)).dtype == torch.int64
    assert to_tensor(np.zeros((2, 3), dtype=np.float32)).shape == (2, 3)


def test_a_gpu_repeats_where_it_is_asked_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only modes are set: no GPU is needed to set them."""
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG", raising=False)
    gpu = torch.device("cuda")
    with repeatable(gpu):
        assert not torch.are_deterministic_algorithms_enabled()
        assert "CUBLAS_WORKSPACE_CONFIG" not in os.environ
    with repeatable(gpu, asked=True):
        assert torch.are_deterministic_algorithms_enabled()
        assert torch.is_deterministic_algorithms_warn_only_enabled()
        assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"
    assert not torch.are_deterministic_algorithms_enabled()
    assert not torch.is_deterministic_algorithms_warn_only_enabled()


def test_the_mode_of_others_comes_back() -> None:
    def fail() -> None:
        with repeatable(torch.device("cpu")):
            assert torch.are_deterministic_algorithms_enabled()
            raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        fail()
    assert not torch.are_deterministic_algorithms_enabled()
