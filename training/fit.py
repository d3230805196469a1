"""The whole way from slices to a store, in order: the one composer of the package."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from training.alignment.depths import check_depths
from training.completion import describe_origin, digest_spots, find_complete
from training.config import GIVEN, Config, Device
from training.downstream.mixture import check_number
from training.errors import AtlasError
from training.export import export_atlas
from training.fitted import Fitted
from training.inputs.encoding import Encoding, choose_encoder, measure_spacing
from training.naming.beforehand import read_draft, settle_draft
from training.naming.genesetfile import check_gene_sets
from training.naming.given import given_files, read_given
from training.naming.rename import write_named
from training.network.checkpoint import Workspace
from training.outcome import annotate
from training.preparation.reference import (
    Prepared,
    make_features,
    make_paper_features,
    prepare,
)
from training.preparation.thinning import thin_features
from training.processes.devices import choose_device
from training.progress import Progress, silent
from training.report import report_path
from training.report.findings import check_names
from training.report.modelcard import write_card
from training.report.scores import score_fit
from training.report.write import find_findings, measure_mixing, read_losses, write_report
from training.slices.load import load_slices
from training.start.start import choose_factors, find_start
from training.store import StoreUnwritten, open_atlas
from training.writing import GOES_ON

if TYPE_CHECKING:
    import torch
    from anndata import AnnData

    from training.inputs.features import Features
    from training.naming.namesfile import Saying
    from training.network.model import Networks
    from training.network.objective import Objective
    from training.processes.crew import Crew


def fit_atlas(
    slices: Path,
    out: Path,
    config: Config,
    *,
    device: Device = "auto",
    resume: bool = False,
    overwrite: bool = False,
    progress: Progress = silent,
    command: str = "",
    crew: Crew | None = None,
) -> str:
    """Fit an atlas to a folder of slices and write its store; returns the content digest.

    Beside the store lie the log of the losses, NAME.losses.jsonl, and a report, NAME.report.html.

    Interrupted at any moment, the same call with `resume` goes on from the last checkpoint and
    writes the same store, bit for bit on a CPU; where the store was whole already, it only tidies
    up. With a `crew` this process leads, and the others take their part of every step in
    `training.network.joint.follow`.

    Raises:
        DataError, AtlasError: for slices that cannot be used or an `out` that cannot be written.
        StoreError: if the store cannot be written.
    """
    began = time.time()
    out = Path(out)
    if not out.name.endswith(".zarr"):
        raise AtlasError(f"--out {out}: the name of an atlas ends in .atlas.zarr")
    taken = AtlasError(f"{out} exists; choose another name or add --overwrite")
    if out.exists() and not overwrite and not resume:
        raise taken
    names = Path(config.atlas.names) if config.atlas.names else None
    if names:
        read_draft(names, config.model.n_factors)
    files = given_files(config)
    check_gene_sets(files.gene_sets)
    progress("Reading slices", 0.0)
    spots, reports = load_slices(
        Path(slices),
        data=config.data,
        quality=config.quality,
        stages=config.stages,
        genes=config.genes,
    )
    check_depths(spots.obs, config.data.depth_column)
    check_number(config.domains.number, min(spots.n_obs, config.sketch.spots))
    given = read_given(files, {**spots.var, "name": spots.var_names})
    for sentence in given.told():
        progress("Reading slices", 1.0, sentence)
    stages = [str(name) for name in spots.obs["stage"].cat.categories]
    draft = read_draft(names, config.model.n_factors, stages) if names else []
    progress("Reading slices", 1.0, f"{spots.n_obs:,} spots in {len(reports)} slices")
    workspace = Workspace(out)
    # What is given at the end of a fit can be changed while it is interrupted.
    settings = config.model_dump_json(exclude={"atlas": set(GIVEN)})
    content = digest_spots(spots)
    origin = describe_origin(content, config)
    if resume and out.exists() and (not overwrite or workspace.folder.exists()):
        progress("Looking at the store", 0.0)
        if digest := find_complete(out, origin, workspace.note):
            return _end(workspace, crew, digest, progress)
        if not overwrite:
            raise taken
    workspace.begin({"slices": content, "settings": settings}, resume)
    fitted = fit_model(
        spots, config, device=device, workspace=workspace, progress=progress, crew=crew
    )
    annotate(spots, fitted, config, progress)
    progress("Writing the store", 0.0)
    spots.uns.update(given.tables())
    for name, texts in given.columns().items():
        spots.var[name] = texts
    card = write_card(config, Path(slices), spots, reports, fitted, command, time.time() - began)
    card |= given.card()
    card |= {"scores": score_fit(spots, fitted), "made_of": origin}
    workspace.flush()
    losses = read_losses(workspace.log)
    mixing = measure_mixing(spots, fitted.latent, config.train.seed, fitted.sketch)
    sayings, unmet = settle_draft(
        draft,
        [str(name) for name in spots.uns["factors"]["name"]],
        [str(name) for name in spots.obs["domain"].cat.categories],
        stages,
    )
    if names:
        sentence = f"{len(sayings)} of {len(draft)} tables of {names.name} found what they name"
        progress("Giving names", 1.0, sentence)
    findings = [*find_findings(spots, fitted, mixing, losses), *check_names(unmet)]
    card["findings"] = [asdict(finding) for finding in findings]
    write_report(report_path(out), spots, fitted, mixing, findings, losses, card)
    try:
        digest = _export(out, spots, fitted, card, overwrite, sayings, names, workspace)
    except StoreUnwritten as error:
        raise AtlasError(f"{error} {GOES_ON}") from error
    workspace.finish()
    progress(
        "Writing the store",
        1.0,
        f"digest {digest[:12]}; {len(findings)} findings in {report_path(out).name}",
    )
    return digest


def _end(workspace: Workspace, crew: Crew | None, digest: str, progress: Progress) -> str:
    """End a fit that has nothing left to do but to tidy up."""
    from training.network.joint import release

    if crew:
        release(crew)
    workspace.finish()
    told = f"whole already, of the same slices and settings: digest {digest[:12]}"
    progress("Looking at the store", 1.0, told)
    return digest


def _export(
    out: Path,
    spots: AnnData,
    fitted: Fitted,
    card: dict[str, Any],
    overwrite: bool,
    sayings: Sequence[Saying],
    names: Path | None,
    workspace: Workspace,
) -> str:
    """Write the store, with the builder's names in it where there are any."""
    if not sayings or names is None:
        return export_atlas(out, spots, fitted.part, card, overwrite=overwrite)
    plain = workspace.folder / out.name
    export_atlas(plain, spots, fitted.part, card, overwrite=True)
    return write_named(open_atlas(plain), sayings, out, source=names.name, overwrite=overwrite)


