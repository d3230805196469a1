"""The paper's model as a whole: one step's losses and gradients against dense formulas."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import sparse
from torch import Tensor
from torch.nn.functional import elu

from training.config import LossConfig, ModelConfig, TrainConfig, load_config
from training.inputs.encoding import Encoding
from training.inputs.features import Batch, Features, arrange_features
from training.inputs.graph import radius_graph
from training.network.attention import GraphAttention
from training.network.paper.networks import CriticChain, PaperModel
from training.network.paper.objective import PaperObjective
from training.network.trainer import Trainer, infer

CPU = torch.device("cpu")
SIZES, N_GENES, N_FACTORS = (20, 12, 8), 9, 4
SHAPE = ModelConfig(paper=True, n_factors=N_FACTORS, n_latent=5, n_hidden=12, n_critic=8)
GAT, LGCN = Encoding("gat", paper=True), Encoding("lgcn", paper=True)


def make_features(encoding: Encoding) -> Features:
    rng = np.random.default_rng(0)
    slices = np.repeat(np.arange(3), SIZES).astype(np.int64)
    counts = sparse.csr_matrix(rng.poisson(3.0, (sum(SIZES), N_GENES)), dtype=np.float32)
    graph = radius_graph(rng.uniform(0, 3, (sum(SIZES), 2)), slices, np.full(3, 0.9))
    nothing = np.zeros((sum(SIZES), 0), dtype=np.float32)
    return arrange_features(encoding, counts, counts.log1p(), graph, nothing, slices)


def make_trainer(
    encoding: Encoding, steps: int = 5, seed: int = 0, across_platforms: bool = False
) -> Trainer:
    draw = torch.Generator().manual_seed(seed)
    shape = SHAPE.model_copy(update={"across_platforms": across_platforms})
    model = PaperModel(shape, encoding, 3, N_GENES, draw)
    settings = TrainConfig(steps=steps, batch=16, learning_rate=5e-4, seed=seed, warmup=2)
    objective = PaperObjective(settings, 3, encoding)
    return Trainer(make_features(encoding), model, settings, LossConfig(), 8, draw, CPU, objective)


def attend(layer: GraphAttention, inputs: Tensor, graph: Tensor) -> Tensor:
    hidden = inputs @ layer.linear.weight.T + layer.linear.bias
    logits = (hidden @ layer.target)[:, None] + (hidden @ layer.source)[None, :]
    logits = (torch.sigmoid(logits) - 0.5).masked_fill(graph == 0, -torch.inf)
    return torch.softmax(logits, dim=1) @ hidden


def naive_total(
    trainer: Trainer,
    encoding: Encoding,
    batch: Batch,
    graph: Tensor,
    margin: float,
    across_platforms: bool = False,
) -> Tensor:
    """The whole loss of METHOD's equations with dense N x N matrices, slice by slice."""
    model, critics = trainer.model, trainer.critic.critics
    x, y, total = batch.expression, batch.counts, torch.zeros((), dtype=torch.float64)
    usage, latents = torch.zeros(N_FACTORS, dtype=torch.float64), []
    loadings = torch.softmax(model.factors.loading_logits, dim=1)
    for s in range(3):
        own = batch.slices == s
        a, n = graph[own][:, own], int(own.sum())
        inputs = batch.inputs[own]
        embedding = model.decoder.slices[s].expand(n, -1)
        if encoding.encoder == "gat":
            z = model.encoder.latent(elu(attend(model.encoder.hidden, inputs, a)))
            hidden = attend(model.decoder.hidden, torch.cat([z, embedding], dim=1), a)
        else:
            z = model.encoder.latent(elu(model.encoder.hidden(inputs)))
            hidden = model.decoder.hidden(torch.cat([z, embedding], dim=1))
        latents.append(z)
        reconstruction = model.decoder.output(elu(hidden))
        seen = torch.cat([z, embedding], dim=1) if across_platforms else z
        beta = torch.softmax(model.factors.head(elu(seen)), dim=1)
        depth = y[own].sum(dim=1, keepdim=True)
        log_rate = torch.log(beta @ loadings + 1e-6) + model.factors.effects[s]
        fit = y[own] * (torch.log(depth + 1e-6) + log_rate) - depth * torch.exp(log_rate)
        total = total - fit.sum(dim=1).mean()
        total = total + torch.sqrt(((x[own] - reconstruction) ** 2).sum(dim=1)).mean()
        unit_z = z / z.norm(dim=1, keepdim=True)
        unit_x = x[own] / x[own].norm(dim=1, keepdim=True)
        gap = unit_z @ unit_z.T - unit_x @ unit_x.T
        total = total + 0.02 * (gap**2).sum(dim=1).mean()
        usage = usage + beta.sum(dim=0)
    total = total - 4 * torch.log(usage / len(x) + 1e-6).sum()
    for s in range(2):
        scores = critics[s].layers(latents[s + 1]).clamp(-50, 50).clamp(-margin, margin)
        total = total + torch.log(1 + torch.exp(-scores)).mean()
    return total


