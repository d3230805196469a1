"""Several processes that fit one model: how they meet, what they tell each other, how they end.

`torchrun` starts them and tells each its place by variables of the environment. Without these there
is no crew, and nothing here is used.
"""

from __future__ import annotations

import io
import json
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from training.config import Device
from training.errors import AtlasError
from training.processes.devices import choose_device

if TYPE_CHECKING:
    import torch

    from training.processes.share import PartOfBatch

PLACE = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")
LOOK = 0.2
"""Seconds between looks of a process that waits until the leader has prepared."""
PATIENCE = timedelta(minutes=30)
"""How long a process waits for the others within a step; checkpoints are written between steps."""
FAREWELL = 30.0
"""Seconds that a leader which fails gives the others to end before it."""


class Crew:
    """One process among `size` that take every step together; the first, rank 0, leads.

    The leader reads, prepares, writes and tells; the others take their part of every step and leave
    when training ends.

    Attributes:
        device: of this process.
    """

    def __init__(self, rank: int, size: int, device: torch.device, store: Any) -> None:
        self.rank, self.size, self.device, self._store = rank, size, device, store

    @property
    def leads(self) -> bool:
        return self.rank == 0

    @property
    def starter(self) -> str:
        """What precedes the command that such processes run, for the record."""
        here = int(os.environ.get("LOCAL_WORLD_SIZE", self.size))
        machines = f"--nnodes {-(-self.size // here)} " if here < self.size else ""
        return f"torchrun {machines}--nproc-per-node {here} --no-python "

    def choose(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """This process's spots of a batch (n,) that all have drawn alike."""
        return rows[self.rank :: self.size]

    def share(self, n: int) -> PartOfBatch:
        """What this process's spots are of a batch of n."""
        from training.processes.share import PartOfBatch

        return PartOfBatch(n, self.rank, self.size)

    def add_gradients(self, parameters: Iterable[torch.nn.Parameter]) -> None:
        """Replace gradients by their sums over processes, all in one message."""
        import torch
        import torch.distributed as dist

        gradients = [each.grad for each in parameters if each.grad is not None]
        if not gradients:
            return
        whole = torch.cat([each.reshape(-1) for each in gradients])
        dist.all_reduce(whole)
        sums = whole.split([each.numel() for each in gradients])
        for each, total in zip(gradients, sums, strict=True):
            each.copy_(total.view_as(each))

    def announce(self, message: dict[str, Any]) -> None:
        """Tell the others, who wait in `listen`, that they can begin and with what."""
        self._store.set("begin", json.dumps(message))

    def listen(self) -> dict[str, Any]:
        """What the leader announces, however long it prepares.

        Raises:
            AtlasError: if another has failed, which then has told why.
        """
        while not self._store.check(["begin"]):
            if self._count_failed():
                raise AtlasError("another process failed")
            time.sleep(LOOK)
        found: dict[str, Any] = json.loads(self._store.get("begin"))
        return found

    def hand_state(self, state: dict[str, Any] | None) -> dict[str, Any]:
        """The leader's state of the trainer, `None` with all others, in every process."""
        import torch
        import torch.distributed as dist

        packed = io.BytesIO()
        if state is not None:
            torch.save({**state, "sampler": json.dumps(state["sampler"])}, packed)
        size = torch.tensor([packed.tell()], device=self.device)
        dist.broadcast(size, 0)
        content = torch.zeros(int(size), dtype=torch.uint8, device=self.device)
        if state is not None:
            content.copy_(torch.frombuffer(packed.getbuffer(), dtype=torch.uint8))
        dist.broadcast(content, 0)
        buffer = io.BytesIO(content.cpu().numpy().tobytes())
        found: dict[str, Any] = torch.load(buffer, map_location="cpu", weights_only=True)
        found["sampler"] = json.loads(found["sampler"])
        return found

    def part(self) -> None:
        """Wait until all have taken the last step; from here on each is on its own."""
        import torch.distributed as dist

        # A barrier on GPUs must be told which.
        dist.barrier(device_ids=None if self.device.index is None else [self.device.index])
        dist.destroy_process_group()

    def is_first_to_fail(self) -> bool:
        """Whether no other has failed before: the one whose message is worth reading."""
        try:
            return bool(self._store.add("failed", 1) == 1)
        except RuntimeError:
            return True

    def see_off(self) -> None:
        """Let the others end first where they can ask only this process whether one has failed.

        Where torchrun keeps the meeting point itself, or they have left, there is none to wait for.
        """
        import torch.distributed as dist

        kept = os.environ.get("TORCHELASTIC_USE_AGENT_STORE") == "True"
        if not self.leads or kept or not dist.is_initialized():
            return
        if self.device.type == "cpu":
            # Those within a step wait for this process until its connections close.
            dist.destroy_process_group()
        end = time.monotonic() + FAREWELL
        while self._count_failed() < self.size and time.monotonic() < end:
            time.sleep(LOOK)

    def _count_failed(self) -> int:
        return int(self._store.add("failed", 0))


@contextmanager
def open_crew(device: Device) -> Iterator[Crew | None]:
    """This process's place among those that torchrun started; None where it is alone.

    One that fails tells why; the others, who lose contact with it, end without a word.

    Raises:
        AtlasError: if the processes cannot find each other, or contact is lost and none says why.
    """
    if int(os.environ.get("WORLD_SIZE") or 1) < 2 or "RANK" not in os.environ:
        yield None
        return
    crew = _meet(device)
    try:
        yield crew
    except (Exception, KeyboardInterrupt) as error:
        first = crew.is_first_to_fail()
        crew.see_off()
        if not first:
            raise SystemExit(1) from None
        name = f"process {crew.rank} of {crew.size}"
        if _has_lost_contact(error):
            raise AtlasError(
                f"{name} lost contact with the others: one of them was killed, as happens where "
                "memory runs out, or the network failed. The same command with --resume goes on "
                f"from the last checkpoint. ({str(error).splitlines()[0]})"
            ) from error
        if isinstance(error, AtlasError) and not crew.leads:
            raise AtlasError(f"{name}: {error}") from error
        raise


def _meet(device: Device) -> Crew:
    import torch
    import torch.distributed as dist

    missing = [name for name in PLACE if name not in os.environ]
    if missing:
        raise AtlasError(
            f"WORLD_SIZE={os.environ['WORLD_SIZE']} says that several processes fit together, but "
            f"{', '.join(missing)} are not set: start them with torchrun"
        )
    where = choose_device(device, int(os.environ["LOCAL_RANK"]))
    if where.type == "cuda":
        torch.cuda.set_device(where)
    try:
        store, rank, size = next(dist.rendezvous("env://", timeout=PATIENCE))
        dist.init_process_group(
            "nccl" if where.type == "cuda" else "gloo",
            store=dist.PrefixStore("steps", store),
            rank=rank,
            world_size=size,
            timeout=PATIENCE,
        )
    except (RuntimeError, ValueError) as error:
        raise AtlasError(
            f"process {os.environ['RANK']} of {os.environ['WORLD_SIZE']} does not find the others "
            f"at {os.environ['MASTER_ADDR']}:{os.environ['MASTER_PORT']}: {error}"
        ) from error
    return Crew(rank, size, where, dist.PrefixStore("crew", store))


def _has_lost_contact(error: BaseException) -> bool:
    import torch.distributed as dist

    words = ("gloo", "NCCL", "Connection closed", "Broken pipe")
    return isinstance(error, dist.DistError) or (
        isinstance(error, RuntimeError) and any(word in str(error) for word in words)
    )
