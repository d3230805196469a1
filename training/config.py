"""Every setting of a fit, with its default, unit and reason, in one table of models."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from training.errors import ConfigError
from training.papersettings import PAPER_SETTINGS


class Section(BaseModel):
    """A group of settings; unknown names are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class AtlasConfig(Section):
    """What the atlas says of itself on its home page."""

    title: str = Field("", description="title; empty takes the name of the slices' folder")
    summary: str = Field("", description="one paragraph for readers")
    citation: str = Field("", description="how to cite the data")
    licence: str = Field("", description="licence of the data")
    organism: str = Field("", description="species")
    assay: str = Field("", description="technology")
    coordinate_unit: str = Field("", description="unit of the coordinates, such as um")
    time_unit: str = Field("", description="unit of stage times, such as days")
    names: str = Field(
        "",
        description="file of names for factors (by number), domains and stages, from the folder of "
        "the settings file",
    )
    gene_sets: list[str] = Field(
        [],
        description="GMT files of gene sets that readers of the atlas are offered, from the folder "
        "of the settings file",
    )
    descriptions: str = Field(
        "",
        description="file of what each gene is, in words, from the folder of the settings file; "
        "CSV or TSV of two columns, gene and description",
    )


class DataConfig(Section):
    """How slices are read."""

    slice_column: str = Field("slice", description="obs column that names the slice")
    stage_column: str = Field("stage", description="obs column that names the stage")
    spatial_key: str = Field("spatial", description="obsm key of the coordinates")
    depth_column: str = Field(
        "", description="obs column with the depth of each slice; empty looks for z_um, then z"
    )


class QualityConfig(Section):
    """Which spots are kept."""

    min_counts: int = Field(20, ge=1, description="least total counts of a spot")
    min_genes: int = Field(10, ge=1, description="least detected genes of a spot")


class GenesConfig(Section):
    """Which genes are fitted."""

    n_genes: int = Field(2000, ge=10, description="number of shared variable genes fitted")
    exclude: str = Field(
        r"(?i)^mt[-.]", description="regular expression of genes never fitted (mitochondrial)"
    )
    target_sum: float = Field(1e4, gt=0, description="counts per spot after scaling")
    panels: Literal["shared", "union"] = Field(
        "shared",
        description="genes kept where slices measured different ones: those of every slice, or "
        "those of any, each judged by the slices that measured it",
    )
    least_slices: int = Field(
        1, ge=1, description="slices that measured a kept gene at least, when panels=union"
    )
    orthologs: str = Field(
        "",
        description="file of another organism's genes, from the folder of the settings file; "
        "CSV or TSV with columns such as mouse_symbol and human_symbol: "
        "its sections can be mapped then",
    )


class GraphConfig(Section):
    """Spatial neighbours within a slice."""

    neighbours: float = Field(
        0.0,
        ge=0,
        description="mean number of neighbours the radius is chosen for, when radius=0; 0 takes "
        "that of 6, 18 and 36 whose mean comes nearest to the spot amid them",
    )
    radius: float = Field(
        0.0, ge=0, description="radius in coordinate units; 0 chooses it by neighbours"
    )


class ModelConfig(Section):
    """Shape of the network and factorisation."""

    encoder: Literal["lgcn", "gat", "auto"] = Field(
        "lgcn",
        description="lgcn sees a spot and the mean of its neighbours, gat attends to them; "
        "auto takes lgcn for compositions, and chooses by resolution and size for genes",
    )
    paper: bool = Field(
        False,
        description="the model exactly as published; other settings then default to the paper's",
    )
    across_platforms: bool = Field(
        False, description="the factor head sees the slice, for slices of several technologies"
    )
    inputs: Literal["composition", "genes"] = Field(
        "composition",
        description="what the encoder sees of a spot and its neighbourhood: their composition of "
        "factors, or expression gene by gene beside it",
    )
    correction: bool = Field(
        True,
        description="take off compositions what differs between slices within clusters of like "
        "spots",
    )
    n_factors: int = Field(
        20, ge=0, description="number of factors K; 0 chooses it by counts that were held out"
    )
    n_latent: int = Field(32, ge=2, description="latent dimensions")
    n_hidden: int = Field(128, ge=8, description="width of hidden layers")
    n_critic: int = Field(128, ge=8, description="width of the critic")
    n_slice_embedding: int = Field(4, ge=1, description="slice embedding of the decoder")

    @field_validator("n_factors")
    @classmethod
    def _more_than_one(cls, number: int) -> int:
        if number == 1:
            raise ValueError("one factor explains nothing: give 2 or more, or 0 to choose")
        return number


