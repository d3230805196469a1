"""The loop: one seed one run, a state that goes on, gradients that stay in their place."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import sparse

from training.config import LossConfig, ModelConfig, TrainConfig
from training.errors import AtlasError
from training.inputs.features import Features, measure_spread
from training.inputs.resident import Resident
from training.network.checkpoint import Workspace
from training.network.losses import (
    Losses,
    critic_loss,
    feature_loss,
    geometry_loss,
    poisson_loss,
    usage_loss,
)
from training.network.stepping import take_all_steps
from training.network.trainer import Model, Trainer, infer

CPU = torch.device("cpu")
N_GENES, N_FACTORS = 20, 3
SHAPE = ModelConfig(n_factors=N_FACTORS, n_latent=4, n_hidden=16, n_critic=16)

Build = Callable[..., Trainer]


def features(n_slices: int) -> Features:
    rng = np.random.default_rng(0)
    sizes = [50, 30, 12][:n_slices]
    n = sum(sizes)
    profiles = rng.dirichlet(np.full(N_GENES, 0.5), N_FACTORS)
    counts = rng.poisson(200 * rng.dirichlet(np.ones(N_FACTORS), n) @ profiles)
    expression = sparse.csr_matrix(np.log1p(counts), dtype=np.float32)
    composition = rng.random((n, 2 * N_FACTORS)).astype(np.float32)
    return Features(
        counts=sparse.csr_matrix(counts, dtype=np.float32),
        expression=expression,
        neighbourhood=sparse.csr_matrix((n, 0), dtype=np.float32),
        composition=composition,
        slices=np.repeat(np.arange(n_slices), sizes).astype(np.int64),
        scaling=measure_spread(composition, 6),
        composed=True,
    )


@pytest.fixture
def build() -> Build:
    def make(
        n_slices: int = 3,
        steps: int = 12,
        seed: int = 0,
        device: torch.device = CPU,
        encoder_rate: float = TrainConfig().encoder_rate,
        **weights: float,
    ) -> Trainer:
        draw = torch.Generator().manual_seed(seed)
        loadings = torch.softmax(torch.randn(N_FACTORS, N_GENES, generator=draw), dim=1)
        model = Model(SHAPE, n_slices, loadings, torch.zeros(n_slices, N_GENES), draw)
        settings = TrainConfig(
            steps=steps, batch=32, seed=seed, warmup=3, encoder_rate=encoder_rate
        )
        return Trainer(
            features(n_slices), model, settings, LossConfig(**weights), SHAPE.n_critic, draw, device
        )

    return make


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_one_seed_one_run(build: Build) -> None:
    first, second, third = build(), build(), build(seed=1)
    runs = [[tuple(map(float, losses)) for losses in t.run()] for t in (first, second, third)]
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]
    assert same(first.model.state_dict(), second.model.state_dict())


def test_the_live_line_tells_step_speed_time_left_and_every_loss(build: Build) -> None:
    """A resumed fit counts on from where it was."""
    trainer = build()
    for _ in range(4):
        trainer.take_step()
    lines: list[tuple[float, str]] = []
    named = take_all_steps(
        trainer, None, lambda phase, fraction, message="": lines.append((fraction, message))
    )
    assert len(lines) == 8
    for step, (fraction, line) in enumerate(lines, 5):
        assert fraction == pytest.approx(step / 12)
        assert re.match(rf"step {step} of 12  \d+\.\d steps/s, \d+:\d\d left  poisson ", line)
    assert all(f"{name} {value:.4g}" in lines[-1][1] for name, value in named.items())


@pytest.mark.parametrize("stop", [1, 5, 11])
def test_a_state_taken_anywhere_goes_on_identically(build: Build, stop: int) -> None:
    unbroken = build()
    whole = [tuple(map(float, losses)) for losses in unbroken.run()]
    broken = build()
    before = [tuple(map(float, broken.take_step())) for _ in range(stop)]
    state = broken.state_dict()
    # Another seed: nothing of the fresh trainer may shine through.
    resumed = build(seed=5)
    resumed.load_state_dict(state)
    after = [tuple(map(float, losses)) for losses in resumed.run()]
    assert before + after == whole
    assert same(resumed.model.state_dict(), unbroken.model.state_dict())
    assert same(resumed.critic.state_dict(), unbroken.critic.state_dict())


def test_a_state_goes_on_identically_from_disk(build: Build, tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "small.atlas.zarr")
    workspace.begin({}, resume=False)
    unbroken = build()
    whole = [tuple(map(float, losses)) for losses in unbroken.run()]
    broken = build()
    for _ in range(6):
        broken.take_step()
    workspace.save(broken.state_dict())
    state = workspace.load()
    assert state is not None
    resumed = build(seed=5)
    resumed.load_state_dict(state)
    assert [tuple(map(float, losses)) for losses in resumed.run()] == whole[6:]
    assert same(resumed.model.state_dict(), unbroken.model.state_dict())


def test_features_on_the_device_give_the_same_steps(build: Build) -> None:
    hosts, ours = build(), build()
    ours.source = Resident(ours.features, CPU)
    whole = [tuple(map(float, losses)) for losses in hosts.run()]
    assert [tuple(map(float, losses)) for losses in ours.run()] == whole
    assert same(ours.model.state_dict(), hosts.model.state_dict())
    latent, _ = infer(hosts.model, hosts.features, CPU)
    np.testing.assert_array_equal(infer(ours.model, ours.source, CPU)[0], latent)


def test_a_step_reads_nothing_back_from_the_device(build: Build) -> None:
    """On a device that knows shapes and holds no numbers, any reading would fail."""
    trainer = build(device=torch.device("meta"))
    assert isinstance(trainer.source, Resident)
    losses = list(trainer.run())
    assert len(losses) == 12
    assert all(each.poisson.device.type == "meta" for each in losses)
    with pytest.raises(RuntimeError, match="meta"):
        float(losses[0].poisson)


def test_the_loop_takes_the_steps_asked_for_and_no_more(build: Build) -> None:
    trainer = build(steps=4)
    assert len(list(trainer.run())) == trainer.step == 4
    assert list(trainer.run()) == []


def test_divergence_is_told_and_not_kept(build: Build, tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "small.atlas.zarr")
    workspace.begin({}, resume=False)
    trainer = build()
    trainer.settings = trainer.settings.model_copy(update={"checkpoint_seconds": 0.0})

    def spoil(phase: str, fraction: float, message: str = "") -> None:
        if trainer.step == 4:
            with torch.no_grad():
                trainer.model.factors.effects[0, 0] = torch.nan

    with pytest.raises(AtlasError, match=r"diverged at step 5.*learning_rate"):
        take_all_steps(trainer, workspace, spoil)
    state = workspace.load()
    assert state is not None
    # Written after step 4, before the losses of step 5 were known: that is told when it goes on.
    assert state["step"] == 4


def test_losses_carry_their_own_names(build: Build) -> None:
    """Each logged term is the unweighted one of its name, before the step."""
    losses = build(geometry=0.0).take_step()
    assert isinstance(losses, Losses)
    assert losses._fields == ("poisson", "feature", "geometry", "usage", "adversarial")
    assert not any(value.requires_grad for value in losses)
    twin = build()
    batch, model = twin.features.gather(twin._draw(), CPU), twin.model
    latent = model.encoder(batch.inputs)
    beta, loadings = model.factors.proportions(latent), model.factors.loadings()
    depth, effects = batch.counts.sum(dim=1), model.factors.centred_effects()
    expected = {
        "poisson": poisson_loss(batch.counts, depth, beta, loadings, effects, batch.slices),
        "feature": feature_loss(
            batch.expression, model.decoder(latent, batch.slices), batch.slices, 3
        ),
        "geometry": geometry_loss(latent, batch.composition()),
        "usage": usage_loss(beta, batch.slices, 3),
    }
    for name, value in expected.items():
        torch.testing.assert_close(getattr(losses, name), value.detach(), msg=name)
    # Untrained scores hardly differ: softplus(0) = log 2.
    assert abs(float(losses.adversarial) - np.log(2)) < 0.2


def test_training_lowers_the_losses_of_the_data(build: Build) -> None:
    trainer = build(steps=150, encoder_rate=5e-4)
    losses = list(trainer.run())
    for name in ("poisson", "feature", "geometry"):
        values = [float(getattr(each, name)) for each in losses]
        assert np.mean(values[-10:]) < np.mean(values[:10]), name


def test_the_critic_step_leaves_the_encoder_alone(build: Build) -> None:
    """With every network loss off but the critic on, only the critic moves."""
    trainer = build(poisson=0, feature=0, geometry=0, usage=0, adversarial=0)
    for group in trainer.optimiser.param_groups:
        group["weight_decay"] = 0.0
    model = {name: value.clone() for name, value in trainer.model.state_dict().items()}
    critic = {name: value.clone() for name, value in trainer.critic.state_dict().items()}
    trainer.take_step()
    assert same(model, trainer.model.state_dict())
    assert not same(critic, trainer.critic.state_dict())


def test_the_network_step_leaves_no_gradient_on_the_critic(build: Build) -> None:
    """After a step the critic's gradients are those of its own loss, at the step's start."""
    trainer, twin = build(), build()
    batch = twin.features.gather(twin._draw(), CPU)
    latent = twin.model.encoder(batch.inputs).detach()
    critic_loss(twin.critic(latent), batch.slices).backward()
    trainer.take_step()
    for ours, theirs in zip(trainer.critic.parameters(), twin.critic.parameters(), strict=True):
        assert ours.requires_grad
        torch.testing.assert_close(ours.grad, theirs.grad)


def test_the_adversary_reaches_the_encoder(build: Build) -> None:
    trainer = build(poisson=0, feature=0, geometry=0, usage=0, adversarial=1)
    # The hidden layer is silent at the first step.
    trainer.take_step()
    trainer.take_step()
    for parameter in trainer.model.encoder.parameters():
        assert parameter.grad is not None
        assert parameter.grad.abs().sum() > 0


def test_one_slice_trains_without_an_adversary(build: Build) -> None:
    trainer = build(n_slices=1, steps=5)
    critic = {name: value.clone() for name, value in trainer.critic.state_dict().items()}
    losses = list(trainer.run())
    assert all(float(each.adversarial) == 0 for each in losses)
    assert same(critic, trainer.critic.state_dict())


def test_batches_serve_small_slices(build: Build) -> None:
    trainer = build()
    slices = trainer.features.slices[trainer._draw()]
    roots = np.sqrt([50, 30, 12])
    np.testing.assert_array_equal(np.bincount(slices), (32 * roots / roots.sum()).round())


def test_the_rate_decays_to_a_twentieth(build: Build) -> None:
    trainer = build(steps=50)
    seen = []
    for _ in trainer.run():
        seen.append(trainer.optimiser.param_groups[0]["lr"])
    assert seen == sorted(seen, reverse=True)
    assert seen[0] == pytest.approx(trainer.settings.encoder_rate)
    assert seen[-1] == pytest.approx(trainer.settings.encoder_rate / 20, rel=0.05)


def test_inference_does_not_depend_on_blocks(build: Build) -> None:
    trainer = build(steps=3)
    list(trainer.run())
    latent, proportions = infer(trainer.model, trainer.features, CPU)
    blocks = infer(trainer.model, trainer.features, CPU, block=7)
    assert latent.shape == (92, 4)
    assert proportions.shape == (92, N_FACTORS)
    np.testing.assert_allclose(proportions.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(blocks[0], latent, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(blocks[1], proportions, rtol=1e-5, atol=1e-6)
