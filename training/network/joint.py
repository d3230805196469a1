"""A fit in several processes: what the leader hands out, and what the others do with it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from training.config import Config
from training.inputs.encoding import Encoding
from training.processes.crew import Crew

if TYPE_CHECKING:
    from training.network.trainer import Trainer


def lead(crew: Crew, trainer: Trainer, config: Config, encoding: Encoding, folder: Path) -> None:
    """Hand features, settings and the trainer's state to the processes that wait in `follow`.

    Features are written to `folder`, which others on this machine map: they are prepared once and
    lie in memory once, whatever the number of processes.
    """
    from training.inputs.handout import save_features

    save_features(trainer.features, folder)
    settings = config.model_dump(mode="json")
    crew.announce(
        {"settings": settings, "encoding": asdict(encoding), "folder": str(folder.resolve())}
    )
    crew.hand_state(trainer.state_dict())


def release(crew: Crew) -> None:
    """Let the processes that wait in `follow` leave: there is no step to take."""
    crew.announce({})
    crew.part()


def follow(crew: Crew) -> None:
    """Take this process's part of every step, as the leader announces it; then leave.

    Raises:
        AtlasError: if the leader's files cannot be read.
    """
    told = crew.listen()
    if not told:
        crew.part()
        return
    config, encoding = Config.model_validate(told["settings"]), Encoding(**told["encoding"])
    trainer = _make_trainer(crew, config, encoding, Path(told["folder"]))
    trainer.load_state_dict(crew.hand_state(None))
    for _ in trainer.run():
        pass
    crew.part()


def _make_trainer(crew: Crew, config: Config, encoding: Encoding, folder: Path) -> Trainer:
    """A trainer of the leader's shape, whose parameters are yet to come."""
    import torch

    from training.inputs.handout import load_features
    from training.network.model import Model, Networks
    from training.network.objective import Objective
    from training.network.paper.networks import PaperModel
    from training.network.paper.objective import PaperObjective
    from training.network.trainer import Trainer
    from training.processes.tensors import to_tensor

    features = load_features(folder)
    n_slices, n_genes = int(features.slices.max()) + 1, features.counts.shape[1]
    generator = torch.Generator().manual_seed(config.train.seed)
    model: Networks
    if encoding.paper:
        model = PaperModel(config.model, encoding, n_slices, n_genes, generator)
        objective: Objective = PaperObjective(config.train, n_slices, encoding)
    else:
        shape = config.model.model_copy(update={"encoder": encoding.encoder})
        loadings = torch.ones(config.model.n_factors, n_genes) / n_genes
        measured = None if features.filling is None else to_tensor(features.filling.measured)
        effects = torch.zeros(n_slices, n_genes)
        model = Model(shape, n_slices, loadings, effects, generator, measured=measured)
        objective = Objective(config.train, n_slices)
    return Trainer(
        features,
        model,
        config.train,
        config.loss,
        config.model.n_critic,
        generator,
        crew.device,
        objective,
        crew,
    )
