"""Settings: defaults, files, overrides, and errors that name the place."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel

from training.config import Config, load_config
from training.errors import ConfigError


def test_defaults_need_no_file() -> None:
    assert load_config() == Config()


def test_a_file_and_then_overrides(tmp_path: Path) -> None:
    path = tmp_path / "atlas.toml"
    path.write_text(
        '[atlas]\ntitle = "Heart"\n[train]\nsteps = 50\nseed = 3\n[stages]\n"6.5 PCW" = 6.5\n'
    )
    config = load_config(path, ["train.steps=70", "atlas.summary=A heart, built = fitted"])
    assert config.atlas.title == "Heart"
    assert config.atlas.summary == "A heart, built = fitted"
    assert (config.train.steps, config.train.seed) == (70, 3)
    assert config.stages == {"6.5 PCW": 6.5}


def test_overrides_keep_their_kind() -> None:
    config = load_config(
        None, ["graph.radius=1e2", "data.stage_column=age", "stages.late=9", "loss.usage=0.5"]
    )
    assert config.graph.radius == 100.0
    assert config.data.stage_column == "age"
    assert config.stages == {"late": 9.0}
    assert config.loss.usage == 0.5


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("train.step=5", "train.step: no such setting; there are: batch, checkpoint_seconds"),
        ("trian.steps=5", "trian: no such setting; there are: atlas, data"),
        ("train.steps=0", "train.steps: found 0"),
        ("train.steps=many", "train.steps: found 'many'"),
        ("train.steps", "expected section.key=value"),
        ("steps=5", "expected section.key=value"),
        ("train.=5", "expected section.key=value"),
        ("stages.late=soon", "stages.late: found 'soon'"),
    ],
)
def test_a_wrong_override_names_its_place(override: str, expected: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(None, [override])
    assert expected in str(caught.value)


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(None, ["train.steps=0", "model.n_factors=1", "graph.hops=2"])
    assert all(name in str(caught.value) for name in ("train.steps", "n_factors", "graph.hops"))


def test_a_value_is_not_a_section(tmp_path: Path) -> None:
    path = tmp_path / "atlas.toml"
    path.write_text("train = 5\n")
    with pytest.raises(ConfigError, match="train is not a section"):
        load_config(path, ["train.steps=5"])


@pytest.mark.parametrize("content", [b"[train\nsteps = 5", b"\xff\xfe\x00", None])
def test_an_unreadable_file_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "atlas.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"atlas\.toml cannot be read"):
        load_config(path)


def test_settings_cannot_change_after_loading() -> None:
    config = load_config()
    with pytest.raises(ValueError, match="frozen"):
        config.train.steps = 5  # type: ignore[misc]


def test_a_card_holds_settings_that_load_again() -> None:
    config = load_config(None, ["train.steps=7", "stages.late=9", "atlas.title=Heart"])
    assert Config.model_validate(config.model_dump(mode="json")) == config


def test_numbers_say_what_they_are() -> None:
    """Every setting whose name does not say it all has a description."""
    undescribed = {
        f"{section}.{name}"
        for section, field in Config.model_fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
        for name, setting in field.annotation.model_fields.items()
        if not setting.description
    }
    plain = {f"loss.{name}" for name in type(Config().loss).model_fields}
    plain |= {"train.weight_decay", "train.seed", "umap.neighbours", "umap.min_dist"}
    assert undescribed <= plain | {"domains.neighbours", "domains.resolution"}


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (["domains.number=7", "domains.resolution=1"], "give one of them"),
        (["domains.number=1"], "divides nothing"),
    ],
)
def test_domains_are_divided_in_one_way(settings: list[str], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        load_config(None, settings)
