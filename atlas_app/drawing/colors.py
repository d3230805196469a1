"""Colour maps and category palettes, the same tables in charts (Python) and on the canvas (JS).

A map is declared as 52 anchors (every fifth of 256 steps) and interpolated linearly in sRGB, which
stays within 4/255 of the published tables of viridis, cividis, magma and plasma. `tide` and `ember`
run from light to dark at an even step of OKLab lightness, so that on a white page more is darker.
`assets/colours/palettes.mjs` declares the same anchors; a test compares the two.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from training.store.given.palette import CATEGORIES, category_colors, hex_color, rgb

__all__ = [
    "ANCHORS",
    "CATEGORIES",
    "DEFAULT_MAP",
    "MISSING",
    "ZERO",
    "category_colors",
    "color_maps",
    "color_table",
    "hex_color",
    "plotly_scale",
    "rgb",
]

DEFAULT_MAP = "viridis"

ANCHORS: dict[str, str] = {
    "viridis": (
        "44015446085c471063481769481d6f482475472a7a46307e453781433d844142873f48893d4e8a"
        "3a538b38598c355e8d33638d31688e2e6d8e2c718e2a768e297b8e27808e25848e23898e218e8d"
        "20928c1f978b1e9c891fa18821a58524aa8328ae802eb37c35b7793dbc7446c06f50c46a5ac864"
        "65cb5e70cf577cd25089d54895d840a2da37b0dd2fbddf26cae11fd8e219e5e419f1e51dfde725"
    ),
    "cividis": (
        "00224e002656002a5f002d68003070083370163770203a6f273e6e2e416d34456c3a486c3f4c6c"
        "444f6c49536c4e566c535a6d575d6d5c616e60646f656870696b716d6f727272747676767a7a78"
        "7e7d788381798885788d8878928c789690779b9476a09875a59c74aaa073afa471b5a86fbaac6d"
        "bfb06bc4b468c9b965cfbd62d4c15fdac65bdfca57e5cf52ead34cf0d846f6dd3ffce236fee838"
    ),
    "magma": (
        "00000402020b0504160907200e0b2b140e361a104221114e29115a311165390f6e420f754a1079"
        "52137c5a167e6219806a1c81721f81792282812581892881912b81992d80a1307eaa337db2357b"
        "ba3878c23b75ca3e72d2426fd9466be04c67e75263ec5860f1605df4695cf7725cf97b5dfb8560"
        "fc8e64fd9869fea16efeaa74feb47bfebd82fec68afecf92fed89afde2a3fdebacfcf4b6fcfdbf"
    ),
    "plasma": (
        "0d08871b068d2605912f059638049a41049d4903a05102a35901a56100a76900a87100a87801a8"
        "8004a88707a68e0ca49511a19c179ea21d9aa82296ae2892b42e8dba3388bf3984c43e7fc9447a"
        "cd4a76d24f71d6556dda5b69de6164e26660e66c5ce97257ed7953f07f4ff3854bf58c46f79342"
        "f99a3efba139fca835fdaf31feb72dfebe2afdc627fcce25fbd724f8df25f6e826f3f027f0f921"
    ),
    "tide": (
        "c6f0ffbcedffb3e9fea8e6ff9ee3ff93dfff8bdbfd84d7fc7dd3fa76cff86fcbf668c6f462c2f2"
        "5cbef056b9ee50b5eb4bb1e846ace641a8e33da3df3a9fdc369ad93396d53192d12f8dcd2d89c9"
        "2c84c52b80c12a7cbc2a77b72a73b22a6fad2a6ba82a67a32a629d2a5e982a5a922a578c2a5386"
        "2a4f802a4b7a2a487429446e294068283d6127395b26365425334e243047232c4122293a212633"
    ),
    "ember": (
        "fcebadfbe7a4fae29bf9dd92f8d889f7d380f6ce77f5c86ff4c366f3be5ef2b855f1b34df0ad45"
        "efa83deda336ec9d2eea9827e8921fe68d18e48811e2830bdf7d05dc7802d97402d66f03d36a06"
        "cf660acb610fc75d13c35917bf551bba511eb54e21b04b24ab4827a64529a1422b9b402d963d2e"
        "903b308a39318437317e35327834327232336c3132662f32602e325a2d31542b304d2a2f47292d"
    ),
}

# Drawn for byte 255 and for a gene's byte 0, by colour scheme: apart from every colour map.
MISSING: dict[str, str] = {"light": "#c6c6c6", "dark": "#5c5c5c"}
ZERO: dict[str, str] = {"light": "#e7ebf0", "dark": "#343b44"}


def color_maps() -> list[str]:
    """Names of the colour maps, the default one first."""
    return list(ANCHORS)


def color_table(name: str) -> NDArray[np.uint8]:
    """A colour map as (256, 3) sRGB bytes, low values first. Raises KeyError for another name."""
    anchors = np.frombuffer(bytes.fromhex(ANCHORS[name]), np.uint8).reshape(-1, 3).astype(float)
    steps = np.arange(256)
    at = np.linspace(0, 255, len(anchors))
    table = np.stack([np.interp(steps, at, anchors[:, i]) for i in range(3)], axis=1)
    return np.floor(table + 0.5).astype(np.uint8)


def plotly_scale(name: str) -> list[list[float | str]]:
    """A colour map in the form Plotly takes: [[0, '#…'], …, [1, '#…']]."""
    anchors = ANCHORS[name]
    colors = ["#" + anchors[i : i + 6] for i in range(0, len(anchors), 6)]
    return [[i / (len(colors) - 1), color] for i, color in enumerate(colors)]
