"""What a builder gives of genes: orthologs, gene sets, descriptions, read for one atlas."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from training.naming.descriptionfile import GeneDescriptions, read_descriptions
from training.naming.genesetfile import GivenSets, read_gene_sets
from training.naming.orthologfile import OrthologTable, read_ortholog_table

if TYPE_CHECKING:
    import pandas as pd

    from training.config import Config


@dataclass(frozen=True)
class GivenFiles:
    """Files of what is known of genes; none of them has to be there."""

    orthologs: Path | None = None
    gene_sets: tuple[Path, ...] = ()
    descriptions: Path | None = None

    def first(self) -> Path | None:
        """The first of the files, None without any."""
        files = (self.orthologs, *self.gene_sets, self.descriptions)
        return next((path for path in files if path), None)


@dataclass(frozen=True)
class Given:
    """What the files say of the genes of one atlas. Each part takes the place of a former one."""

    orthologs: OrthologTable | None = None
    gene_sets: GivenSets | None = None
    descriptions: GeneDescriptions | None = None

    def tables(self) -> dict[str, pd.DataFrame]:
        """Data frames for `uns` of the store, by name."""
        frames = {"orthologs": self.orthologs, "gene_sets": self.gene_sets}
        return {name: part.frame() for name, part in frames.items() if part is not None}

    def columns(self) -> dict[str, list[str]]:
        """Columns of text for `var` of the store, by name."""
        return {} if self.descriptions is None else {"description": self.descriptions.texts}

    def card(self) -> dict[str, Any]:
        """What the model card says of them."""
        return {name: part.card() for name, part in self._parts().items()}

    def told(self) -> list[str]:
        """A sentence on each part."""
        return [part.told() for part in self._parts().values()]

    def _parts(self) -> dict[str, OrthologTable | GivenSets | GeneDescriptions]:
        parts = {
            "orthologs": self.orthologs,
            "gene_sets": self.gene_sets,
            "descriptions": self.descriptions,
        }
        return {name: part for name, part in parts.items() if part is not None}


NOTHING = Given()


def read_given(files: GivenFiles, columns: Mapping[str, Any]) -> Given:
    """Read the files for an atlas whose genes are `columns`, as `name` and whatever its `var` has.

    Raises:
        DataError: for a file with faults.
    """
    return Given(
        orthologs=read_ortholog_table(files.orthologs, columns) if files.orthologs else None,
        gene_sets=read_gene_sets(files.gene_sets, columns) if files.gene_sets else None,
        descriptions=(
            read_descriptions(files.descriptions, columns) if files.descriptions else None
        ),
    )


def given_files(config: Config) -> GivenFiles:
    """The files that the settings of a fit name."""
    return GivenFiles(
        orthologs=Path(config.genes.orthologs) if config.genes.orthologs else None,
        gene_sets=tuple(map(Path, config.atlas.gene_sets)),
        descriptions=Path(config.atlas.descriptions) if config.atlas.descriptions else None,
    )
