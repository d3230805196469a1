"""HTTP interface of gene sets: what a list of names means here, and its score in every spot."""

from __future__ import annotations

import hashlib
import re
from typing import Any

import flask
import numpy as np
from numpy.typing import NDArray

from atlas_app.api.some_slices import asked_slices, part_of
from atlas_app.api.spot_table import spot_table
from atlas_app.atlases.data import Atlases, ServedAtlas
from atlas_app.genesets.address import GIVEN, read_set, write_set
from atlas_app.genesets.names import FoundGenes, find_genes, split_names
from atlas_app.genesets.offered import offered_sets
from atlas_app.genesets.scorer import SetScore
from atlas_app.http.byte_cache import ByteCache
from atlas_app.http.errors import ApiError
from atlas_app.http.responses import as_file, as_json, binary, number
from training.store.given.givensets import sets_gmt
from training.store.hierarchy.quantise import encode_numbers

ATLAS = "/api/v1/atlases/<atlas_id>"
# 500 names are a few KB; what surrounds them in a pasted table may be more.
MOST_SENT = 64 * 1024


def geneset_routes(atlases: Atlases) -> flask.Blueprint:
    """The routes of gene sets under /api/v1/atlases/{id}."""
    routes = flask.Blueprint("genesets", __name__)

    @routes.get(f"{ATLAS}/genesets")
    def offered(atlas_id: str) -> flask.Response:
        served = atlases.get(atlas_id)
        return binary(
            atlases.cache,
            ("genesets",),
            served.atlas.digest,
            lambda: as_json({"sets": offered_sets(served.atlas)}),
            "application/json",
        )

    @routes.post(f"{ATLAS}/genesets")
    def look_up(atlas_id: str) -> flask.Response:
        served = atlases.get(atlas_id)
        found = find_genes(served.atlas, sent_names(flask.request))
        return flask.jsonify(report(served, found))

    @routes.get(f"{ATLAS}/genesets/<path:name>")
    def describe(atlas_id: str, name: str) -> flask.Response:
        served = atlases.get(atlas_id)
        found = read_set(served.atlas, name)
        return binary(
            atlases.cache,
            ("geneset", name),
            served.atlas.digest,
            lambda: as_json(report(served, found)),
            "application/json",
        )

    @routes.get(f"{ATLAS}/scores.csv")
    def scores_csv(atlas_id: str) -> flask.Response:
        served = atlases.get(atlas_id)
        found = read_set(served.atlas, flask.request.args.get("of", ""))
        genes, key = found.genes, set_key(found.genes)
        told = f"set-of-{len(genes)}-{key[:8]}"
        if found.given:
            told = f"set-{plain_name(found.given.name)}"
        slices = asked_slices(served, flask.request.args.get("slices", ""))
        part = part_of(served, slices)
        name = f"{served.id}-{told}{part}-{served.atlas.digest[:8]}.csv"
        return binary(
            atlases.cache,
            ("scores.csv", key, told, str(slices)),
            served.atlas.digest,
            lambda: as_file(scores_table(served, served.scorer.score(genes), slices), name),
            "text/csv",
        )

    @routes.get(f"{ATLAS}/genesets.gmt")
    def given_gmt(atlas_id: str) -> flask.Response:
        served = atlases.get(atlas_id)
        if not served.atlas.gene_sets:
            raise ApiError(
                404,
                "This atlas brings no gene sets.",
                found="none in its store",
                expected="sets that its builder gave; factors.gmt has the genes of its factors",
            )
        name = f"{served.id}-gene-sets-{served.atlas.digest[:8]}.gmt"
        return binary(
            atlases.cache,
            ("genesets.gmt",),
            served.atlas.digest,
            lambda: as_file(sets_gmt(served.atlas.gene_sets), name),
            "text/plain",
        )

    return routes


def plain_name(name: str) -> str:
    """A set's name as a part of the name of a file."""
    return re.sub(r"[^\w.-]+", "-", name, flags=re.ASCII).strip("-")[:80] or "unnamed"


