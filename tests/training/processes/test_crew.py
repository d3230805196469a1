"""Who is in a crew, by the variables that torchrun sets; and what ends without one."""

from __future__ import annotations

import pytest

from training.errors import AtlasError
from training.processes.crew import PLACE, open_crew


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PLACE:
        monkeypatch.delenv(name, raising=False)


def test_a_process_that_torchrun_has_not_started_is_alone() -> None:
    with open_crew("cpu") as crew:
        assert crew is None


def test_one_process_of_one_is_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in zip(PLACE, ("0", "1", "0", "127.0.0.1", "29500"), strict=True):
        monkeypatch.setenv(name, value)
    with open_crew("cpu") as crew:
        assert crew is None


def test_a_place_half_told_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "0")
    monkeypatch.setenv("WORLD_SIZE", "2")
    expected = "LOCAL_RANK, MASTER_ADDR, MASTER_PORT are not set: start them with torchrun"
    with pytest.raises(AtlasError, match=expected), open_crew("cpu"):
        pass


def test_errors_of_a_process_alone_pass_through() -> None:
    with pytest.raises(AtlasError, match=r"^as it is$"), open_crew("cpu"):
        raise AtlasError("as it is")
