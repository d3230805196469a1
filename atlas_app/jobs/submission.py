"""From a file that was received to its job: genes, limits, and results that are known already."""

from __future__ import annotations

import hashlib
from importlib.metadata import version

from atlas_app.atlases.data import ServedAtlas
from atlas_app.http.errors import ApiError, closest
from atlas_app.jobs.partial_uploads import uploads_under_way
from atlas_app.jobs.queries import Queries
from atlas_app.jobs.query_forms import check_form
from atlas_app.jobs.queue import ClientBusy, JobsUnavailable, QueueFull
from atlas_app.jobs.record import Job
from atlas_app.settings import Settings

# Seconds after which it is worth asking a full queue again.
RETRY_AFTER = "30"
# More genes than this are asked for as `all`.
MOST_IMPUTED = 500


def require_room(queries: Queries, client: str) -> None:
    """Raise ApiError (429) when the queue, or what one client may have under way, is full."""
    settings = queries.settings
    if queries.jobs.waiting() >= settings.jobs_queued:
        raise queue_full(settings)
    count = queries.jobs.under_way(client) + uploads_under_way(queries.jobs, client)
    if count >= settings.jobs_per_client:
        raise client_busy(settings)


def start_job(
    queries: Queries,
    served: ServedAtlas,
    job_id: str,
    name: str,
    genes: list[str],
    client: str,
    section_column: str = "",
) -> Job:
    """Queue what was received for `job_id`; an ApiError, and nothing left, where it cannot be.

    Where the queue does not answer what was received stays as it was.
    """
    files = queries.jobs.files(job_id)
    form = check_form(files.received)
    with files.received.open("rb") as file:
        content = hashlib.file_digest(file, "sha256").hexdigest()
    files.accept(form)
    try:
        return submit(queries, served, job_id, name, genes, client, content, section_column)
    except JobsUnavailable:
        files.take_back()
        raise


def start_demonstration(
    queries: Queries, served: ServedAtlas, genes: list[str], client: str
) -> Job:
    """Queue the mapping of a thinned section of the atlas itself."""
    part = served.atlas.slices[len(served.atlas.slices) // 2]
    name = f"{part.name} of this atlas, thinned"
    return submit(queries, served, queries.jobs.new_id(), name, genes, client, "")


def demonstrate_for(
    queries: Queries, served: ServedAtlas, names: list[str], address: str | None
) -> Job:
    """As `start_demonstration`, for who asks from an internet address, within what they may have
    under way; an ApiError beyond it or for genes the atlas does not have."""
    client = queries.jobs.client_of(address or "")
    genes = imputable(served, names)
    require_room(queries, client)
    return start_demonstration(queries, served, genes, client)


def submit(
    queries: Queries,
    served: ServedAtlas,
    job_id: str,
    name: str,
    genes: list[str],
    client: str,
    content: str,
    section_column: str = "",
) -> Job:
    """`content` is the digest of the file; "" for a demonstration, which has none."""
    settings = queries.settings
    asked = (section_column, *sorted(genes))
    rests_on = (content, served.atlas.digest, version("inspire-atlas"), *asked)
    try:
        return queries.jobs.submit(
            job_id,
            settings=settings,
            atlas_id=served.id,
            digest=served.atlas.digest,
            store=str(served.atlas.location),
            name=name,
            impute=genes,
            client=client,
            key=hashlib.sha256("\n".join(rests_on).encode()).hexdigest(),
            demo=not content,
            section_column=section_column,
        )
    except QueueFull:
        queries.jobs.discard(job_id)
        raise queue_full(settings) from None
    except ClientBusy:
        queries.jobs.discard(job_id)
        raise client_busy(settings) from None


def imputable(served: ServedAtlas, names: list[str]) -> list[str]:
    """The atlas's own names of the genes to impute; an ApiError (400) for an unknown one."""
    if [name.lower() for name in names] == ["all"] and "all" not in served.places:
        return ["all"]
    if len(names) > MOST_IMPUTED:
        raise ApiError(
            400,
            "Too many genes were named.",
            found=f"{len(names)} genes",
            expected=f"at most {MOST_IMPUTED} names, or the word all",
        )
    found: dict[str, None] = {}
    for name in names:
        resolved = name if name in served.places else served.atlas.resolve_gene(name)
        if resolved is None:
            raise ApiError(
                400,
                "A gene to impute is not in this atlas.",
                found=name,
                expected="gene symbols or Ensembl ids of this atlas, separated by commas, or all",
                examples=closest(name, served.atlas.genes),
            )
        found[resolved] = None
    return list(found)


def queue_full(settings: Settings) -> ApiError:
    return ApiError(
        429,
        "Too many queries are waiting.",
        found=f"{settings.jobs_queued} queries in the queue",
        expected="to try again in a while, or to run `atlas project` on your own machine",
        headers={"Retry-After": RETRY_AFTER},
    )


def client_busy(settings: Settings) -> ApiError:
    return ApiError(
        429,
        "Too many queries from your address are under way.",
        found=f"{settings.jobs_per_client} queries and uploads",
        expected="to wait until one has ended, or to cancel one",
        headers={"Retry-After": RETRY_AFTER},
    )
