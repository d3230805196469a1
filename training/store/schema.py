"""The format as data: its version, its elements, its constants. FORMAT.md says the same in words.

A test compares the table of elements in FORMAT.md with `ELEMENTS`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

FORMAT_VERSION = "1.0"
SUFFIX = ".atlas.zarr"
ROOT_KEY = "inspire_atlas"

# Bytes of the view: 0..TOP_BYTE span lo..hi, MISSING is no value.
TOP_BYTE = 254
MISSING = 255
MAX_CATEGORIES = 255
TARGET_SUM = 1e4

# One gene is one chunk; a shard holds up to SHARD_GENES of them and at most SHARD_BYTES raw.
SHARD_GENES = 250
SHARD_BYTES = 64 * 2**20
# Nonzeros per chunk and chunks per shard of reference/X: a gene is a few chunks, a file 16 MiB.
SPARSE_CHUNK = 65_536
SPARSE_SHARD_CHUNKS = 64

# More than these is not an atlas but a hostile or corrupt declaration.
DIMENSION_LIMITS = {
    "spots": 100_000_000,
    "genes": 1_000_000,
    "factors": 4_096,
    "latent": 65_536,
    "slices": 100_000,
    "columns": 10_000,
}
# An array may not declare more bytes than this floor plus this many times the store's own bytes.
EXPANSION_FLOOR = 64 * 2**20
EXPANSION_LIMIT = 2_000

# Of every slice and of all of them together.
ROW_SUM_TOLERANCE = 1e-3
# Columns of obs that never enter the view: one value per spot.
FREE_TEXT = ("spot",)
REQUIRED_OBS = ("slice", "stage", "time", "spot", "domain")

# Data frames that uns of the reference may hold, with their columns.
FRAMES = {
    "factors": ("factor", "name", "stability"),
    "markers": (
        "domain",
        "rank",
        "gene",
        "log2_fold_change",
        "spread",
        "n_slices",
        "share_inside",
        "share_outside",
        "p",
        "q",
    ),
    "domain_relations": (
        "relation",
        "domain",
        "stage",
        "other_domain",
        "other_stage",
        "value",
        "observed",
        "expected",
        "mutual",
    ),
    "annotations": ("of", "key", "former", "note", "color", "terms"),
    "orthologs": ("gene", "organism", "symbol", "ensembl_id"),
    "gene_sets": ("name", "description", "source", "genes", "absent"),
}

# Columns of var in which the gene search looks, first found first.
SYMBOL_COLUMNS = (
    "symbol",
    "gene_symbol",
    "gene_symbols",
    "gene_name",
    "gene_names",
    "gene_short_name",
    "feature_name",
)
DESCRIPTION_COLUMNS = ("description", "gene_description", "full_name", "gene_full_name")
ENSEMBL_COLUMNS = ("ensembl_id", "ensembl", "gene_id", "gene_ids", "feature_id")

# Desktop systems drop these into any folder they show; they are no part of a store.
LITTER = (".DS_Store", "Thumbs.db", "desktop.ini")

Node = Literal["group", "array", "csc", "categorical", "strings", "numbers", "booleans"]


@dataclass(frozen=True)
class Element:
    """One element: where it is, what it is, its own version, type and shape by dimension name.

    `chunks` 'row' means one row is one chunk. Digits in `shape` are literal lengths.
    """

    path: str
    node: Node
    version: str
    dtype: str = "-"
    shape: tuple[str, ...] = ()
    chunks: Literal["any", "row"] = "any"


ELEMENTS: tuple[Element, ...] = (
    Element("reference", "group", "1.0"),
    Element("reference/X", "csc", "1.0", "float32", ("spots", "genes")),
    Element("reference/obs/slice", "categorical", "1.0", "-", ("spots",)),
    Element("reference/obs/stage", "categorical", "1.0", "-", ("spots",)),
    Element("reference/obs/time", "numbers", "1.0", "-", ("spots",)),
    Element("reference/obs/spot", "strings", "1.0", "-", ("spots",)),
    Element("reference/obs/domain", "categorical", "1.0", "-", ("spots",)),
    Element("reference/var/highly_variable", "booleans", "1.0", "bool", ("genes",)),
    Element("reference/obsm/latent", "array", "1.0", "float32", ("spots", "latent")),
    Element("reference/obsm/factors", "array", "1.0", "float32", ("spots", "factors")),
    Element("reference/obsm/spatial", "array", "1.0", "float32", ("spots", "2")),
    Element("reference/obsm/umap", "array", "1.0", "float32", ("spots", "2")),
    Element("reference/varm/loadings", "array", "1.0", "float32", ("genes", "factors")),
    Element("view", "group", "1.0"),
    Element("view/genes", "array", "1.0", "uint8", ("genes", "spots"), "row"),
    Element("view/gene_max", "array", "1.0", "float32", ("genes",)),
    Element("view/factors", "array", "1.0", "uint8", ("factors", "spots"), "row"),
    Element("view/factor_max", "array", "1.0", "float32", ("factors",)),
    Element("view/obs", "array", "1.0", "uint8", ("columns", "spots"), "row"),
    Element("view/spatial", "array", "1.0", "float32", ("spots", "2")),
    Element("view/umap", "array", "1.0", "float32", ("spots", "2")),
    Element("view/totals", "array", "1.0", "float64", ("spots",)),
    Element("view/usage", "array", "1.0", "float32", ("slices", "factors")),
    Element("model", "group", "1.0"),
)

# Slices in common frames: may be there, as float32 of two or, with depths, three columns.
ALIGNED = "reference/obsm/spatial_aligned"
ALIGNED_COLUMNS = (2, 3)
# Which slice measured which gene: may be there, as booleans of genes × slices.
MEASURED = "reference/varm/measured"
# Beside it: the share of each spot's counts that is expected on the genes its slice measured.
SHARE = "measured_share"
# Counts summed over slices and domains: may be there, as float64 of genes × slices × domains.
PSEUDOBULK = "view/pseudobulk"


def element_versions() -> dict[str, str]:
    """Version of every element by path, as written in the root's attributes."""
    return {element.path: element.version for element in ELEMENTS}


def major(version: str) -> int:
    """Leading number of a version `MAJOR.MINOR`. Raises ValueError when it is not one."""
    head, dot, tail = version.partition(".")
    if not (dot and head.isascii() and head.isdigit() and tail.isascii() and tail.isdigit()):
        raise ValueError(f"{version!r} is not MAJOR.MINOR")
    return int(head)
