"""What the Explore page shows, as its address says it: the state of a view and back.

The browser reads and writes the same parameters (`assets/explore/address.mjs`); a test holds the
two together. Anything that cannot be read counts as not given, so an old link still opens.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from atlas_app.drawing.colors import ANCHORS, DEFAULT_MAP

BESIDE = ("gene", "factor", "obs", "set")
KINDS = (*BESIDE, "estimate", "difference")
BLEND = "blend"
MOST_BLENDED = 3
SIDE = "side"
MOST_SIDE = 6
# A gene set may hold the sign itself.
_BETWEEN = re.compile(rf"~(?=(?:{'|'.join(BESIDE)}):)")
SIZES = (0.3, 3.0)
TESTS = ("slices", "specimens", "spots")


@dataclass(frozen=True)
class ViewState:
    """One view. The defaults are what an address without parameters shows."""

    color: str = ""
    """'gene:NAME', 'factor:K', 'obs:COLUMN', 'set:NAME,NAME', 'estimate:NAME', 'difference:NAME',
    'blend:NAME,NAME' or, side by side, 'side:gene:NAME~factor:K'; '' is the default colour."""
    stage: str = ""
    """A stage's name; '' is all stages."""
    slice: str = ""
    """The name of the slice that is shown alone, whatever the stage; '' is none."""
    map: str = DEFAULT_MAP
    clip: tuple[float, float] = (1.0, 99.0)
    """Percentiles, 0 to 100, between which the colour map runs."""
    hidden: frozenset[int] = frozenset()
    """Bytes that are not drawn: codes of categories, 0 for zero, 255 for not measured."""
    scale: str = ""
    """'slice': numbers are coloured on a scale of each slice's own; '' on one for all."""
    size: float = 1.0
    """Diameter of the spots relative to their spacing."""
    tissue: float = 0.6
    """How opaque the tissue images under the spots are, 0 to 1."""
    umap: bool = True
    aligned: bool = False
    """Slices lie as the alignment turned them, not as each was given."""
    selection: str = ""
    """Outlines, each with its view, corners and slices; see `selection.outline`."""
    versus: str = ""
    """The selection that it is compared with; '' is the rest."""
    without: tuple[str, ...] = ()
    """Spots that take no part in selections: 'COLOUR*BYTE_BYTE…', bytes hidden under a colour."""
    diff: str = ""
    """'slices' or 'spots': the test of the comparison that is shown; '' for none."""
    camera: str = ""
    """Centre as fractions of the panel, and zoom: 'X_Y_K'; '' shows everything."""


def read_state(query: Mapping[str, str]) -> ViewState:
    """The view that the parameters of an address name."""
    default = ViewState()
    color = _color(query.get("color", ""))
    several = bool(color) and not is_plain(color)
    return ViewState(
        color=color,
        stage=query.get("stage", ""),
        slice=query.get("slice", ""),
        map=query["map"] if query.get("map") in ANCHORS else default.map,
        clip=_clip(query.get("clip", "")) or default.clip,
        # Several values of a spot are not one that could be hidden.
        hidden=frozenset() if several else _hidden(query.get("hide", "")),
        scale="slice" if query.get("scale") == "slice" else default.scale,
        size=_size(query.get("size", "")) or default.size,
        tissue=_share(query.get("tissue", ""), default.tissue),
        umap=query.get("umap") != "0",
        aligned=query.get("aligned") == "1",
        selection=query.get("sel", ""),
        versus=query.get("vs", ""),
        without=_without(query.get("without", "")),
        diff=query["diff"] if query.get("diff") in TESTS else default.diff,
        camera=_camera(query.get("at", "")),
    )


