"""Zip archives that mean harm, or merely too much."""

from __future__ import annotations

import gzip
import stat
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from training.slices.readers import archive as reader
from training.slices.readers.archive import Bounds, is_zip, unpack
from training.slices.readers.source import Unreadable

SMALL = Bounds(members=20, size=2_000_000, ratio=50, harmless=100_000)


def plain(archive: zipfile.ZipFile) -> None:
    archive.writestr("run/counts.csv", "a,b\n1,2\n")
    archive.writestr("run/image.tif", b"II*\0")
    archive.writestr("run/spots.tsv.gz", gzip.compress(b"a\tb\n"))
    archive.writestr("__MACOSX/run/._counts.csv", b"\0")
    archive.writestr("run/.hidden.csv", b"a,b\n")


def write(path: Path, fill: Callable[[zipfile.ZipFile], None]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        fill(archive)
    return path


def test_tables_and_matrices_are_unpacked_and_gzip_opened(tmp_path: Path) -> None:
    path = write(tmp_path / "a.zip", plain)
    assert is_zip(path)
    unpack(path, tmp_path / "out", "a.zip")
    found = sorted(p.relative_to(tmp_path / "out").as_posix() for p in tmp_path.rglob("out/**/*"))
    assert found == ["run", "run/counts.csv", "run/spots.tsv"]
    assert (tmp_path / "out/run/spots.tsv").read_bytes() == b"a\tb\n"


def named(*names: str) -> Callable[[zipfile.ZipFile], None]:
    def fill(archive: zipfile.ZipFile) -> None:
        for name in names:
            info = zipfile.ZipInfo("placeholder")
            info.filename = name
            archive.writestr(info, b"a,b\n")

    return fill


def link(archive: zipfile.ZipFile) -> None:
    info = zipfile.ZipInfo("counts.csv")
    info.create_system = 3
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    archive.writestr(info, "/etc/passwd")


def zeros(archive: zipfile.ZipFile) -> None:
    archive.writestr("counts.csv", bytes(1_500_000))


def zeros_within(archive: zipfile.ZipFile) -> None:
    archive.writestr("counts.csv.gz", gzip.compress(bytes(1_500_000)))


def much(archive: zipfile.ZipFile) -> None:
    for i in range(5):
        archive.writestr(
            zipfile.ZipInfo(f"{i}.csv"), i.to_bytes(4, "big") * 125_000, zipfile.ZIP_STORED
        )


def much_within(archive: zipfile.ZipFile) -> None:
    import random

    noise = random.Random(0).randbytes(1_200_000)
    for i in range(2):
        archive.writestr(f"{i}.csv.gz", gzip.compress(noise))


@pytest.mark.parametrize(
    ("fill", "found"),
    [
        (named("../counts.csv"), "lead out"),
        (named("a/../../counts.csv"), "lead out"),
        (named("/etc/counts.csv"), "lead out"),
        (named("C:/counts.csv"), "lead out"),
        (named("..\\counts.csv"), "lead out"),
        (named("run/counts.csv\0.png"), "lead out"),
        (link, "1 links"),
        (named("inner.zip"), "1 archives within"),
        (named("spatial.tar.gz", "a/b.TGZ"), "2 archives within"),
        (named("counts.csv.gz.gz"), "1 archives within"),
        (named("counts.csv", "counts.csv"), "one file when unpacked"),
        (named("counts.csv", "counts.csv.gz"), "one file when unpacked"),
        (named(*[f"{i}.csv" for i in range(30)]), "30 entries"),
        (zeros, "bytes or more in an archive"),
        (zeros_within, "bytes or more in an archive"),
        (much, "bytes or more in an archive"),
        (much_within, "bytes or more in an archive"),
    ],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_archives_that_could_do_harm_are_refused(
    tmp_path: Path, fill: Callable[[zipfile.ZipFile], None], found: str
) -> None:
    path = write(tmp_path / "a.zip", fill)
    outside = set(tmp_path.iterdir())
    with pytest.raises(Unreadable) as caught:
        unpack(path, tmp_path / "in" / "out", "a.zip", SMALL)
    assert found in caught.value.problem.found
    assert caught.value.problem.remedy
    assert set(tmp_path.iterdir()) - outside <= {tmp_path / "in"}
    written = sum(p.stat().st_size for p in (tmp_path / "in").rglob("*") if p.is_file())
    assert written <= SMALL.size


def test_an_archive_that_lies_about_its_sizes_is_stopped(tmp_path: Path) -> None:
    """Sizes in the directory say little; what comes out is counted all the same."""
    path = write(tmp_path / "a.zip", zeros)
    data = bytearray(path.read_bytes())
    size = (1_500_000).to_bytes(4, "little")
    while size in data:
        at = data.index(size)
        data[at : at + 4] = (100).to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises(Unreadable):
        unpack(path, tmp_path / "out", "a.zip", SMALL)
    assert sum(p.stat().st_size for p in (tmp_path / "out").rglob("*")) <= SMALL.size


def test_damage_and_passwords_are_told(tmp_path: Path) -> None:
    path = write(tmp_path / "a.zip", plain)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(Unreadable, match="cannot be read"):
        unpack(path, tmp_path / "cut", "a.zip")
    # The bit that says encrypted, in the head and the directory of the first entry.
    locked = bytearray(whole)
    locked[6] |= 1
    locked[whole.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(locked)
    with pytest.raises(Unreadable, match="1 encrypted entries"):
        unpack(path, tmp_path / "locked", "a.zip")


def test_what_is_not_unpacked_may_be_large(tmp_path: Path) -> None:
    def images(archive: zipfile.ZipFile) -> None:
        plain(archive)
        archive.writestr("run/image.png", bytes(1_500_000))

    unpack(write(tmp_path / "a.zip", images), tmp_path / "out", "a.zip", SMALL)
    assert not list((tmp_path / "out").rglob("*.png"))


def test_an_archive_that_the_disk_has_no_room_for_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "SPARE_DISK", 2**60)
    with pytest.raises(Unreadable, match="free on the disk"):
        unpack(write(tmp_path / "a.zip", plain), tmp_path / "out", "a.zip")


def test_the_limits_in_use_stop_a_large_bomb_in_bounded_time(tmp_path: Path) -> None:
    """600 MB of zeros in 600 kB."""

    def bomb(archive: zipfile.ZipFile) -> None:
        with archive.open("counts.csv", "w") as out:
            for _ in range(600):
                out.write(bytes(1_000_000))

    path = write(tmp_path / "a.zip", bomb)
    began = time.process_time()
    with pytest.raises(Unreadable, match="bytes or more in an archive"):
        unpack(path, tmp_path / "out", "a.zip")
    assert time.process_time() - began < 5