class StartConfig(Section):
    """Poisson factorisation of pooled counts that gives the loadings their start."""

    spots: int = Field(5000, ge=50, description="neighbourhoods pooled and factorised")
    iterations: int = Field(120, ge=1, description="multiplicative updates")
    restarts: int = Field(
        6, ge=1, description="random starts on halves of the spots, whose consensus goes on"
    )
    prior: float = Field(100.0, gt=0, description="pseudo-counts holding slice-gene effects at 0")
    shared: float = Field(
        0.2, ge=0, lt=1, description="part of what all factors share moved to a background factor"
    )
    sharpened: float = Field(
        0.6, ge=0, lt=1, description="the same part in the end, for loadings that tell apart"
    )
    head: bool = Field(
        True,
        description="factor head begins at the proportions of the start, smoothed over neighbours",
    )
    least_factors: int = Field(5, ge=2, description="fewest factors tried, when model.n_factors=0")
    most_factors: int = Field(40, ge=2, description="most factors tried, when model.n_factors=0")

    @model_validator(mode="after")
    def _range_in_order(self) -> StartConfig:
        if self.least_factors > self.most_factors:
            raise ValueError(
                f"least_factors={self.least_factors} is more than most_factors={self.most_factors}"
            )
        return self


class LossConfig(Section):
    """Weights of the five losses."""

    poisson: float = Field(1.0, ge=0)
    feature: float = Field(1.0, ge=0)
    geometry: float = Field(
        300.0, ge=0, description="angles between compositions kept; about a thousandth"
    )
    usage: float = Field(1.0, ge=0)
    adversarial: float = Field(4.0, ge=0)


class TrainConfig(Section):
    """Optimisation."""

    steps: int = Field(400, ge=1, description="training steps")
    batch: int = Field(512, ge=16, description="spots per step over all slices")
    thinned: float = Field(
        0.5,
        ge=0,
        lt=1,
        description="part of each spot's counts that the encoder sees in training, while it is to "
        "explain the others; 0 shows it all (`model.inputs=composition` only)",
    )
    learning_rate: float = Field(2e-3, gt=0, description="decoder and factor head, at the start")
    encoder_rate: float = Field(
        1e-4, gt=0, description="encoder, which begins near its place, at the start"
    )
    critic_rate: float = Field(5e-4, gt=0, description="critic")
    loading_rate: float = Field(1e-2, gt=0, description="loadings and slice-gene effects")
    weight_decay: float = Field(1e-4, ge=0)
    margin: float = Field(5.0, gt=0, description="critic scores are clamped to this after warm-up")
    warmup: int = Field(100, ge=0, description="steps before the margin applies")
    seed: int = Field(0, ge=0)
    checkpoint_seconds: float = Field(20.0, ge=0, description="time between checkpoints")
    precision: Literal["float32", "bfloat16"] = Field(
        "float32",
        description="of the networks' layers; counts, sums, logarithms and loadings are always in "
        "float32",
    )
    deterministic: bool = Field(
        False,
        description="the same bits in every run on a GPU too, by slower algorithms",
    )


class DomainConfig(Section):
    """Spatial domains: Leiden on the latent, or a Gaussian mixture, asked for or more stable."""

    neighbours: int = Field(15, ge=2)
    resolution: float = Field(0.0, ge=0)
    number: int = Field(
        0,
        ge=0,
        description="as many domains as this, by a mixture; 0 finds their number",
    )

    @model_validator(mode="after")
    def _one_way(self) -> DomainConfig:
        if self.number == 1:
            raise ValueError("number=1: one domain divides nothing; give 2 or more, or 0")
        if self.number and self.resolution:
            raise ValueError("both number and resolution are set: give one of them")
        return self


class SketchConfig(Section):
    """Large collections: graphs are searched and divided on a part of the spots."""

    spots: int = Field(
        50_000,
        ge=1000,
        description="spots at most that domains and UMAP are found on; the others follow them",
    )


class RegistrationConfig(Section):
    """Slices in one frame."""

    reflection: bool = Field(True, description="slices may lie upside down on the slide")


class UmapConfig(Section):
    """Two-dimensional picture of the latent."""

    neighbours: int = Field(15, ge=2)
    min_dist: float = Field(0.3, ge=0)


class ImputationConfig(Section):
    """How well genes can be imputed, told for every gene."""

    folds: int = Field(
        3, ge=0, description="parts of the fitted genes that are hidden in turn; 0 tells nothing"
    )


