"""What an interrupted fit leaves behind, and how it goes on."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import torch

from training.errors import AtlasError
from training.writing import NOTHING_YET, replace_file, writing

LOG = "the log of losses"


class Workspace:
    """Folder `STORE.fit` beside a store in the making: start, checkpoint, losses.

    Files are written under a temporary name and renamed, so that a kill or a full disk leaves the
    last complete one. Losses of steps after the checkpoint are cut off when a fit goes on. Where a
    file cannot be written, every method raises an AtlasError that names it.
    """

    def __init__(self, out: Path) -> None:
        self.folder = out.with_name(out.name + ".fit")
        self.note = self.folder / "identity.json"
        stem = out.name.removesuffix(".zarr").removesuffix(".atlas")
        self.log = out.with_name(f"{stem}.losses.jsonl")
        self._losses: list[str] = []

    def begin(self, identity: dict[str, Any], resume: bool) -> bool:
        """Open the folder for the fit that `identity` names; True where an earlier one goes on.

        Raises:
            AtlasError: if an interrupted fit of other slices or settings would be continued.
        """
        if resume and self.note.exists():
            earlier = json.loads(self.note.read_text(encoding="utf-8"))
            changed = [key for key in identity if earlier.get(key) != identity[key]]
            if changed:
                raise AtlasError(
                    f"cannot resume: {', '.join(changed)} differ from those of the interrupted fit "
                    f"in {self.folder}. Use the same slices and settings, or start again without "
                    "--resume, or remove that folder."
                )
            return True
        with writing("the folder of the fit", self.folder, NOTHING_YET):
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder.mkdir(parents=True)
            self.log.unlink(missing_ok=True)
        content = json.dumps(identity, indent=1).encode()
        replace_file(self.note, content, "the note of the fit", NOTHING_YET)
        return False

    def load_start(self) -> dict[str, np.ndarray] | None:
        path = self.folder / "start.npz"
        if not path.exists():
            return None
        with np.load(path, allow_pickle=False) as stored:
            return dict(stored)

    def save_start(self, **arrays: np.ndarray) -> None:
        buffer = io.BytesIO()
        np.savez(buffer, **arrays)  # type: ignore[arg-type]
        replace_file(self.folder / "start.npz", buffer.getvalue(), "the start of the fit")

    def load(self) -> dict[str, Any] | None:
        """The last checkpoint, or None; the log is cut back to it."""
        path = self.folder / "checkpoint.pt"
        if not path.exists():
            self.log.unlink(missing_ok=True)
            return None
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        state["sampler"] = json.loads(state["sampler"])
        kept = []
        if self.log.exists():
            lines = self.log.read_text(encoding="utf-8").splitlines()
            kept = [line for line in lines[: state["step"]] if line]
        replace_file(self.log, "".join(line + "\n" for line in kept).encode(), LOG)
        return state

    def save(self, state: dict[str, Any]) -> None:
        """Write a checkpoint, the losses up to it first."""
        self.flush()
        # Not to the file at once: torch tells a full disk as an error of its own, causeless.
        buffer = io.BytesIO()
        torch.save({**state, "sampler": json.dumps(state["sampler"])}, buffer)
        replace_file(self.folder / "checkpoint.pt", buffer.getvalue(), "the checkpoint")

    def record(self, step: int, losses: dict[str, float]) -> None:
        """Log the named losses of one step."""
        self._losses.append(json.dumps({"step": step, **losses}))
        if len(self._losses) >= 100:
            self.flush()

    def flush(self) -> None:
        if self._losses:
            with writing(LOG, self.log), self.log.open("a", encoding="utf-8") as file:
                file.write("\n".join(self._losses) + "\n")
            self._losses.clear()

    def finish(self) -> None:
        """Remove the folder; the log of losses stays beside the store."""
        self.flush()
        shutil.rmtree(self.folder, ignore_errors=True)