def set_values(cache: ByteCache, served: ServedAtlas, name: str) -> flask.Response:
    """The score of the set that a link names, as bytes, the same for any order of its genes."""
    genes = read_set(served.atlas, name).genes

    def make() -> tuple[bytes, dict[str, str]]:
        data, lo, hi = score_bytes(served, genes)
        return data.tobytes(), {
            "X-Atlas-Lo": number(lo),
            "X-Atlas-Hi": number(hi),
            "X-Atlas-Kind": "number",
        }

    return binary(cache, ("values", "set", set_key(genes)), served.atlas.digest, make)


def score_bytes(
    served: ServedAtlas, genes: tuple[str, ...]
) -> tuple[NDArray[np.uint8], float, float]:
    """The score of a set in every spot as the page draws it: bytes (n,), least and greatest."""
    return encode_numbers(served.scorer.score(genes).values)


def set_key(genes: tuple[str, ...]) -> str:
    """A name for the content of a set."""
    return hashlib.sha256("\0".join(sorted(genes)).encode()).hexdigest()


def report(served: ServedAtlas, found: FoundGenes) -> dict[str, Any]:
    """What is known of a set before it is scored: its genes, and what will not count."""
    atlas, scorer = served.atlas, served.scorer
    place = {name: at for at, name in enumerate(atlas.genes)}
    rows = np.array([place[gene] for gene in found.genes])
    silent = scorer.bins.of[rows] < 0
    if atlas.measured is None:
        measured = [int((~silent).sum())] * len(atlas.slices)
    else:
        measured = atlas.measured[rows[~silent]].sum(axis=0).tolist()
    return {
        "name": write_set(atlas, found.genes) if found.given is None else GIVEN + found.given.name,
        "given": found.given
        and {
            "name": found.given.name,
            "description": found.given.description,
            "source": found.given.source,
        },
        "genes": list(found.genes),
        "unknown": list(found.unknown),
        "repeated": found.repeated,
        "silent": [gene for gene, none in zip(found.genes, silent, strict=True) if none],
        "measured": [
            {"slice": part.name, "genes": n} for part, n in zip(atlas.slices, measured, strict=True)
        ],
        "digest": atlas.digest,
    }


def sent_names(request: flask.Request) -> list[str]:
    """The names in a request's body: text, or JSON {"genes": text or list of text}.

    Raises ApiError: 413 beyond 64 KiB, 400 for JSON of another form and for no text.
    """
    body = request.stream.read(MOST_SENT + 1)
    if len(body) > MOST_SENT:
        raise ApiError(
            413,
            "This list is too long.",
            found=f"more than {MOST_SENT:,} bytes",
            expected="at most 500 gene names and little around them",
        )
    wrong = ApiError(
        400,
        "This list of genes cannot be read.",
        found=f"{len(body):,} bytes of {request.mimetype or 'no type'}",
        expected='text, or JSON such as {"genes": ["MYH7", "NPPA"]}',
    )
    try:
        text = body.decode("utf-8-sig")
        given = flask.json.loads(text)["genes"] if request.is_json else text
    except (ValueError, TypeError, KeyError) as error:
        raise wrong from error
    if isinstance(given, list) and all(isinstance(name, str) for name in given):
        return [name.strip() for name in given if name.strip()]
    if not isinstance(given, str):
        raise wrong
    return split_names(given)


def scores_table(
    served: ServedAtlas, score: SetScore, slices: tuple[int, ...] | None = None
) -> str:
    """Score of every spot, or of those of the slices with these numbers, and how many genes it
    rests on; nothing where there is no score."""
    per_slice = zip(served.atlas.slices, score.measured.tolist(), strict=True)
    measured = [n for part, n in per_slice for _ in range(part.n_spots)]
    values = [v if n else None for v, n in zip(score.values.tolist(), measured, strict=True)]
    return spot_table(served.atlas, {"score": values, "genes_scored": measured}, slices)