class Config(Section):
    """All settings of a fit."""

    atlas: AtlasConfig = AtlasConfig()
    data: DataConfig = DataConfig()
    stages: dict[str, float] = Field(default_factory=dict, description="stage name = numeric time")
    quality: QualityConfig = QualityConfig()
    genes: GenesConfig = GenesConfig()
    graph: GraphConfig = GraphConfig()
    model: ModelConfig = ModelConfig()
    start: StartConfig = StartConfig()
    loss: LossConfig = LossConfig()
    train: TrainConfig = TrainConfig()
    domains: DomainConfig = DomainConfig()
    umap: UmapConfig = UmapConfig()
    sketch: SketchConfig = SketchConfig()
    registration: RegistrationConfig = RegistrationConfig()
    imputation: ImputationConfig = ImputationConfig()

    @model_validator(mode="after")
    def _follow_the_paper(self) -> Config:
        """With `model.paper`, what nobody has set takes the paper's value."""
        if self.model.paper:
            for name, values in PAPER_SETTINGS.items():
                section: Section = getattr(self, name)
                unset = {key: values[key] for key in values.keys() - section.model_fields_set}
                # Settings are frozen for all but their own making.
                object.__setattr__(self, name, section.model_copy(update=unset))
        return self

    @model_validator(mode="after")
    def _panels_of_our_form(self) -> Config:
        if self.model.paper and self.genes.panels == "union":
            raise ValueError(
                "model.paper=true with genes.panels=union: the published form needs every gene in "
                "every slice; use genes.panels=shared, or model.paper=false"
            )
        return self


Device = Literal["auto", "cpu", "cuda"]
FILES = (
    ("atlas", "names"),
    ("atlas", "gene_sets"),
    ("atlas", "descriptions"),
    ("genes", "orthologs"),
)
"""Settings that name files, which a file of settings names from its own folder."""
GIVEN = ("names", "gene_sets", "descriptions")
"""Settings of `atlas` that name files; they are about what was fitted and have no part in it."""


def load_config(path: Path | None = None, overrides: Sequence[str] = ()) -> Config:
    """Read a TOML file, then apply `section.key=value` overrides.

    Values of overrides are read as JSON where that works, else as text.

    Raises:
        ConfigError: for an unreadable file, an unknown setting or an impossible value.
    """
    tree: dict[str, Any] = {}
    if path is not None:
        try:
            tree = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigError(f"settings file {path} cannot be read: {error}") from error
        for section, key in FILES:
            told = tree.get(section)
            if isinstance(told, dict) and key in told:
                told[key] = map_files(told[key], lambda name: str(Path(path).parent / name))
    for override in overrides:
        name, equals, text = override.partition("=")
        section, dot, key = name.strip().partition(".")
        if not (equals and dot and section and key):
            raise ConfigError(
                f"--set {override!r}: expected section.key=value, such as train.steps=500"
            )
        branch = tree.setdefault(section, {})
        if not isinstance(branch, dict):
            raise ConfigError(f"--set {override!r}: {section} is not a section")
        branch[key] = _parse(text)
    try:
        return Config.model_validate(tree)
    except ValidationError as error:
        raise ConfigError(_explain(error)) from error


def map_files(named: Any, change: Callable[[str], str]) -> Any:
    """What a setting says of a file or of a list of them, with every name changed; anything else,
    and no name, as it is."""
    if isinstance(named, list):
        return [map_files(each, change) for each in named]
    return change(named) if isinstance(named, str) and named else named


def _parse(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def _explain(error: ValidationError) -> str:
    lines = ["settings cannot be used:"]
    for fault in error.errors():
        place = ".".join(str(part) for part in fault["loc"])
        if not place:
            lines.append(f"- {fault['msg'].removeprefix('Value error, ')}")
        elif fault["type"] == "extra_forbidden":
            names = ", ".join(sorted(_siblings(fault["loc"])))
            lines.append(f"- {place}: no such setting; there are: {names}")
        else:
            lines.append(f"- {place}: found {fault['input']!r}; {fault['msg'].lower()}")
    return "\n".join(lines)


def _siblings(location: tuple[int | str, ...]) -> list[str]:
    model: Any = Config
    for part in location[:-1]:
        field = model.model_fields.get(str(part))
        if field is None or not hasattr(field.annotation, "model_fields"):
            break
        model = field.annotation
    return list(model.model_fields)
