"""An atlas written anew with what its builder gave it: names, and what is known of genes."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from training.errors import AtlasError
from training.naming.given import NOTHING, Given, GivenFiles, read_given
from training.naming.namesfile import Saying, read_names
from training.store import Annotation, Atlas, create_atlas, open_atlas
from training.store.given.palette import category_colors
from training.store.places.location import local_path

STAGED = "imputation_pearson_"


def annotate_atlas(
    store: str | Path,
    names: Path | None,
    out: Path,
    *,
    files: GivenFiles | None = None,
    command: str = "",
    say: Callable[[str], object] = lambda _: None,
) -> str:
    """Write a store like `store` in which the names of a file hold, and return its digest.

    Domains and stages are renamed wherever they stand; counts, latent, factors and the model stay
    bit for bit. What the file leaves unsaid stays as it was. See `read_names` for the file, and
    `given.read_given` for further `files`, each of which takes the place of what was given before;
    what they came to is told to `say`.

    Raises:
        DataError: for a file with faults, all of them; AtlasError: for an `out` that exists, or
            without any file.
        StoreError: for a store that is none or an `out` that cannot be written.
    """
    out = local_path(out)
    if out.exists():
        raise AtlasError(f"{out} exists; choose another name: the atlas itself is never changed")
    first = names or (files.first() if files else None)
    if first is None:
        raise AtlasError(
            "nothing to write: give a file of names, --orthologs TABLE.csv, --gene-sets SETS.gmt "
            "or --descriptions TABLE.csv"
        )
    atlas = open_atlas(store)
    sayings = [] if names is None else read_names(names, atlas)
    given = read_given(files, atlas.table("genes")) if files else NOTHING
    digest = write_named(atlas, sayings, out, source=first.name, given=given, command=command)
    for sentence in given.told():
        say(sentence)
    return digest


def write_named(
    atlas: Atlas,
    sayings: Sequence[Saying],
    out: Path,
    *,
    source: str,
    given: Given = NOTHING,
    command: str = "",
    overwrite: bool = False,
) -> str:
    """Write a store like `atlas` in which `sayings` hold, and return its digest.

    `source` is the name of the file they are from, for the model card. What is `given` of genes
    takes the place of what the atlas has of its kind.

    Raises:
        StoreError: for an `out` that cannot be written.
    """
    renamed = {
        of: {s.key: s.name for s in sayings if s.of == of and s.name}
        for of in ("factor", "domain", "stage")
    }
    said = gather(atlas, sayings)
    return create_atlas(
        out,
        write_reference=lambda folder: _write(atlas, folder, renamed, said, given),
        model=atlas.model(),
        card=_card(atlas, renamed["stage"], source, given, command),
        overwrite=overwrite,
    )


def gather(atlas: Atlas, sayings: Sequence[Saying]) -> list[Annotation]:
    """All that is said of the atlas once `sayings` hold, under the new names, in its order."""
    told = {(s.of, s.key): s for s in sayings}
    present = [("factor", str(k), name) for k, name in enumerate(atlas.factor_names)]
    for of in ("domain", "stage"):
        present += [(of, name, name) for name in atlas.obs_columns[of].categories]
    found = []
    for of, key, name in present:
        before, saying = atlas.annotations.get((of, key)), told.get((of, key))
        if before is None and saying is None:
            continue
        now = before or Annotation(of, key)
        if saying is not None:
            changes: dict[str, Any] = {
                field: getattr(saying, field)
                for field in ("note", "color", "terms")
                if getattr(saying, field) is not None
            }
            if saying.name and saying.name != name:
                changes["former"] = now.former or name
                if of != "factor":
                    changes["key"] = saying.name
            now = replace(now, **changes)
        found.append(now)
    return found


def _write(
    atlas: Atlas,
    folder: Path,
    renamed: Mapping[str, Mapping[str, str]],
    said: Sequence[Annotation],
    given: Given,
) -> None:
    """A copy of `reference/` with the names in it."""
    import anndata
    import numpy as np
    import zarr
    from anndata.io import read_elem, write_elem

    atlas.location.fetch("reference", folder)
    with (
        warnings.catch_warnings(),
        anndata.settings.override(zarr_write_format=3, allow_write_nullable_strings=True),
    ):
        # As in `export.write_anndata`: text is not yet standardised in Zarr.
        warnings.simplefilter("ignore")
        root: Any = zarr.open_group(folder, mode="r+", zarr_format=3, use_consolidated=False)
        obs, var, uns = root["obs"], root["var"], root.require_group("uns")
        for of in ("domain", "stage"):
            column = read_elem(obs[of]).rename_categories(dict(renamed[of]))
            write_elem(obs, of, column)
            colors = _colors(atlas, of, list(column.categories), said)
            if colors is not None:
                write_elem(uns, f"{of}_colors", colors)
        # Columns of var named after stages stay in their places.
        staged = {f"{STAGED}{old}": f"{STAGED}{new}" for old, new in renamed["stage"].items()}
        moved = {name: read_elem(var[name]) for name in staged if name in var}
        for name in moved:
            del var[name]
        for name, values in moved.items():
            write_elem(var, staged[name], values)
        order = [staged.get(name, name) for name in var.attrs["column-order"]]
        for name, texts in given.columns().items():
            if name in var:
                del var[name]
            write_elem(var, name, np.array(texts, dtype=object))
            order += [] if name in order else [name]
        var.attrs["column-order"] = order
        for name in ("markers", "domain_relations"):
            if name in uns:
                write_elem(uns, name, _rename_frame(read_elem(uns[name]), renamed))
        names = [renamed["factor"].get(str(k), name) for k, name in enumerate(atlas.factor_names)]
        factors = {
            "factor": range(atlas.n_factors),
            "name": names,
            "stability": atlas.factor_stability,
        }
        write_elem(uns, "factors", _frame(factors))
        if said:
            columns = {
                field: [getattr(each, field) for each in said]
                for field in ("of", "key", "former", "note", "color")
            }
            columns["terms"] = [" ".join(each.terms) for each in said]
            write_elem(uns, "annotations", _frame(columns))
        for name, table in given.tables().items():
            write_elem(uns, name, table)
        zarr.consolidate_metadata(root.store)


def _frame(columns: dict[str, Any]) -> Any:
    import pandas as pd

    frame = pd.DataFrame(columns)
    return frame.set_index(frame.index.astype(str))


def _rename_frame(frame: Any, renamed: Mapping[str, Mapping[str, str]]) -> Any:
    frame = frame.copy()
    for column in ("domain", "other_domain", "stage", "other_stage"):
        names = renamed[column.removeprefix("other_")]
        if column in frame:
            frame[column] = [names.get(value, value) for value in frame[column].astype(object)]
    return frame


def _colors(
    atlas: Atlas, of: str, categories: Sequence[str], said: Sequence[Annotation]
) -> Any | None:
    """A colour for every category; None where neither the builder nor the atlas gives any."""
    import numpy as np

    chosen = {each.key: each.color for each in said if each.of == of and each.color}
    stored = atlas.obs_columns[of].colors
    if not chosen and stored is None:
        return None
    palette = category_colors(len(categories) + len(chosen))
    usual = list(stored or palette[: len(categories)])
    taken = {*chosen.values(), *usual}
    spare = iter([color for color in palette if color not in taken])
    found = []
    for name, color in zip(categories, usual, strict=True):
        # One whose usual colour was given to another gets one that is free.
        clash = name not in chosen and color in chosen.values()
        found.append(next(spare, color) if clash else chosen.get(name, color))
    return np.array(found)


def _card(
    atlas: Atlas,
    stages: Mapping[str, str],
    source: str,
    given: Given,
    command: str,
) -> dict[str, Any]:
    """The atlas's card with the new names of stages, and where what was given is from."""
    card: dict[str, Any] = json.loads(json.dumps(atlas.card))
    for row in [*card.get("report", []), *card.get("added_slices", [])]:
        if isinstance(row, dict) and row.get("stage") in stages:
            row["stage"] = stages[row["stage"]]
    if command:
        card["command"] = " && ".join(filter(None, [card.get("command"), command]))
    card |= given.card()
    card["names"] = [
        *card.get("names", []),
        {"of": atlas.id, "digest": atlas.digest, "source": source, "command": command},
    ]
    return card