def write_state(state: ViewState) -> dict[str, str]:
    """Parameters of the address of a view, without those at their default."""
    default = ViewState()
    parameters = {
        "color": state.color,
        "stage": state.stage,
        "slice": state.slice,
        "map": "" if state.map == default.map else state.map,
        "clip": "" if state.clip == default.clip else "_".join(f"{p:g}" for p in state.clip),
        "hide": "_".join(str(code) for code in sorted(state.hidden)),
        "scale": state.scale,
        "size": "" if state.size == default.size else f"{state.size:g}",
        "tissue": "" if state.tissue == default.tissue else f"{state.tissue:g}",
        "umap": "" if state.umap else "0",
        "aligned": "1" if state.aligned else "",
        "sel": state.selection,
        "vs": state.versus,
        "without": "~".join(state.without),
        "diff": state.diff,
        "at": state.camera,
    }
    return {name: value for name, value in parameters.items() if value}


def default_color(description: Mapping[str, Any]) -> str:
    """Domains if the atlas has any, else its first annotation, else its first factor."""
    columns = [column["name"] for column in description["obs"] if column["kind"] == "category"]
    if columns:
        return "obs:" + ("domain" if "domain" in columns else columns[0])
    if description["factors"]:
        return "factor:0"
    return "obs:" + (description["obs"][0]["name"] if description["obs"] else "")


def blended_genes(name: str) -> tuple[str, ...]:
    """The two or three different genes of 'A,B' or 'A,B,C'; () where they are not that."""
    genes = tuple(name.split(","))
    fine = 2 <= len(genes) <= MOST_BLENDED and all(genes) and len(set(genes)) == len(genes)
    return genes if fine else ()


def side_colors(name: str) -> tuple[str, ...]:
    """The one to six different colours of 'gene:A~factor:3'; () where they are not that."""
    colors = tuple(_BETWEEN.split(name))
    fine = len(colors) <= MOST_SIDE and all(map(_is_beside, colors))
    return colors if fine and len(set(colors)) == len(colors) else ()


def _is_beside(color: str) -> bool:
    """Whether a colour can stand beside others; what is predicted stands alone, under its mark."""
    return is_plain(color) and color.partition(":")[0] in BESIDE


def is_plain(color: str) -> bool:
    """Whether a colour has one value per spot."""
    kind, _, name = color.partition(":")
    return kind in KINDS and bool(name)


def _color(text: str) -> str:
    kind, _, name = text.partition(":")
    if kind == BLEND:
        return text if blended_genes(name) else ""
    if kind == SIDE:
        return text if side_colors(name) else ""
    return text if is_plain(text) else ""


def _numbers(text: str) -> list[float]:
    """Finite numbers between underscores, [] when any part is none."""
    try:
        numbers = [float(part) for part in text.split("_")]
    except ValueError:
        return []
    return numbers if all(math.isfinite(number) for number in numbers) else []


def _clip(text: str) -> tuple[float, float] | None:
    numbers = _numbers(text)
    if len(numbers) == 2 and 0 <= numbers[0] <= numbers[1] <= 100:
        return numbers[0], numbers[1]
    return None


def _hidden(text: str) -> frozenset[int]:
    codes = text.split("_") if text else []
    return frozenset(int(code) for code in codes) if all(map(_is_byte, codes)) else frozenset()


def _is_byte(code: str) -> bool:
    return code.isascii() and code.isdigit() and len(code) <= 3 and int(code) <= 255


def _without(text: str) -> tuple[str, ...]:
    parts = _BETWEEN.split(text) if text else []
    for part in parts:
        color, _, codes = part.rpartition("*")
        if not is_plain(color) or not all(map(_is_byte, codes.split("_"))):
            return ()
    return tuple(parts)


def _size(text: str) -> float | None:
    numbers = _numbers(text)
    return numbers[0] if len(numbers) == 1 and SIZES[0] <= numbers[0] <= SIZES[1] else None


def _share(text: str, default: float) -> float:
    numbers = _numbers(text)
    return numbers[0] if len(numbers) == 1 and 0 <= numbers[0] <= 1 else default


def _camera(text: str) -> str:
    numbers = _numbers(text)
    return text if len(numbers) == 3 and numbers[2] > 0 else ""
