"""Opening a store: a read-only atlas that loads what is asked for and no more."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import zarr

from training.store.errors import GeneNotFound, StoreError, located
from training.store.genes.rankedgenes import name_factors, rank_genes
from training.store.genes.search import GeneIndex, read_index
from training.store.given.annotations import read_annotations
from training.store.given.givensets import BuilderSet, read_gene_sets
from training.store.given.orthologs import Orthologs, read_orthologs
from training.store.hierarchy.encoding import Column
from training.store.hierarchy.nodes import get_array
from training.store.hierarchy.quantise import log_per_ten_thousand
from training.store.parts.factortable import read_factor_table, stored_names, stored_stability
from training.store.parts.frames import read_table
from training.store.parts.model import read_model
from training.store.parts.pseudobulk import read_blocks
from training.store.parts.reference import Reference
from training.store.parts.view import unmeasured_spots
from training.store.parts.viewmeta import ViewMeta
from training.store.places.locate import locate
from training.store.places.location import Location, atlas_id
from training.store.places.rows import ByteRows
from training.store.records import (
    Annotation,
    GeneHit,
    GeneWeight,
    ModelPart,
    ObsColumn,
    SliceInfo,
    StageInfo,
    Values,
)
from training.store.schema import ALIGNED, PSEUDOBULK
from training.store.structure import Header, check_size, check_structure, read_header
from training.store.validate import open_root

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from zarr.abc.store import Store

COORDINATES = ("spatial", "umap")


def open_atlas(path: str | Path | Store, anonymous: bool | None = None) -> Atlas:
    """Open the store at `path`, a folder NAME.atlas.zarr (or a URL, or an open zarr store).

    Checks the structure (files, version, types, shapes), not the numbers: see `validate_store`.
    `anonymous` reads object storage without credentials; None does as ATLAS_ANONYMOUS says.
    Raises StoreError, which says what was found, what was expected and what to do, and
    StoreUnreachable.
    """
    location = locate(path, anonymous)
    place = str(location)
    root = open_root(location)
    header = read_header(root, place)
    n_bytes = check_size(location, header)
    structure = check_structure(root, place, n_bytes)
    if structure.faults or structure.meta is None:
        raise structure.faults[0]
    return Atlas(location, root, header, structure.dimensions, structure.meta)


class Atlas:
    """A fitted atlas, read-only. Rows of every spot-wise array are in the order of `reference/`.

    May be shared by threads. `n` below is `n_spots`, K `n_factors`. `path` is the resolved folder,
    None of a store behind a URL, whose reading may raise StoreUnreachable at any time.
    """

    def __init__(
        self,
        location: Location,
        root: zarr.Group,
        header: Header,
        dimensions: dict[str, int],
        meta: ViewMeta,
    ) -> None:
        self.location = location
        self.path: Path | None = location.local
        self.id = atlas_id(location.name)
        self.digest = header.digest
        self.format_version = header.format_version
        self.created = header.created
        self.card = header.card
        self.n_spots = dimensions["spots"]
        self.n_genes = dimensions["genes"]
        self.n_factors = dimensions["factors"]
        self.slices: list[SliceInfo] = meta.slices
        self.stages: list[StageInfo] = meta.stages()
        self.obs_columns: dict[str, ObsColumn] = {
            c.name: ObsColumn(c.name, c.kind, c.categories, c.colors) for c in meta.columns
        }
        self._place = str(location)
        self._meta = meta
        self._root = root
        self._rows = {column.name: i for i, column in enumerate(meta.columns)}
        self._arrays: dict[str, ByteRows] = {}
        self._reference = Reference(root, self._place)

    def __repr__(self) -> str:
        stages = "1 stage" if len(self.stages) == 1 else f"{len(self.stages)} stages"
        slices = "1 slice" if len(self.slices) == 1 else f"{len(self.slices)} slices"
        return (
            f"Atlas {self.id!r}: {self.n_spots:,} spots × {self.n_genes:,} genes, "
            f"{self.n_factors} factors, {slices} in {stages} (digest {self.digest[:12]})"
        )

    @cached_property
    def genes(self) -> list[str]:
        """var_names, in order."""
        return self._reference.names("var")

    @cached_property
    def spot_names(self) -> list[str]:
        """obs_names, unique over the atlas. The names in the source files are obs('spot')."""
        return self._reference.names("obs")

    def gene(self, name: str) -> np.ndarray:
        """log(1 + 10,000 · count / total count of the spot) of one gene, float32 (n,).

        `name` is a gene name, symbol or Ensembl id. Exact, from the stored counts; NaN in slices
        that did not measure the gene. Raises GeneNotFound.
        """
        gene = self._position(name)
        spots, counts = self._reference.gene_nonzeros(gene)
        values = self._blank(gene)
        values[spots] = log_per_ten_thousand(counts, self._totals[spots])
        return values

    def counts(self, name: str) -> np.ndarray:
        """Raw counts of one gene, float32 (n,), NaN where not measured. Raises GeneNotFound."""
        gene = self._position(name)
        spots, counts = self._reference.gene_nonzeros(gene)
        values = self._blank(gene)
        values[spots] = counts
        return values

    def count_columns(self, names: Sequence[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Raw counts of many genes, read together: the parts of a CSC matrix (n, genes).

        Offsets int64 (genes + 1), spot indices, counts; genes in the order of `names`. A gene that
        a slice did not measure has no counts there; see `measured`. Raises GeneNotFound.
        """
        genes = np.array([self._position(name) for name in names], dtype=np.int64)
        return self._reference.columns_of(genes)

    def gene_counts(self) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
        """Stored counts of all genes, one after the other, read some MiB at a time.

        Yields (position of the gene, rows of spots rising, counts), both of one length; a stored
        count may be 0. A gene that a slice did not measure has none there; see `measured`.
        """
        return self._reference.genes_nonzeros(0, self.n_genes)

    def factor(self, k: int) -> np.ndarray:
        """Proportion of factor `k` (from 0) in every spot, float32 (n,) in [0, 1]."""
        return self.factors[:, self._factor(k)].copy()

    def obs(self, column: str) -> np.ndarray:
        """A column of obs (n,): float64 with NaN, or an object array of str with None."""
        found = self._obs_column(column)
        if found.kind == "category":
            labels = np.array([*found.categories, None], dtype=object)
            return labels[found.codes]
        if found.kind == "other":
            raise StoreError(
                f"{self._place}/reference/obs/{column}",
                "a column in a form only AnnData reads",
                "numbers, categories or text",
                "open reference/ with anndata.read_zarr.",
            )
        return found.values

    def coordinates(self, kind: str = "spatial") -> np.ndarray:
        """Positions, float32 (n, 2): 'spatial' in the unit of the card, 'umap' without unit."""
        if kind not in COORDINATES:
            raise StoreError(self._place, f"coordinates {kind!r}", f"one of {COORDINATES}")
        return self._read(f"view/{kind}")

    @cached_property
    def aligned(self) -> np.ndarray | None:
        """Positions with the slices brought into common frames, float32 (n, 2), or (n, 3) with the
        depth of each slice; None of a store without them. card['alignment'] says how each slice
        was moved, how well it fits, and which share a frame."""
        if ALIGNED not in self._root:
            return None
        return _frozen(self._read(ALIGNED))

    @cached_property
    def latent(self) -> np.ndarray:
        """Latent Z, float32 (n, d)."""
        return _frozen(self._read("reference/obsm/latent"))

    @cached_property
    def factors(self) -> np.ndarray:
        """Factor proportions β, float32 (n, K); every row sums to 1."""
        return _frozen(self._read("reference/obsm/factors"))

    @cached_property
    def loadings(self) -> np.ndarray:
        """Loadings B, float32 (n_genes, K); columns sum to 1; NaN for genes not fitted."""
        return _frozen(self._read("reference/varm/loadings"))

    @cached_property
    def highly_variable(self) -> np.ndarray:
        """Which genes were chosen for the fit, bool (n_genes,)."""
        return _frozen(self._read("reference/var/highly_variable"))

    @cached_property
    def measured(self) -> np.ndarray | None:
        """Which gene each slice measured, bool (n_genes, n_slices); None where all measured all."""
        measured = self._reference.measured
        return None if measured is None else _frozen(measured)

    @property
    def has_pseudobulk(self) -> bool:
        """Whether the store holds what `domain_counts` gives; else that is summed each time."""
        return PSEUDOBULK in self._root

    def domain_counts(self) -> Iterator[tuple[int, np.ndarray]]:
        """Raw counts summed over the spots of each slice and domain, a block of genes at a time.

        Yields (position of the first gene, float64 (genes, n_slices, n_domains)), the domains in
        the order of obs_columns['domain'].categories. A gene that a slice did not measure is 0
        there; see `measured`.
        """
        return read_blocks(self._root, self._reference, self.slices, self._place)

    @cached_property
    def totals(self) -> np.ndarray:
        """Counts of every spot over the genes its slice measured, float64 (n,)."""
        return _frozen(self._totals)

    def usage(self) -> np.ndarray:
        """Mean proportion of every factor in every slice, float32 (n_slices, K)."""
        return self._read("view/usage")

    def values(self, kind: str, name: str | int) -> Values:
        """What a browser draws: `kind` 'gene', 'factor' or 'obs', one byte per spot.

        See `Values` for the scale. Raises GeneNotFound, or StoreError for an unknown kind,
        factor or column.
        """
        if kind == "gene":
            gene = self._position(str(name))
            return Values(self._row("view/genes", gene), 0.0, float(self._gene_max[gene]), "number")
        if kind == "factor":
            k = self._factor(name)
            hi = float(self._factor_max[k])
            return Values(self._row("view/factors", k), 0.0, hi, "number")
        if kind != "obs":
            raise StoreError(self._place, f"values of {kind!r}", "'gene', 'factor' or 'obs'")
        row = self._rows.get(str(name))
        if row is None:
            known = ", ".join(self.obs_columns)
            raise StoreError(
                self._place, f"no column {str(name)[:80]!r} to draw", f"one of {known}"
            )
        column = self._meta.columns[row]
        categories = column.categories if column.kind == "category" else None
        data = self._row("view/obs", row)
        return Values(data, column.lo, column.hi, column.kind, categories)

    def find_genes(self, prefix: str, limit: int = 20) -> list[GeneHit]:
        """Genes whose name, symbol or Ensembl id (any version) holds `prefix`, in any case.

        Exact matches come first, then those that start with it, then the rest.
        """
        return self._index.find(prefix, limit)

    def resolve_gene(self, name: str) -> str | None:
        """The var_name meant by a name, symbol or Ensembl id; None if none or several."""
        return self._index.resolve(name)

    def describe_gene(self, name: str) -> GeneHit:
        """The gene that a name, symbol or Ensembl id means. Raises GeneNotFound."""
        return self._index.hits[self._position(name)]

    @cached_property
    def factor_names(self) -> list[str]:
        """Name of every factor, unique: its first genes by score, unless the store names it."""
        stored = stored_names(self._factor_table, self.n_factors)
        return stored or name_factors(self.loadings, self.genes)

    @cached_property
    def factor_stability(self) -> np.ndarray:
        """How alike each factor came back from random halves of the spots, 0..1, float64 (K,);
        NaN where that was not judged."""
        return _frozen(stored_stability(self._factor_table, self.n_factors))

    @cached_property
    def annotations(self) -> dict[tuple[str, str], Annotation]:
        """What the builder says, by ('factor', '3'), ('domain', NAME) or ('stage', NAME)."""
        return read_annotations(self._reference)

    @cached_property
    def orthologs(self) -> Orthologs | None:
        """Another organism's genes by the builder's table; None of a store without one."""
        return read_orthologs(self._reference)

    @cached_property
    def gene_sets(self) -> list[BuilderSet]:
        """Gene sets that the builder gave, in order; none of a store without them."""
        return read_gene_sets(self._reference)

    @cached_property
    def _factor_table(self) -> dict[str, np.ndarray]:
        return read_factor_table(self._reference)

    def factor_genes(self, k: int, n: int = 50) -> list[GeneWeight]:
        """The `n` genes of factor `k` with the highest score (loading · specificity)."""
        return rank_genes(self.loadings, self.genes, self._factor(k), n)

    def table(self, name: str) -> dict[str, np.ndarray]:
        """'genes' or a table of uns ('markers' and others) by columns: float64 with NaN, or str
        with None. Raises StoreError for a table that the atlas does not hold."""
        return read_table(self._reference, name)

    def model(self) -> ModelPart:
        """Weights, preprocessing parameters and configuration, for projecting a query. Raises
        StoreError for a store behind a web server, which does not name the weights."""
        return read_model(self._root, self._place)

    @property
    def reference_group(self) -> zarr.Group:
        """`reference/`, read-only: what anndata.read_zarr takes, wherever the store lies."""
        return self._reference.group

    @cached_property
    def _index(self) -> GeneIndex:
        return read_index(self._reference, ~np.isnan(self.loadings).all(axis=1))

    @cached_property
    def _totals(self) -> np.ndarray:
        return self._read("view/totals")

    @cached_property
    def _gene_max(self) -> np.ndarray:
        return self._read("view/gene_max")

    @cached_property
    def _factor_max(self) -> np.ndarray:
        return self._read("view/factor_max")

    def _obs_column(self, name: str) -> Column:
        known = self._reference.columns("obs")
        if name not in known:
            found, expected = f"no column {str(name)[:80]!r}", f"one of {', '.join(known)}"
            raise StoreError(f"{self._place}/reference/obs", found, expected)
        return self._reference.column("obs", name)

    def _position(self, name: str) -> int:
        position = self._index.position(name)
        if position is None:
            raise GeneNotFound(self._place, name, self._index.closest(name, 5))
        return position

    def _blank(self, gene: int) -> np.ndarray:
        """Values of a gene without counts: 0, and NaN where it was not measured."""
        values = np.zeros(self.n_spots, dtype=np.float32)
        unmeasured = unmeasured_spots(self._reference, self.slices, gene)
        if unmeasured is not None:
            values[unmeasured] = np.nan
        return values

    def _factor(self, k: str | int) -> int:
        try:
            number = int(k)
        except (TypeError, ValueError):
            number = -1
        if not 0 <= number < self.n_factors:
            expected = f"a number from 0 to {self.n_factors - 1}"
            raise StoreError(self._place, f"no factor {str(k)[:40]!r}", expected)
        return number

    def _row(self, path: str, row: int) -> np.ndarray:
        if path not in self._arrays:
            array = get_array(self._root, path, self._place)
            self._arrays[path] = ByteRows(array, self.location, path)
        return self._arrays[path].read(row)

    def _read(self, path: str) -> np.ndarray:
        array = get_array(self._root, path, self._place)
        with located(f"{self._place}/{path}"):
            return np.asarray(array[...])


def _frozen(values: np.ndarray) -> np.ndarray:
    """Shared between callers, hence not to be written to."""
    values.flags.writeable = False
    return values
