"""The model in Python: fit, transform, save, load."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from training.config import Config, Device
from training.errors import AtlasError, DataError, NotFittedError
from training.mapping.encoding.parameters import Parameters, pack_model, unpack_model
from training.mapping.reading.query import check_shared, make_query, match_genes
from training.progress import Progress, silent
from training.slices.spots import check_spots
from training.store import ModelPart
from training.store.genes.search import GeneIndex
from training.store.schema import ENSEMBL_COLUMNS, SYMBOL_COLUMNS

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

KIND = "inspire-atlas model"
PREFIX = "array."
VERSION = 1
"""Of the file. Higher versions are refused; every version written once stays readable."""


class Inspire:
    """An encoder, factors and loadings, fitted to slices and applied to further ones.

    Attributes:
        config: settings of the last fit, or of the next.
        loadings_: (K, G) loadings of `genes_`, the fitted genes; rows sum to 1. After `fit` or
            `load`.
        spots_: the fitted spots; their latent_ (n, d) and proportions_ (n, K), whose rows sum to 1.
            After `fit`.

    Whatever is asked of it before raises NotFittedError.
    """

    def __init__(self, config: Config | None = None) -> None:
        self.config = config or Config()
        self._part: ModelPart | None = None
        self._parameters: Parameters | None = None
        self._index: GeneIndex | None = None
        self._fitted: tuple[AnnData, NDArray[np.float32], NDArray[np.float32]] | None = None

    def fit(
        self,
        slices: AnnData | str | Path,
        config: Config | None = None,
        *,
        device: Device = "auto",
        progress: Progress = silent,
    ) -> Inspire:
        """Fit to slices: what `atlas fit` reads, or spots as `training.slices.load` gives them.

        Args:
            slices: a path, or an AnnData with raw counts in X, obs['slice'] and
                obsm['spatial'] (n, 2); varm['measured'] (genes, slices) where some slices did not
                measure all genes.
            config: settings, in place of those given before.

        Raises:
            DataError: for slices that cannot be used; a model fitted before then stays.
        """
        from training.fit import fit_model
        from training.slices.load import load_slices

        settings = config or self.config
        if isinstance(slices, str | Path):
            spots, _ = load_slices(
                Path(slices),
                data=settings.data,
                quality=settings.quality,
                stages=settings.stages,
                genes=settings.genes,
            )
        else:
            spots = check_spots(slices, filled=True)
        fitted = fit_model(spots, settings, device=device, progress=progress)
        part = pack_model(spots, fitted, settings)
        var = spots.var
        names = {
            "names": [str(name) for name in spots.var_names],
            "symbols": _aliases(var, SYMBOL_COLUMNS),
            "ensembl_ids": _aliases(var, ENSEMBL_COLUMNS),
        }
        self._take(ModelPart(part.arrays, {**part.config, "all_genes": names}))
        self.config = settings
        self._fitted = (spots, fitted.latent, fitted.proportions)
        return self

    def transform(self, spots: AnnData) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Latent (n, d) and proportions (n, K) of further slices, in the order of their spots.

        Encoder and loadings stay frozen; each slice has its own slice-gene effects, as in a
        projection onto an atlas. Genes are found by name, symbol or Ensembl id; at least 10 of
        the fitted ones are needed, the rest is filled in. Proportions are the encoder's: those of
        a projection with few genes lean on a regression besides, which a rehearsal on an atlas
        weighs.

        Args:
            spots: raw counts in X, obsm['spatial'] (n, 2); obs['slice'] where there are several.

        Raises:
            NotFittedError: before `fit` or `load`; DataError: for spots that cannot be used.
        """
        from training.mapping.encoding.queryencoding import encode_query

        parameters = self._need()
        spots = check_spots(spots, filled=False)
        matched = match_genes(spots.var, self)
        problems = check_shared("spots", spots.var, matched[1], parameters.genes)
        if problems:
            raise DataError(problems)
        query = make_query(
            spots.X,
            spots.obs,
            spots.var,
            np.asarray(spots.obsm["spatial"]),
            spots.obs["slice"].cat.codes.to_numpy().astype(np.int64),
            matched,
            parameters.genes,
        )
        encoded = encode_query(self._names, parameters, query)
        return encoded.latent, encoded.proportions

    def save(self, path: str | Path) -> None:
        """Write the model as one file of plain arrays (.npz); nothing in it is pickled, and nothing
        tells of the device it was fitted on. The fitted spots stay behind.

        Raises:
            NotFittedError: before `fit` or `load`; AtlasError: if the file cannot be written.
        """
        self._need()
        assert self._part is not None
        path = Path(path)
        head = {"kind": KIND, "version": VERSION, "config": self._part.config}
        settings = self.config.model_dump(mode="json", exclude_unset=True)
        text = json.dumps({**head, "settings": settings}, sort_keys=True)
        arrays = {PREFIX + name: values for name, values in self._part.arrays.items()}
        buffer = io.BytesIO()
        np.savez(buffer, head=np.frombuffer(text.encode(), dtype=np.uint8), **arrays)  # type: ignore[arg-type]
        temporary = path.with_name(f".{path.name}.part")
        try:
            temporary.write_bytes(buffer.getvalue())
            temporary.replace(path)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise AtlasError(f"{path} cannot be written: {error}") from error

    @classmethod
    def load(cls, path: str | Path) -> Inspire:
        """A model that `save` wrote, on the CPU.

        Raises:
            AtlasError: for a file that is none, or of a later version than this one reads.
        """
        head, arrays = _read(Path(path))
        try:
            model = cls(Config.model_validate(head.get("settings", {})))
        except ValueError:
            # Settings say how a fit was made; the model needs none of them.
            model = cls()
        model._take(ModelPart(arrays, head["config"]))
        return model

    @property
    def genes_(self) -> list[str]:
        return list(self._need().genes)

    @property
    def loadings_(self) -> NDArray[np.float32]:
        return self._need().loadings

    @property
    def spots_(self) -> AnnData:
        return self._need_fit()[0]

    @property
    def latent_(self) -> NDArray[np.float32]:
        return self._need_fit()[1]

    @property
    def proportions_(self) -> NDArray[np.float32]:
        return self._need_fit()[2]

    @property
    def n_genes(self) -> int:
        """Genes of the reference, fitted or not."""
        return len(self._names)

    def resolve_gene(self, name: str) -> str | None:
        """The reference's gene meant by a name, symbol or Ensembl id; None if none or several."""
        self._need()
        assert self._index is not None
        return self._index.resolve(name)

    @property
    def orthologs(self) -> None:
        """A model alone has no table of orthologs; a store may."""
        return None

    @property
    def _names(self) -> list[str]:
        self._need()
        assert self._index is not None
        return [hit.name for hit in self._index.hits]

    def _take(self, part: ModelPart) -> None:
        parameters = unpack_model(part)
        names = part.config["all_genes"]
        fitted = set(parameters.genes)
        self._index = GeneIndex(
            names["names"],
            names["symbols"],
            names["ensembl_ids"],
            [name in fitted for name in names["names"]],
        )
        self._part, self._parameters, self._fitted = part, parameters, None

    def _need(self) -> Parameters:
        if self._parameters is None:
            raise NotFittedError(
                "this model has not been fitted: call fit(slices) first, or Inspire.load(path)"
            )
        return self._parameters

    def _need_fit(self) -> tuple[AnnData, NDArray[np.float32], NDArray[np.float32]]:
        self._need()
        if self._fitted is None:
            raise NotFittedError(
                "this model was loaded, and the spots it was fitted to are not in its file: "
                "call transform(spots), or fit(slices)"
            )
        return self._fitted


def _aliases(var: pd.DataFrame, candidates: Sequence[str]) -> list[str]:
    """The first of some columns that is there, as text; '' for a gene without a value."""
    for name in candidates:
        if name in var:
            return ["" if value is None or value != value else str(value) for value in var[name]]
    return [""] * len(var)


def _read(path: Path) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Head and arrays of a file of `Inspire.save`."""
    problem = f"{path} is no model that Inspire.save wrote"
    try:
        with np.load(path, allow_pickle=False) as stored:
            arrays = dict(stored)
        head = json.loads(arrays.pop("head").tobytes().decode())
        kind, version = head["kind"], int(head["version"])
    except FileNotFoundError as error:
        raise AtlasError(f"{path}: no such file") from error
    except (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile) as error:
        raise AtlasError(f"{problem}: {error}") from error
    if kind != KIND:
        raise AtlasError(f"{problem}: it says {str(kind)[:60]!r}")
    if version > VERSION:
        raise AtlasError(
            f"{path} has version {version} of the model's file; this installation reads up to "
            f"{VERSION}: use a newer inspire-atlas"
        )
    return head, {name.removeprefix(PREFIX): values for name, values in arrays.items()}
