"""The fitted model as plain arrays in a store, and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from training.config import Config
from training.errors import NotFittedError
from training.inputs.correction import Correction
from training.inputs.encoding import Encoding
from training.inputs.features import Scaling, input_size
from training.inputs.panels import measured_shares, read_measured
from training.mapping.familiarity import ordinary_agreement, ordinary_distance
from training.store import ModelPart

if TYPE_CHECKING:
    import torch
    from anndata import AnnData

    from training.fitted import Fitted
    from training.network.encoders import Encoder, GeneEncoder

GENE_BLOCK = 1000


@dataclass(frozen=True)
class Parameters:
    """What a projection needs of a fit.

    Attributes:
        genes: names of the G fitted genes.
        loadings: (K, G) B, rows sum to 1.
        start: (K, G) loadings that the fit began with; the encoder's composition refers to them.
        rates: (K, all genes) expected counts of every reference gene per unit of amount.
        head_weight, head_bias: of the linear map from ELU(Z) to factor logits.
        scaling: standardisation of the encoder's input, None for the paper's form.
        distance: distance to the other slices that 95 % of reference spots stay within.
        agreement: of measured with decoded expression, that 95 % of reference spots exceed.
        encoding: which encoder was fitted.
        correction: of compositions, where they are the encoder's input.
        config: n_hidden, n_latent, target_sum, neighbours, radius, prior.
    """

    genes: list[str]
    loadings: NDArray[np.float32]
    start: NDArray[np.float32]
    rates: NDArray[np.float32]
    encoder: dict[str, NDArray[np.float32]]
    head_weight: NDArray[np.float32]
    head_bias: NDArray[np.float32]
    scaling: Scaling | None
    distance: float
    agreement: float
    encoding: Encoding
    config: dict[str, Any]
    correction: Correction | None = None

    def build_encoder(self) -> Encoder | GeneEncoder:
        """The encoder with its fitted weights, on the CPU, ready to be applied."""
        import torch

        from training.network.encoders import build_encoder
        from training.processes.tensors import to_tensor

        encoder = build_encoder(
            self.encoding,
            input_size(self.encoding, len(self.genes), len(self.loadings)),
            self.config["n_hidden"],
            self.config["n_latent"],
            torch.Generator().manual_seed(0),
        )
        encoder.load_state_dict(
            {name: to_tensor(array.copy()) for name, array in self.encoder.items()}
        )
        return encoder.eval()

    def proportions(self, latent: torch.Tensor) -> torch.Tensor:
        """beta (n, K) = softmax(linear(ELU(Z)))."""
        import torch

        from training.processes.tensors import to_tensor

        weight = to_tensor(self.head_weight.copy())
        bias = to_tensor(self.head_bias.copy())
        hidden = torch.nn.functional.elu(latent)
        return torch.softmax(hidden @ weight.T + bias, dim=1)


def pack_model(spots: AnnData, fitted: Fitted, config: Config) -> ModelPart:
    """Arrays and settings of a fit, for the store.

    Of a model across platforms the head is stored as it is for a query, whose slice it has never
    seen: beside the query's latent it is given the mean embedding of the reference's slices, which
    is one vector for all spots and so a part of the stored bias.
    """
    state, prepared = fitted.model.state_dict(), fitted.prepared
    arrays = {
        name: value.detach().cpu().numpy()
        for name, value in state.items()
        if name.startswith("encoder.") or name.startswith("factors.head.")
    }
    if fitted.model.across_platforms:
        _settle_embedding(arrays, state["decoder.slices"], config.model.n_latent)
    arrays["loadings"] = fitted.loadings
    arrays["effects"] = fitted.effects
    if prepared.measured is not None:
        arrays["effects"] = np.where(prepared.measured, fitted.effects, np.nan).astype(np.float32)
    arrays["start"] = fitted.start
    arrays["rates"] = _all_rates(spots, fitted, config)
    if fitted.features.scaling is not None:
        arrays["scaling_mean"] = fitted.features.scaling.mean
        arrays["scaling_deviation"] = fitted.features.scaling.deviation
    if fitted.features.correction is not None:
        arrays.update(
            (f"correction_{name}", array)
            for name, array in vars(fitted.features.correction).items()
        )
    settings = {
        "kind": fitted.encoding.encoder,
        "paper": fitted.encoding.paper,
        "inputs": fitted.encoding.inputs,
        "across_platforms": fitted.model.across_platforms,
        "genes": [str(spots.var_names[index]) for index in prepared.genes],
        "n_hidden": config.model.n_hidden,
        "n_latent": config.model.n_latent,
        "target_sum": config.genes.target_sum,
        "neighbours": prepared.neighbours,
        "radius": config.graph.radius,
        "prior": config.start.prior,
        "distance": ordinary_distance(fitted.latent, prepared.slices, config.train.seed),
        "agreement": ordinary_agreement(
            prepared, fitted.proportions, fitted.loadings, config.train.seed
        ),
    }
    return ModelPart(arrays, settings)


def _settle_embedding(
    arrays: dict[str, NDArray[np.float32]], embedding: torch.Tensor, n_latent: int
) -> None:
    """Reduce a head on [Z, slice embedding] to one on Z, at the mean of embeddings (S, e)."""
    import torch

    weight = arrays["factors.head.weight"]
    mean = torch.nn.functional.elu(embedding.mean(dim=0)).detach().cpu().numpy()
    arrays["factors.head.bias"] = arrays["factors.head.bias"] + weight[:, n_latent:] @ mean
    arrays["factors.head.weight"] = np.ascontiguousarray(weight[:, :n_latent])


def unpack_model(part: ModelPart) -> Parameters:
    """The parameters stored by `pack_model`.

    Raises:
        NotFittedError: if the store holds no fitted model.
    """
    arrays, config = part.arrays, part.config
    # Atlases of the first versions do not name their encoder: there was one, fed with genes.
    kind = config.get("kind", "lgcn")
    needed = ("loadings", "start", "rates", "factors.head.weight", "factors.head.bias")
    whole = all(name in arrays for name in needed) and any(n.startswith("encoder.") for n in arrays)
    if not whole or kind not in ("lgcn", "gat"):
        raise NotFittedError(
            "this atlas holds no fitted model, so nothing can be mapped onto it; "
            "make it again with `atlas fit`"
        )
    prefix = "encoder."
    scaling = None
    if "scaling_mean" in arrays:
        scaling = Scaling(arrays["scaling_mean"], arrays["scaling_deviation"])
    correction = None
    if "correction_centres" in arrays:
        correction = Correction(
            **{name: arrays[f"correction_{name}"] for name in ("origin", "centres", "means")}
        )
    return Parameters(
        genes=list(config["genes"]),
        loadings=arrays["loadings"],
        start=arrays["start"],
        rates=arrays["rates"],
        encoder={
            name.removeprefix(prefix): array
            for name, array in arrays.items()
            if name.startswith(prefix)
        },
        head_weight=arrays["factors.head.weight"],
        head_bias=arrays["factors.head.bias"],
        scaling=scaling,
        distance=float(config["distance"]),
        agreement=float(config["agreement"]),
        encoding=Encoding(kind, bool(config.get("paper", False)), config.get("inputs", "genes")),
        config=config,
        correction=correction,
    )


def _all_rates(spots: AnnData, fitted: Fitted, config: Config) -> NDArray[np.float32]:
    """(K, all genes) rates: B for fitted genes, Poisson regression on frozen amounts elsewhere.

    Markers are often not among the variable genes; this gives every gene its place in the factors.
    A gene is judged by the slices that measured it.
    In large collections the regression is over the sketch: it has K numbers to find for a gene.
    """

    from training.factors.factorise import fit_loadings
    from training.processes.tensors import to_tensor

    prepared, rows = fitted.prepared, fitted.sketch
    depth = np.asarray(prepared.counts.sum(axis=1)).ravel()
    measured = read_measured(spots)
    if prepared.measured is not None:
        depth = depth / measured_shares(
            fitted.proportions, fitted.loadings, prepared.measured, prepared.slices
        )
    amounts = to_tensor((fitted.proportions * depth[:, None]).astype(np.float32)[rows])
    slices = to_tensor(prepared.slices[rows])
    rates = np.zeros((len(fitted.loadings), spots.n_vars), dtype=np.float32)
    rates[:, prepared.genes] = fitted.loadings
    rest = np.setdiff1d(np.arange(spots.n_vars), prepared.genes)
    if not len(rest):
        return rates
    counts = (spots.X if len(rows) == spots.n_obs else spots.X[rows]).tocsc()
    # A block is dense over all spots: fewer genes at once where there are many spots.
    block = max(16, min(GENE_BLOCK, 20_000_000 // max(len(rows), 1)))
    for start in range(0, len(rest), block):
        chosen = rest[start : start + block]
        dense = to_tensor(counts[:, chosen].toarray().astype(np.float32))
        fitted_rates, _ = fit_loadings(
            dense,
            slices,
            amounts,
            prior=config.start.prior,
            measured=None if measured is None else to_tensor(measured[:, chosen]),
        )
        rates[:, chosen] = fitted_rates.numpy()
    return rates
