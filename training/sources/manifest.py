"""Data manifests: what exists, where, under which licence, with which checksum."""

from __future__ import annotations

import difflib
import re
import tomllib
from pathlib import Path, PurePosixPath
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from training.errors import DataError, Problem
from training.paths import manifest_folder

RAW_HOST = "https://raw.githubusercontent.com"
_PINNED = re.compile(
    rf"^{re.escape(RAW_HOST)}/(?P<owner>[\w.-]+)/(?P<repo>[\w.-]+)/(?P<commit>[0-9a-f]{{40}})/"
    r"(?P<path>[^?#\\]+)$"
)
# A stem, not a path: slices are written under this name.
PlainName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._+-]*$")]


class Entry(BaseModel):
    """Part of a manifest; unknown names are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SourceFile(Entry):
    """One file of a data set at a pinned commit."""

    url: str
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    bytes: int = Field(ge=0)

    @field_validator("url")
    @classmethod
    def _is_pinned(cls, url: str) -> str:
        match = _PINNED.match(url)
        if match is None:
            raise ValueError(f"expected {RAW_HOST}/OWNER/REPO/COMMIT/PATH with a full commit")
        segments = url.removeprefix(f"{RAW_HOST}/").split("/")
        if any(part in ("", ".", "..") or "\0" in part for part in segments):
            raise ValueError("the path leaves its folder")
        return url

    @property
    def path(self) -> PurePosixPath:
        """OWNER/REPO/COMMIT/PATH: where the file lies under a download or mirror folder."""
        return PurePosixPath(self.url.removeprefix(f"{RAW_HOST}/"))


class Stage(Entry):
    """A stage and its numeric time, if it has one."""

    name: str = Field(min_length=1)
    time: float | None = None


class SliceEntry(Entry):
    """One slice the converter writes."""

    name: PlainName
    file: PlainName
    stage: str
    donor: str
    section: int


class Dataset(Entry):
    """One data set: its description, stage table, slices and files."""

    name: PlainName
    title: str
    summary: str
    organism: str
    assay: str
    coordinate_unit: str
    time_unit: str
    licence: str
    citation: str
    converter: str
    stages: tuple[Stage, ...] = Field(min_length=1)
    slices: tuple[SliceEntry, ...] = Field(min_length=1)
    files: tuple[SourceFile, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_agree(self) -> Dataset:
        stages = {stage.name for stage in self.stages}
        for entry in self.slices:
            if entry.stage not in stages:
                raise ValueError(f"slice {entry.name}: stage {entry.stage!r} is not in stages")
        for what, names in (
            ("slice", [entry.name for entry in self.slices]),
            ("slice file", [entry.file for entry in self.slices]),
            ("file", [str(file.path) for file in self.files]),
        ):
            if len(set(names)) < len(names):
                raise ValueError(f"a {what} is listed twice")
        return self

    @property
    def total_bytes(self) -> int:
        """Size of all files."""
        return sum(file.bytes for file in self.files)

    def find(self, ending: str) -> SourceFile | None:
        """The file whose path ends with `ending`, None when there is none."""
        return next((file for file in self.files if str(file.path).endswith(ending)), None)


def read_manifest(path: Path) -> Dataset:
    """Read and check one manifest.

    Raises:
        DataError: with every fault of the file.
    """
    try:
        tree = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DataError(
            [Problem(str(path), f"a manifest that cannot be read ({error})", "a TOML file")]
        ) from error
    try:
        return Dataset.model_validate(tree)
    except ValidationError as error:
        raise DataError(
            [
                Problem(
                    f"{path}: " + ".".join(map(str, fault["loc"])),
                    repr(fault["input"])[:120] if fault["loc"] else "entries that do not agree",
                    fault["msg"],
                )
                for fault in error.errors()
            ]
        ) from error


def list_datasets(folder: Path | None = None) -> list[Dataset]:
    """All data sets of a folder of manifests (default: those that come with the project)."""
    return [read_manifest(path) for path in sorted((folder or manifest_folder()).glob("*.toml"))]


def find_dataset(name: str, folder: Path | None = None) -> Dataset:
    """The data set of this name, or of the manifest file at this path.

    Raises:
        DataError: when there is none, with the nearest names.
    """
    if name.endswith(".toml"):
        return read_manifest(Path(name))
    paths = {path.stem: path for path in sorted((folder or manifest_folder()).glob("*.toml"))}
    if name in paths:
        return read_manifest(paths[name])
    near = difflib.get_close_matches(name, paths, n=3, cutoff=0.4)
    raise DataError(
        [
            Problem(
                f"data set '{name}'",
                "no such name",
                "one of the data sets listed, or the path of a manifest (.toml)",
                near or list(paths),
                "see all of them with: atlas data list",
            )
        ]
    )