def fit_model(
    spots: AnnData,
    config: Config,
    *,
    device: Device = "auto",
    workspace: Workspace | None = None,
    progress: Progress = silent,
    crew: Crew | None = None,
) -> Fitted:
    """Choose genes, build the graph, start by factorisation, train; all from `config`'s seed.

    A `crew` needs a `workspace`, through which the other processes get what is prepared here.
    """
    from training.processes.tensors import repeatable

    where = crew.device if crew else choose_device(device)
    if where.type == "cpu" or not config.train.deterministic:
        return _fit(spots, config, where, workspace, progress, crew)
    with repeatable(where, asked=True):
        return _fit(spots, config, where, workspace, progress, crew)


def _fit(
    spots: AnnData,
    config: Config,
    where: torch.device,
    workspace: Workspace | None,
    progress: Progress,
    crew: Crew | None,
) -> Fitted:
    import torch

    from training.inputs.resident import place_features
    from training.network.joint import lead
    from training.network.stepping import take_all_steps
    from training.network.trainer import Trainer, infer

    torch.manual_seed(config.train.seed)
    progress("Choosing genes, building the graph", 0.0)
    prepared = prepare(spots, config)
    n_genes, n_edges = len(prepared.genes), prepared.adjacency.nnz
    progress(
        "Choosing genes, building the graph",
        1.0,
        f"{n_genes:,} genes, {n_edges / spots.n_obs - 1:.1f} neighbours a spot",
    )
    if prepared.width is not None:
        progress("Choosing genes, building the graph", 1.0, prepared.width.told())
    encoding, reason = _choose_encoding(spots, prepared, config)
    choice = None
    if config.model.n_factors == 0:
        choice = choose_factors(prepared, config, where, progress)
        config = choice.applied_to(config)
    assembled = _assemble_paper if encoding.paper else _assemble
    generator = torch.Generator().manual_seed(config.train.seed)
    features, model, objective, start = assembled(
        prepared, config, encoding, generator, where, workspace, progress
    )
    trainer = Trainer(
        thin_features(features, prepared, start, config.train),
        model,
        config.train,
        config.loss,
        config.model.n_critic,
        generator,
        where,
        objective,
        crew,
    )
    state = workspace.load() if workspace else None
    if state:
        trainer.load_state_dict(state)
    if crew and workspace:
        lead(crew, trainer, config, encoding, workspace.folder / "shared")
    named = take_all_steps(trainer, workspace, progress)
    if crew:
        crew.part()
    # Trained on a part of the counts, described by all of them.
    source = trainer.source
    if trainer.features is not features:
        source = place_features(features, where, config.train.precision != "float32")
    latent, proportions = infer(trainer.model, source, where)
    fitted = Fitted(
        trainer.model,
        prepared,
        features,
        latent,
        proportions,
        start.get("blunt"),
        named,
        where,
        encoding,
        reason,
    )
    fitted.choice = choice
    fitted.factor_stability = start.get("stability", fitted.factor_stability)
    return fitted


