"""Which domains of a stage resemble which of the next: a graph with stages as columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from atlas_app.http.errors import ApiError
from atlas_app.stages.cells import Groups
from training.store import Atlas, StoreError


@dataclass(frozen=True)
class Node:
    """A domain at a stage; `share` of the stage's spots, `x` the stage, `y` its place, 0 on top."""

    key: str
    stage: int
    domain: str
    share: float
    y: float


@dataclass(frozen=True)
class Edge:
    """Likeness of two domains of neighbouring stages, −1..1, by keys of nodes; `mutual`: each is
    the other's most similar."""

    source: str
    target: str
    similarity: float
    mutual: bool


@dataclass(frozen=True)
class Graph:
    nodes: list[Node]
    edges: list[Edge]

    def node(self, key: str) -> Node | None:
        return next((node for node in self.nodes if node.key == key), None)


def relate_domains(atlas: Atlas, groups: Groups) -> Graph | None:
    """The graph of an atlas, None where the store holds no similarities.

    Nodes are the domains that the store compared. They stand in the order of the domains, so that
    one domain keeps its height as far as stages allow. Likeness is the cosine of centroids in the
    latent: it says what looks alike, and nothing of descent.
    """
    try:
        table = atlas.table("domain_relations")
    except StoreError:
        return None
    names = [stage.name for stage in atlas.stages]
    chosen = np.flatnonzero(table["relation"] == "similarity")
    if not len(chosen):
        return None
    edges: list[Edge] = []
    present: set[tuple[int, str]] = set()
    for row in chosen.tolist():
        ends = (
            (names.index(str(table["stage"][row])), str(table["domain"][row])),
            (names.index(str(table["other_stage"][row])), str(table["other_domain"][row])),
        )
        present.update(ends)
        mutual = str(table["mutual"][row]) in ("True", "1.0", "1")
        edges.append(
            Edge(node_key(*ends[0]), node_key(*ends[1]), float(table["value"][row]), mutual)
        )
    nodes = []
    for stage, domain in sorted(present, key=lambda end: (end[0], groups.domains.index(end[1]))):
        position = groups.domains.index(domain)
        spots = groups.spots[groups.stage_of == stage]
        share = float(spots[:, position].sum() / max(1, spots.sum()))
        nodes.append(Node(node_key(stage, domain), stage, domain, share, float(position)))
    return Graph(nodes, edges)


def known_relations(atlas: Atlas, groups: Groups) -> Graph:
    """As `relate_domains`; an ApiError (404) where the store holds no similarities."""
    graph = relate_domains(atlas, groups)
    if graph is None:
        raise ApiError(
            404,
            "This atlas holds no similarities of domains.",
            found="one stage, or a store of an older version",
            expected="an atlas of several stages, fitted with the present version",
        )
    return graph


def node_key(stage: int, domain: str) -> str:
    """How a node is named in an address."""
    return f"{stage}:{domain}"


def shown_edges(graph: Graph, least: float, node: str = "") -> list[Edge]:
    """Edges of at least that similarity, strongest first; those of one node where it is given."""
    kept = [
        edge
        for edge in graph.edges
        if edge.similarity >= least and (not node or node in (edge.source, edge.target))
    ]
    return sorted(kept, key=lambda edge: -edge.similarity)
