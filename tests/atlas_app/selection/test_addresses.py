"""Selections by content address: the same for all, bounded, and gone where it says so."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from atlas_app.http.errors import ApiError
from atlas_app.http.request_rate import RequestRate
from atlas_app.selection.addresses import KeptSelections
from atlas_app.selection.sides import find_spots
from training.store import Atlas

BASE = "/api/v1/atlases/test"
ONE = "spatial*20_20_120_20_120_80_20_80*1"
# As a hand draws it over several slices that were turned: more than a link holds.
LONG = "~".join([ONE, *(f"spatial*{k}_0_{k + 9}_0_{k + 9}_60*0*2_1_0.5_{k}" for k in range(120))])


def test_a_kept_selection_means_the_same_spots_in_every_route(client: Any) -> None:
    answer = client.post(f"{BASE}/selections", data=LONG)
    assert answer.status_code == 201
    address = answer.get_json()["address"]
    assert client.post(f"{BASE}/selections", data=LONG).get_json()["address"] == address
    assert client.get(answer.get_json()["url"]).get_json() == {
        "address": address,
        "selection": LONG,
    }
    short = client.post(f"{BASE}/selections", data=ONE).get_json()["address"]
    assert short != address
    sel = quote(short)
    for path in ("composition", "genes", "spots.csv"):
        by_address = client.get(f"{BASE}/selection/{path}?sel={sel}")
        assert by_address.status_code == 200
        assert by_address.data == client.get(f"{BASE}/selection/{path}?sel={ONE}").data
    both = client.get(f"{BASE}/selection/composition?sel={quote(address)}&against={sel}")
    assert both.get_json()["spots_a"] > 0


@pytest.mark.parametrize(
    "key", ["0" * 32, "../../../etc/passwd", "..%2f..%2fetc%2fpasswd", "x", "0" * 31 + "\n", ""]
)
def test_an_address_that_is_none_is_not_found(client: Any, key: str) -> None:
    assert client.get(f"{BASE}/selections/{quote(key)}").status_code == 404
    told = client.get(f"{BASE}/selection/spots.csv?sel=%40{quote(key, safe='')}")
    assert told.status_code == 404
    assert "not kept here any more" in told.get_json()["error"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"nothing", 400),
        (b"spatial*1_2_3_4_5_6*99", 400),
        ("spatial*1_2_3_4_5_6*0é".encode(), 400),
        (b"@" + b"0" * 32, 400),
        (b"1" * (256 * 1024 + 1), 413),
        (b"spatial*" + b"_".join([b"1.25"] * 40_000) + b"*0*1*2" * 6_000, 413),
    ],
)
def test_what_is_no_selection_is_refused(client: Any, body: bytes, status: int) -> None:
    assert client.post(f"{BASE}/selections", data=body).status_code == status


def test_a_selection_of_much_work_and_a_full_disk_are_refused(
    atlas: Atlas, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = KeptSelections(tmp_path / "kept", days=1)
    monkeypatch.setattr("atlas_app.selection.addresses.MOST_WORK", 33)
    with pytest.raises(ApiError, match="too many corners"):
        kept.put(atlas, ONE)
    # What was kept of a smaller atlas is refused where it is asked of a larger one.
    monkeypatch.setattr("atlas_app.selection.addresses.MOST_WORK", 10**9)
    address = KeptSelections(tmp_path / "before", days=1).put(atlas, ONE)
    turns = []

    @contextmanager
    def turn() -> Iterator[None]:
        turns.append(1)
        yield

    monkeypatch.setattr("atlas_app.selection.sides.LONG_WORK", 33)
    before = KeptSelections(tmp_path / "before", days=1)
    assert find_spots(atlas, address, kept=before, turn=turn).any()
    assert turns == [1]
    monkeypatch.setattr("atlas_app.selection.addresses.MOST_WORK", 33)
    for selection in (address, ONE):
        with pytest.raises(ApiError, match="too many corners"):
            find_spots(atlas, selection, kept=before)
    monkeypatch.setattr("atlas_app.selection.addresses.MOST_WORK", 10**9)
    (tmp_path / "kept").write_text("in the way")
    with pytest.raises(ApiError, match="cannot be kept"):
        kept.put(atlas, ONE)


def test_a_selection_that_nobody_opens_expires_and_one_in_use_does_not(
    atlas: Atlas, tmp_path: Path
) -> None:
    kept, other = (KeptSelections(tmp_path, days=2) for _ in range(2))
    first, second = kept.put(atlas, ONE), kept.put(atlas, LONG)
    # Another process has them too; what it reads counts as used.
    for address, days in ((first, 1.5), (second, 2.5)):
        then = time.time() - days * 86_400
        os.utime(tmp_path / address[1:], (then, then))
    assert other.text(first) == ONE
    assert (tmp_path / first[1:]).stat().st_mtime > time.time() - 60
    with pytest.raises(ApiError, match="not kept here any more"):
        other.text(second)
    # A process that has just begun looks at the folder at its first one.
    KeptSelections(tmp_path, days=2).put(atlas, ONE)
    assert [path.name for path in tmp_path.iterdir()] == [first[1:]]


def test_an_address_that_sends_too_often_waits(client_for: Callable[..., Any]) -> None:
    client = client_for()
    clock = [0.0]
    rate = RequestRate(2, 10, lambda: clock[0])
    assert [rate.take("a") for _ in range(3)] == [0, 0, 10]
    assert rate.take("b") == 0
    clock[0] = 9.5
    assert rate.take("a") == 1
    clock[0] = 10.0
    assert rate.take("a") == 0
    volume = RequestRate(10, 10, lambda: clock[0])
    assert [volume.take("a", size) for size in (6, 4, 1)] == [0, 0, 10]
    clock[0] = 14.0
    assert [volume.take("a", size) for size in (8, 5)] == [6, 6]
    clock[0] = 20.0
    assert volume.take("a", 10) == 0
    large = [client.post(f"{BASE}/selections", data=b"x" * 200_000) for _ in range(11)]
    assert [each.status_code for each in large] == [400] * 10 + [429]
    assert int(large[-1].headers["Retry-After"]) > 3_000
    assert "2,097,152 bytes" in large[-1].get_json()["found"]


def test_what_is_kept_already_is_not_weighed(client_for: Callable[..., Any]) -> None:
    client = client_for()
    sent = [client.post(f"{BASE}/selections", data=LONG).status_code for _ in range(3)]
    for _ in range(10):
        client.post(f"{BASE}/selections", data=b"x" * 200_000)
    assert client.post(f"{BASE}/selections", data=b"x" * 200_000).status_code == 429
    sent.append(client.post(f"{BASE}/selections", data=LONG).status_code)
    assert sent == [201] * 4


def test_an_address_that_sends_many_waits(client_for: Callable[..., Any]) -> None:
    client = client_for()
    answers = [client.post(f"{BASE}/selections", data=b"x").status_code for _ in range(121)]
    assert answers == [400] * 120 + [429]