@pytest.mark.parametrize("encoding", [GAT, LGCN])
@pytest.mark.parametrize(
    ("step", "margin", "across_platforms"), [(2, 50.0, False), (3, 5.0, False), (3, 5.0, True)]
)
def test_a_step_is_the_dense_formula(
    encoding: Encoding, step: int, margin: float, across_platforms: bool
) -> None:
    """Every parameter of the network gets the gradient of the naive loss; float64."""
    trainer = make_trainer(encoding, across_platforms=across_platforms)
    features = trainer.features
    trainer.model.double()
    trainer.critic.double()
    with torch.no_grad():
        # Far from the start: effects off zero, critics sure enough to reach the margin.
        for parameter in [*trainer.model.parameters(), *trainer.critic.parameters()]:
            parameter.add_(0.1 * torch.ones_like(parameter))
        trainer.critic.critics[0].layers[-1].weight.mul_(30)
    plain = features.gather(np.arange(features.n_spots), CPU)
    batch = replace(
        plain,
        counts=plain.counts.double(),
        expression=plain.expression.double(),
        inputs=plain.inputs.double(),
    )
    latent = trainer.model.encode(batch)
    losses = trainer.objective.losses(trainer.model, trainer.critic, batch, latent, step)
    weights = load_config(None, ["model.paper=true"]).loss
    ours = sum(getattr(weights, name) * value for name, value in losses._asdict().items())
    graph = features.adjacency.toarray() if features.adjacency is not None else np.ones((40, 40))
    dense, across = torch.from_numpy(graph), across_platforms
    naive = naive_total(trainer, encoding, batch, dense, margin, across)
    torch.testing.assert_close(ours, naive, rtol=1e-9, atol=1e-9)
    other = naive_total(trainer, encoding, batch, dense, 55 - margin, across)
    assert abs(float((other - naive).detach())) > 1e-3, "no score reaches the margin"
    names, leaves = zip(*trainer.model.named_parameters(), strict=True)
    pairs = zip(
        names, torch.autograd.grad(ours, leaves), torch.autograd.grad(naive, leaves), strict=True
    )
    for name, one, other in pairs:
        torch.testing.assert_close(one, other, rtol=1e-6, atol=1e-8, msg=name)


@pytest.mark.parametrize(("step", "margin"), [(2, 50.0), (3, 5.0)])
def test_critics_learn_along_the_chain(step: int, margin: float) -> None:
    trainer = make_trainer(LGCN)
    critic = trainer.critic
    assert isinstance(critic, CriticChain)
    assert len(critic.critics) == 2
    slices = torch.from_numpy(trainer.features.slices)
    latent = 30 * torch.randn(40, 5, generator=torch.Generator().manual_seed(0))
    ours = trainer.objective.critic_loss(critic, latent, slices, step)
    naive = torch.zeros(())
    for s in range(2):
        real = critic.critics[s].layers(latent[slices == s]).clamp(-margin, margin)
        fake = critic.critics[s].layers(latent[slices == s + 1]).clamp(-margin, margin)
        naive = naive + torch.log1p(torch.exp(-real)).mean() + torch.log1p(torch.exp(fake)).mean()
    torch.testing.assert_close(ours, naive)
    assert float(critic.critics[0](1e4 * latent).detach().abs().max()) == 50.0