def _choose_encoding(spots: AnnData, prepared: Prepared, config: Config) -> tuple[Encoding, str]:
    model, spacing = config.model, 0.0
    composed = Encoding(paper=model.paper, inputs=model.inputs).composed
    if model.encoder == "auto" and not composed:
        spacing = measure_spacing(np.asarray(spots.obsm["spatial"]), prepared.slices)
    name, reason = choose_encoder(model.encoder, spacing, spots.n_obs, composed=composed)
    return Encoding(name, model.paper, model.inputs), reason


def _assemble(
    prepared: Prepared,
    config: Config,
    encoding: Encoding,
    generator: torch.Generator,
    device: torch.device,
    workspace: Workspace | None,
    progress: Progress,
) -> tuple[Features, Networks, Objective, dict[str, NDArray]]:
    """Features, networks and objective of our own form, and the factorisation it starts with."""
    from training.network.encoders import principal_axes
    from training.network.headstart import begin_proportions
    from training.network.model import Model
    from training.network.objective import Objective
    from training.processes.tensors import to_tensor

    start = find_start(prepared, config, device, workspace, progress)
    loadings, effects = to_tensor(start["loadings"]), to_tensor(start["effects"])
    # Amounts of sharpened factors are noisier, so spots are described to the encoder by blunt ones.
    features = make_features(
        prepared,
        start["blunt"],
        start["effects"],
        config.genes.target_sum,
        encoding,
        config.train.seed,
        config.model.correction,
    )
    n_slices = int(prepared.slices.max()) + 1
    shape = config.model.model_copy(update={"encoder": encoding.encoder})
    axes = None
    if encoding.composed:
        inputs = features.inputs(np.arange(features.n_spots))
        axes = to_tensor(principal_axes(inputs, shape.n_latent))
    measured = None if prepared.measured is None else to_tensor(prepared.measured)
    model = Model(shape, n_slices, loadings, effects, generator, axes, measured)
    if config.start.head:
        begin_proportions(model, features, prepared.adjacency, config.train.seed)
    return features, model, Objective(config.train, n_slices), start


def _assemble_paper(
    prepared: Prepared,
    config: Config,
    encoding: Encoding,
    generator: torch.Generator,
    *_: object,
) -> tuple[Features, Networks, Objective, dict[str, NDArray]]:
    """The same in the paper's form, which starts at random."""
    from training.network.paper.networks import PaperModel
    from training.network.paper.objective import PaperObjective

    features = make_paper_features(prepared, config.genes.target_sum, encoding)
    n_slices = int(prepared.slices.max()) + 1
    model = PaperModel(config.model, encoding, n_slices, len(prepared.genes), generator)
    return features, model, PaperObjective(config.train, n_slices, encoding), {}
