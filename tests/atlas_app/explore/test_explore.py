"""The Explore page's layout and the state in its address."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atlas_app.drawing.colors import color_maps
from atlas_app.explore.state import SIZES, ViewState, default_color, read_state, write_state
from atlas_app.http.links import parse_search, search
from atlas_app.pages import explore

DESCRIPTION: dict[str, Any] = {
    "base": "/atlas/api/v1/atlases/heart",
    "digest": "ab" * 32,
    "obs": [
        {"name": "total_counts", "kind": "number"},
        {"name": "label", "kind": "category"},
        {"name": "domain", "kind": "category"},
    ],
    "factors": [{"name": "0", "label": "Factor 0", "genes": []}],
    "stages": [{"name": "E9.5"}, {"name": "E10.5"}],
}
names = st.text(min_size=1, max_size=20)
states = st.builds(
    ViewState,
    color=st.one_of(
        st.just(""),
        names.map(lambda name: f"gene:{name}"),
        st.sampled_from(["factor:3", "set:A,B"]),
    ),
    stage=st.text(max_size=20),
    slice=st.text(max_size=20),
    map=st.sampled_from(color_maps()),
    clip=st.tuples(st.integers(0, 50).map(float), st.integers(50, 100).map(float)),
    hidden=st.frozensets(st.integers(0, 255)),
    scale=st.sampled_from(["", "slice"]),
    size=st.integers(3, 30).map(lambda tenths: tenths / 10),
    tissue=st.integers(0, 20).map(lambda steps: steps / 20),
    umap=st.booleans(),
    aligned=st.booleans(),
    selection=st.sampled_from(["", "spatial*1_2_3_4_5_6*0"]),
    versus=st.sampled_from(["", "umap*1_2_3_4_5_6*0!spatial*1_2_3_4_5_6*0"]),
    without=st.sampled_from([(), ("obs:domain*0_3",), ("obs:domain*0_3", "set:~0a1b.xyz*0")]),
    diff=st.sampled_from(["", "slices", "spots"]),
    camera=st.sampled_from(["", "0.5_-0.25_12"]),
)


@given(states)
def test_a_state_survives_its_address(state: ViewState) -> None:
    assert read_state(write_state(state)) == state
    assert read_state(parse_search(search(write_state(state)))) == state


@pytest.mark.parametrize(
    ("color", "read"),
    [
        ("side:obs:domain", "side:obs:domain"),
        ("side:gene:A~factor:3~set:~0a1b.xyz", "side:gene:A~factor:3~set:~0a1b.xyz"),
        ("side:", ""),
        ("side:gene:A~gene:A", ""),
        ("side:A~B", ""),
        ("side:" + "~".join(f"factor:{k}" for k in range(7)), ""),
    ],
)
def test_colours_side_by_side_hide_nothing(color: str, read: str) -> None:
    state = read_state({"color": color, "hide": "0"})
    assert state.color == read
    assert state.hidden == (frozenset() if read else {0})


@given(
    st.dictionaries(
        st.sampled_from(
            ["color", "map", "clip", "hide", "size", "tissue", "at", "without", "diff"]
        ),
        st.text(),
    )
)
def test_any_address_opens(query: dict[str, str]) -> None:
    state = read_state(query)
    assert state.map in color_maps()
    assert 0 <= state.clip[0] <= state.clip[1] <= 100
    assert SIZES[0] <= state.size <= SIZES[1]
    assert all(0 <= code <= 255 for code in state.hidden)


@pytest.mark.parametrize(
    ("obs", "factors", "expected"),
    [
        (DESCRIPTION["obs"], DESCRIPTION["factors"], "obs:domain"),
        (DESCRIPTION["obs"][:2], DESCRIPTION["factors"], "obs:label"),
        (DESCRIPTION["obs"][:1], DESCRIPTION["factors"], "factor:0"),
        (DESCRIPTION["obs"][:1], [], "obs:total_counts"),
    ],
)
def test_default_colour(obs: list[Any], factors: list[Any], expected: str) -> None:
    assert default_color({"obs": obs, "factors": factors}) == expected


def test_layout_names_what_the_browser_asks_for() -> None:
    page = explore.layout(DESCRIPTION, {"color": "gene:MYH7", "stage": "E9.5"})
    host = next(part for part in page.children if part.className == "atlas-explore")
    properties = host.to_plotly_json()["props"]
    assert properties["data-base"] == DESCRIPTION["base"]
    assert properties["data-digest"] == DESCRIPTION["digest"]
    assert properties["data-color"] == "gene:MYH7"
    assert properties["data-store"] == explore.SELECTION
    assert [part.id for part in page.children if getattr(part, "id", None)] == [explore.SELECTION]
    plain = explore.layout(DESCRIPTION, {"color": "rubbish"})
    host = next(part for part in plain.children if part.className == "atlas-explore")
    assert host.to_plotly_json()["props"]["data-color"] == "obs:domain"
    one = explore.layout({**DESCRIPTION, "stages": DESCRIPTION["stages"][:1]}, {})
    assert any(part.className == "atlas-explore of-one-stage" for part in one.children)