def test_the_network_meets_the_critic_just_updated() -> None:
    """The adversarial term of a step is that of the critic after its own step."""
    trainer, twin = make_trainer(GAT), make_trainer(GAT)
    losses = trainer.take_step()
    batch = twin._next_batch()
    latent = twin.model.encode(batch)
    before = twin.objective.losses(twin.model, twin.critic, batch, latent, 0).adversarial
    twin.critic.load_state_dict(trainer.critic.state_dict())
    after = twin.objective.losses(twin.model, twin.critic, batch, latent, 0).adversarial
    torch.testing.assert_close(losses.adversarial, after.detach())
    assert abs(float(losses.adversarial - before.detach())) > 1e-5


def test_everything_starts_as_published() -> None:
    trainer = make_trainer(GAT)
    factors = trainer.model.factors
    bound = math.sqrt(6 / (N_FACTORS + N_GENES))
    assert 0.8 * bound < float(factors.loading_logits.detach().abs().max()) <= bound
    assert (factors.slice_effects() == 0).all()
    with torch.no_grad():
        factors.effects.add_(0.7)
    torch.testing.assert_close(factors.slice_effects(), torch.full((3, N_GENES), 0.7))
    group = trainer.optimiser.param_groups[0]
    assert len(trainer.optimiser.param_groups) == 1
    assert len(group["params"]) == len(list(trainer.model.parameters()))
    assert isinstance(trainer.optimiser, torch.optim.Adamax)
    assert isinstance(trainer.critic_optimiser, torch.optim.Adam)


def test_the_rate_does_not_decay() -> None:
    trainer = make_trainer(LGCN)
    for _ in trainer.run():
        assert trainer.optimiser.param_groups[0]["lr"] == 5e-4


def test_batches_are_of_one_size_or_of_every_spot() -> None:
    small = make_trainer(LGCN)
    rows = small._draw()
    assert np.bincount(small.features.slices[rows]).tolist() == [16, 16, 16]
    whole = make_trainer(GAT)
    assert whole._next_batch() is whole._next_batch()
    torch.testing.assert_close(whole._next_batch().slices.numpy(), whole.features.slices)


@pytest.mark.parametrize("encoding", [GAT, LGCN])
def test_a_state_goes_on_identically(encoding: Encoding) -> None:
    unbroken, broken, resumed = (make_trainer(encoding, seed=seed) for seed in (0, 0, 3))
    whole = [tuple(map(float, losses)) for losses in unbroken.run()]
    before = [tuple(map(float, broken.take_step())) for _ in range(2)]
    resumed.load_state_dict(broken.state_dict())
    assert before + [tuple(map(float, losses)) for losses in resumed.run()] == whole


def test_blocks_of_an_attention_model_give_what_the_whole_gives() -> None:
    trainer = make_trainer(GAT)
    list(trainer.run())
    latent, _ = infer(trainer.model, trainer.features, CPU)
    np.testing.assert_allclose(
        infer(trainer.model, trainer.features, CPU, block=7)[0], latent, rtol=1e-4, atol=1e-5
    )
    # A sample's two hops decode as all spots at once do.
    rows = np.array([30, 2, 11])
    part = trainer.features.gather(rows, CPU)
    whole = trainer._next_batch()
    ours = trainer.model.decode(trainer.model.encode(part), part)
    theirs = trainer.model.decode(trainer.model.encode(whole), whole)[rows]
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)
