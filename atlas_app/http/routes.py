"""The documented routes of the HTTP interface: /api/v1/ and the About page list these."""

from __future__ import annotations

from atlas_app.http.job_routes import JOB_ROUTES
from atlas_app.http.route import ATLAS, SCALE, Route

SELECTED = (
    "sel=SELECTION as the address of Explore holds it, or @KEY of one that is kept; "
    "without=KIND:NAME*BYTE_…, spots that are hidden, may be repeated"
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
        ATLAS + "/tissue/{number}.jpg",
        "The tissue image of a slice, by its number from 0, where the atlas has one; the "
        "description says which have, and how many of its pixels are a unit of the coordinates.",
        "JPEG",
        "v=DIGEST",
    ),
    Route(
        "GET",
        ATLAS + "/genes",
        "Finds genes by symbol or Ensembl id, then by words of their descriptions, in any case.",
        "JSON",
        "prefix=TEXT, limit=N",
    ),
    Route(
        "GET",
        ATLAS + "/genes/{name}",
        "One gene: its description, where it was measured, how many spots express it, its course "
        "over stages, its factors, genes with like loadings, imputation accuracy, pages elsewhere.",
        "JSON",
        "v=DIGEST",
    ),
    Route(
        "GET",
        ATLAS + "/values/{gene|factor|obs|set|estimate|difference}/{name}",
        "One gene (log1p of counts per 10,000), factor (proportion), annotation or the score of a "
        "gene set over all spots. estimate is what the factors alone say of a fitted gene, also "
        "where it was not measured; difference is measured less that, missing there.",
        SCALE
        + " X-Atlas-Expected: of an estimate, how it correlates with measured values where it is "
        "held out, or not tested or not testable. X-Atlas-Clip: of a difference, the two values "
        "that colours should run between.",
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
        ATLAS + "/spots/factors",
        "The three leading factors of the spots and their shares, at most 20,000 spots at a time.",
        "JSON",
        "start=ROW, stop=ROW, v=DIGEST",
    ),
    Route(
        "GET",
        ATLAS + "/genesets",
        "Gene sets that the atlas brings: its builder's, genes of its factors, markers of domains.",
        "JSON",
        "v=DIGEST",
    ),
    Route(
        "GET",
        ATLAS + "/genesets.gmt",
        "The gene sets that the builder of the atlas gave.",
        "GMT file",
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
        "The genes of a set: names with commas between them, as POST named it, or @NAME of the "
        "builder's.",
        "JSON",
        "v=DIGEST",
    ),
    Route(
        "GET",
        ATLAS + "/scores.csv",
        "The score of a gene set in every spot; slices as in values.csv.",
        "CSV file",
        "of=NAME,NAME; slices=N_N",
    ),
    Route(
        "GET",
        ATLAS + "/expression.csv",
        "One to three genes in every spot, log1p of counts per 10,000; nothing where a slice did "
        "not measure one. With estimates=1 a column beside each of what the factors estimate; "
        "slices as in values.csv.",
        "CSV file",
        "of=NAME,NAME,NAME; estimates=1; slices=N_N",
    ),
    Route(
        "GET",
        ATLAS + "/values.csv",
        "One to six colours of the map in every spot: genes, factors, columns, scores of sets. "
        "slices keeps those of some slices, by their numbers from 0; t names the file.",
        "CSV file",
        "of=gene:NAME~factor:K~obs:COLUMN~set:NAME,NAME; slices=N_N; t=TIME",
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
        ATLAS + "/loadings.parquet",
        "Loadings of all genes on all factors, where the server has the extra parquet; fitted says "
        "which the model was fitted to, others have those found afterwards.",
        "Parquet file",
    ),
    Route(
        "GET",
        ATLAS + "/factors/not-fitted.csv",
        "Genes that were not fitted, by their loadings on a factor, which were found afterwards.",
        "CSV file",
        "factor=K",
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
        "Mean proportion of a factor in every domain, with 95% interval over slices.",
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
        "Sets, by their id or `atlas` for its builder's, in one factor: over-represented among its "
        "50 first genes, and ranked high among all.",
        "CSV file",
        "factor=K",
    ),
    Route(
        "GET",
        ATLAS + "/stages/course",
        "A gene, gene set, factor or domain by slice, with mean and 95% interval by stage.",
        "JSON",
        "of=gene:NAME, genes:NAME,NAME, genes:@SET, factor:K or domain:NAME; within=DOMAIN",
    ),
    Route("GET", ATLAS + "/stages/course.csv", "The same.", "CSV file", "of=…, within=DOMAIN"),
    Route(
        "GET",
        ATLAS + "/stages/abundance.csv",
        "Share of every domain or factor in every stage, with interval over slices; of factors "
        "within a domain too.",
        "CSV file",
        "of=domain or factor, within=DOMAIN",
    ),
    Route(
        "GET",
        ATLAS + "/stages/factors-by-domain.csv",
        "Mean proportion of every factor in every domain at every stage, with 95% interval over "
        "slices.",
        "CSV file",
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
    Route("GET", ATLAS + "/domains", "Lists the domains, their spots and slices.", "JSON"),
    Route(
        "GET",
        ATLAS + "/domains/markers",
        "What marks a domain, or each: genes higher in it than in the rest of the same slices, "
        "with change, p, q and shares of spots; without a test where one slice counts.",
        "JSON",
        "domain=DOMAIN",
    ),
    Route("GET", ATLAS + "/domains/markers.csv", "The same.", "CSV file", "domain=DOMAIN"),
    Route(
        "GET",
        ATLAS + "/domains/spatial-genes.csv",
        "Genes by their pattern on the tissue: Moran's I over slices, and its q.",
        "CSV file",
    ),
    Route(
        "GET",
        ATLAS + "/domains/connectivity.csv",
        "How connected domains are in the latent: observed over expected edges of the neighbour "
        "graph; no lineage.",
        "CSV file",
    ),
    Route(
        "GET",
        ATLAS + "/python/{page}.py",
        "Python that makes the figures of a page (home, stages or factors) again from the store, "
        "by the parameters of its address.",
        "Python file",
        "as in the address of the page",
    ),
    Route(
        "GET",
        ATLAS + "/selection/genes",
        "What differs between a selection and the rest, or a second selection, gene by gene, with "
        "slices as replicates, paired where they hold both sides; of one slice effects alone. "
        "test=spots: p of single spots, which are no replicates; those of all slices are pooled, "
        "so differences between slices enter p too.",
        "JSON",
        f"{SELECTED}; against=SELECTION, test=slices or spots, direction=both, up or down, "
        "gene=TEXT, limit=N",
    ),
    Route(
        "GET",
        ATLAS + "/selection/genes.csv",
        "The same, of all genes.",
        "CSV file",
        f"{SELECTED}; against=SELECTION, test=slices or spots",
    ),
    Route(
        "GET",
        ATLAS + "/selection/composition",
        "What a selection is made of beside the rest, or a second selection: shares of stages, "
        "slices and domains, mean proportions of factors with their difference over slices.",
        "JSON",
        f"{SELECTED}; against=SELECTION",
    ),
    Route(
        "GET",
        ATLAS + "/selection/composition.csv",
        "The same.",
        "CSV file",
        f"{SELECTED}; against=SELECTION",
    ),
    Route(
        "GET",
        ATLAS + "/selection/spots.csv",
        "The spots of a selection, at most 1,000,000: name, slice, stage, time, domain, "
        "coordinates, factors.",
        "CSV file",
        SELECTED,
    ),
    Route(
        "GET",
        ATLAS + "/selection/spots.h5ad",
        "The spots of a selection, at most 100,000, with their counts, annotations, coordinates, "
        "factors and latent.",
        "AnnData file",
        SELECTED,
    ),
    Route(
        "POST",
        ATLAS + "/selections",
        "Keeps a selection of at most 262,144 characters and gives the address that stands for it, "
        "the same for the same selection.",
        "JSON",
    ),
    Route(
        "GET",
        ATLAS + "/selections/{key}",
        "The outlines of a selection that is kept; 404 where it is not any more.",
        "JSON",
    ),
    *JOB_ROUTES,
)
