"""A few steps of every form of the model, alone or as one of a crew; a program that tests start.

    python steps.py OUT.npz [fail RANK | prepare]

With `fail` the process of this rank fails after its first step; with `prepare` the leader fails
while the others wait for what it prepares.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse

from training.config import LossConfig, ModelConfig, TrainConfig
from training.errors import AtlasError
from training.inputs.encoding import Encoding
from training.inputs.features import Features, arrange_features
from training.inputs.graph import radius_graph
from training.network.model import Model, Networks
from training.network.objective import Objective
from training.network.paper.networks import PaperModel
from training.network.paper.objective import PaperObjective
from training.network.trainer import Trainer, infer
from training.processes.crew import Crew, open_crew
from training.processes.share import WHOLE

SIZES, N_GENES, N_FACTORS, STEPS = (50, 30, 13), 20, 3, 8
FORMS = {
    "lgcn": Encoding("lgcn"),
    "gat": Encoding("gat"),
    "lgcn on genes": Encoding("lgcn", inputs="genes"),
    "paper lgcn": Encoding("lgcn", paper=True),
    "paper gat": Encoding("gat", paper=True),
}


@dataclass
class Run:
    """Losses (steps, 5), latent (n, d) and loadings (K, G) of one form."""

    losses: NDArray[np.float32]
    latent: NDArray[np.float32]
    loadings: NDArray[np.float32]


def make_features(encoding: Encoding) -> Features:
    rng = np.random.default_rng(0)
    n = sum(SIZES)
    slices = np.repeat(np.arange(3), SIZES).astype(np.int64)
    profiles = rng.dirichlet(np.full(N_GENES, 0.5), N_FACTORS)
    counts = sparse.csr_matrix(
        rng.poisson(200 * rng.dirichlet(np.ones(N_FACTORS), n) @ profiles), dtype=np.float32
    )
    graph = radius_graph(rng.uniform(0, 3, (n, 2)), slices, np.full(3, 0.6))
    composition = rng.random((n, 2 * N_FACTORS)).astype(np.float32)
    return arrange_features(encoding, counts, counts.log1p(), graph, composition, slices)


def make_trainer(encoding: Encoding, crew: Crew | None = None) -> Trainer:
    # Processes begin alike here because they have one seed.
    draw = torch.Generator().manual_seed(0)
    shape = ModelConfig(
        encoder=encoding.encoder,
        inputs=encoding.inputs,
        n_factors=N_FACTORS,
        n_latent=4,
        n_hidden=16,
    )
    settings = TrainConfig(steps=STEPS, batch=41, warmup=3)
    model: Networks
    if encoding.paper:
        model = PaperModel(shape, encoding, 3, N_GENES, draw)
        objective: Objective = PaperObjective(settings, 3, encoding)
    else:
        loadings = torch.softmax(torch.randn(N_FACTORS, N_GENES, generator=draw), dim=1)
        model = Model(shape, 3, loadings, torch.zeros(3, N_GENES), draw)
        objective = Objective(settings, 3)
    features, device = make_features(encoding), torch.device("cpu")
    return Trainer(features, model, settings, LossConfig(), 16, draw, device, objective, crew)


def take_steps(encoding: Encoding, crew: Crew | None = None) -> Run:
    trainer = make_trainer(encoding, crew)
    losses = np.array([[float(value) for value in each] for each in trainer.run()])
    latent, _ = infer(trainer.model, trainer.features, trainer.device)
    return Run(losses, latent, trainer.model.factors.loadings().detach().numpy())


def find_gradients(encoding: Encoding, crew: Crew | None = None) -> NDArray[np.float64]:
    """Losses of one step and gradients of all parameters, in double precision."""
    trainer = make_trainer(encoding, crew)
    model, critic, objective = trainer.model.double(), trainer.critic.double(), trainer.objective
    draw = torch.Generator().manual_seed(1)
    parameters = [*critic.parameters(), *model.parameters()]
    with torch.no_grad():
        for each in parameters:
            each.add_(0.2 * torch.randn(each.shape, generator=draw, dtype=each.dtype))
    single = trainer._next_batch()
    batch = replace(
        single,
        counts=single.counts.double(),
        expression=single.expression.double(),
        inputs=single.inputs.double(),
    )
    latent = model.encode(batch)
    own = batch.own(latent).detach()
    loss = objective.critic_loss(critic, own, batch.slices, 9, batch.share)
    loss.backward()
    trainer._add_gradients(critic)
    critic.requires_grad_(False)
    losses = objective.losses(model, critic, batch, latent, 9)
    torch.stack(losses).sum().backward()
    trainer._add_gradients(model)
    gradients = [each.grad.reshape(-1) for each in parameters if each.grad is not None]
    return torch.cat([torch.stack([loss, *losses]).detach(), *gradients]).numpy()


def fail(crew: Crew, rank: int) -> None:
    trainer = make_trainer(FORMS["lgcn"], crew)
    trainer.take_step()
    if crew.rank == rank:
        raise AtlasError("the disk is full")
    trainer.take_step()


def fail_to_prepare(crew: Crew) -> None:
    if crew.leads:
        raise AtlasError("the disk is full")
    crew.listen()


def main(out: Path, *failure: str) -> None:
    with open_crew("cpu") as crew:
        assert crew is not None
        if failure == ("prepare",):
            fail_to_prepare(crew)
        elif failure:
            fail(crew, int(failure[1]))
        found = {}
        for name, encoding in FORMS.items():
            run = take_steps(encoding, crew)
            for part, values in vars(run).items():
                found[f"{name}.{part}"] = values
            found[f"{name}.gradients"] = find_gradients(encoding, crew)
        rows = torch.arange(13)[:, None] * torch.ones(1, 2)
        share = crew.share(13) if crew.size > 1 else WHOLE
        found["gathered"] = share.gather(torch.from_numpy(crew.choose(rows.numpy()))).numpy()
        np.savez(out.with_name(f"{crew.rank}.npz"), **found)
        crew.part()


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]), *sys.argv[2:])
    except AtlasError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
