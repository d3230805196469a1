"""The documented routes of the HTTP interface: /api/v1/ and the About page list these."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Route:
    """One route: `path` with {parameters}, `query` with its optional parameters."""

    method: str
    path: str
    does: str
    gives: str
    query: str = ""

    def as_dict(self) -> dict[str, str]:
        return asdict(self)


ATLAS = "/api/v1/atlases/{id}"
JOB = "/api/v1/jobs/{job}"
SCALE = (
    "One byte per spot in the row order of reference/. Numbers: value = X-Atlas-Lo + byte / 254 × "
    "(X-Atlas-Hi − X-Atlas-Lo); categories: the byte is the code; 255: missing. X-Atlas-Kind is "
    "number or category."
)

ROUTES: tuple[Route, ...] = (
    Route(
        "GET", "/health", "Says whether every store can be read.", "JSON; 200, or 503 with faults"
    ),
    Route("GET", "/api/v1/", "Lists these routes.", "JSON"),
    Route("GET", "/api/v1/atlases", "Lists the atlases served here.", "JSON"),
    Route(
        "GET",
        ATLAS,
        "Describes an atlas: slices, stages, annotations, factors.",
        "JSON",
        "v=DIGEST",
    ),
    Route(
        "GET",
        ATLAS + "/coordinates/{spatial|umap}",
        "Coordinates of every spot.",
        "Little-endian float32, two per spot",
        "v=DIGEST",
    ),
    Route(
        "GET",
        ATLAS + "/coordinates/stack",
        "Registered coordinates of every spot, and the depth of its section, or its number in its "
        "stack where depths are not known; the description's stacks say which.",
        "Little-endian float32, three per spot",
        "v=DIGEST",
    ),
    Route(
        "GET",
        ATLAS + "/genes",
        "Finds genes by symbol or Ensembl id, in any case.",
        "JSON",
        "prefix=TEXT, limit=N",
    ),
    Route(
        "GET",
        ATLAS + "/genes/{name}",
        "One gene: where it was measured, how many spots express it, its course over stages, its "
        "factors, genes with like loadings, imputation accuracy, pages elsewhere.",
        "JSON",
        "v=DIGEST",
    ),
    Route(
        "GET",
        ATLAS + "/values/{gene|factor|obs|set}/{name}",
        "One gene (log1p of counts per 10,000), factor (proportion), annotation or the score of a "
        "gene set over all spots.",
        SCALE,
        "v=DIGEST",
    ),
    Route(
        "GET",
        ATLAS + "/spots",
        "Names of the spots, in the row order of reference/, at most 20,000 at a time.",
        "JSON",
        "start=ROW, stop=ROW, v=DIGEST",
    ),
    Route(
        "GET",
        ATLAS + "/genesets",
        "Gene sets that the atlas brings: genes of its factors, markers of its domains.",
        "JSON",
        "v=DIGEST",
    ),
    Route(
        "POST",
        ATLAS + "/genesets",
        "Looks up the genes of a pasted list: the body is text, or JSON with genes, text or list.",
        "JSON: name, as values/set/{name} takes it, genes, and names that are unknown",
    ),
    Route(
        "GET",
        ATLAS + "/genesets/{name}",
        "The genes of a set, names with commas between them or as POST named it.",
        "JSON",
        "v=DIGEST",
    ),
    Route(
        "GET",
        ATLAS + "/scores.csv",
        "The score of a gene set in every spot.",
        "CSV file",
        "of=NAME,NAME",
    ),
    Route("GET", ATLAS + "/factors.csv", "Gene lists of the factors.", "CSV file", "factor=K"),
    Route(
        "GET",
        ATLAS + "/factors.gmt",
        "Gene lists of the factors as gene sets.",
        "GMT file",
        "factor=K, n=GENES",
    ),
    Route(
        "GET",
        ATLAS + "/factors/similar.csv",
        "The other factors by how alike their loadings are, their first genes and where both are "
        "used.",
        "CSV file",
        "factor=K",
    ),
    Route(
        "GET",
        ATLAS + "/factors/domains.csv",
        "Mean proportion of a factor in every domain, with 95 % interval over slices.",
        "CSV file",
        "factor=K",
    ),
    Route(
        "GET",
        ATLAS + "/factors/compare.csv",
        "Genes by how much their loadings on two factors differ.",
        "CSV file",
        "a=K, b=K",
    ),
    Route(
        "POST",
        ATLAS + "/enrichments",
        "Tests gene sets against every factor: the body is GMT, at most 8 MiB and 20,000 sets.",
        "JSON with the id of the sets; 201",
    ),
    Route(
        "GET",
        ATLAS + "/enrichments/{sets}.csv",
        "Sets in one factor: over-represented among its 50 first genes, and ranked high among all.",
        "CSV file",
        "factor=K",
    ),
    Route(
        "GET",
        ATLAS + "/stages/course",
        "A gene, gene set, factor or domain by slice, with mean and 95 % interval by stage.",
        "JSON",
        "of=gene:NAME, genes:NAME,NAME, factor:K or domain:NAME; within=DOMAIN",
    ),
    Route("GET", ATLAS + "/stages/course.csv", "The same.", "CSV file", "of=…, within=DOMAIN"),
    Route(
        "GET",
        ATLAS + "/stages/abundance.csv",
        "Share of every domain or factor in every stage, with interval over slices.",
        "CSV file",
        "of=domain or factor",
    ),
    Route(
        "GET",
        ATLAS + "/stages/changes",
        "What differs between two stages, with slices as replicates: effect, interval, p, q.",
        "JSON",
        "a=STAGE, b=STAGE, within=DOMAIN, what=genes or factors",
    ),
    Route(
        "GET",
        ATLAS + "/stages/changes.csv",
        "The same.",
        "CSV file",
        "a=STAGE, b=STAGE, within=DOMAIN, what=genes or factors",
    ),
    Route(
        "GET",
        ATLAS + "/stages/relations.csv",
        "How alike domains of consecutive stages are in the latent; no lineage.",
        "CSV file",
    ),
    Route(
        "POST",
        ATLAS + "/queries",
        "Maps a query: the body is an .h5ad file, or a form with the file as its field query.",
        "JSON with the job's id and addresses; 202",
        "impute=GENE,… or all; name=FILE NAME",
    ),
    Route(
        "GET",
        JOB,
        "How a job stands: queued, running, done, failed or cancelled; its place in the queue, "
        "phase, fraction, messages, report and error.",
        "JSON",
    ),
    Route("DELETE", JOB, "Stops a job, or deletes a finished one with its files.", "JSON"),
    Route("GET", JOB + "/result.h5ad", "The mapped query.", "AnnData file"),
    Route("GET", JOB + "/view", "Describes the mapped query as an atlas is described.", "JSON"),
    Route(
        "GET",
        JOB + "/coordinates/spatial",
        "Coordinates of the query's spots, grouped by slice.",
        "Little-endian float32, two per spot",
    ),
    Route(
        "GET",
        JOB + "/genes",
        "Finds imputed genes of a mapped query.",
        "JSON",
        "prefix=TEXT, limit=N",
    ),
    Route(
        "GET",
        JOB + "/values/{gene|factor|obs}/{name}",
        "One imputed gene, factor or annotation of the mapped query, in the order of its "
        "coordinates.",
        SCALE,
    ),
    Route(
        "GET",
        JOB + "/spots",
        "Names of the query's spots, in the order of its coordinates, at most 20,000 at a time.",
        "JSON",
        "start=ROW, stop=ROW",
    ),
)
