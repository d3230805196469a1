"""The documented routes of mapping: queries, uploads, jobs and their results."""

from __future__ import annotations

from atlas_app.http.route import ATLAS, JOB, SCALE, UPLOAD, Route

JOB_ROUTES: tuple[Route, ...] = (
    Route(
        "POST",
        ATLAS + "/queries",
        "Maps a query: the body is an .h5ad or .zip file, or a form with it as its field query. A "
        "file that was mapped before gets its result at once.",
        "JSON with the job's id and addresses; 202",
        "impute=GENE,… or all; name=FILE NAME; section_column=COLUMN or none",
    ),
    Route(
        "POST",
        ATLAS + "/demo",
        "Maps a section of the atlas itself, thinned, to try it.",
        "JSON with the job's id and addresses; 202",
        "impute=GENE,… or all",
    ),
    Route(
        "POST",
        ATLAS + "/uploads",
        "Begins to upload a query in parts.",
        "JSON with the upload's url and offset; 201",
        "size=BYTES; impute=GENE,… or all; name=FILE NAME; section_column=COLUMN or none",
    ),
    Route(
        "GET",
        UPLOAD,
        "How many bytes of an upload have come, and its job once all have.",
        "JSON with offset and job; header Upload-Offset",
    ),
    Route(
        "PATCH",
        UPLOAD,
        "Takes the next part of an upload, which begins at the byte that the header Upload-Offset "
        "says; the last part starts the job. What came before a connection broke is kept.",
        "JSON as of GET; 409 with the right Upload-Offset",
    ),
    Route("DELETE", UPLOAD, "Drops an upload that is not complete.", "JSON"),
    Route(
        "GET",
        JOB,
        "How a job stands: queued, running, done, failed or cancelled; its place in the queue, "
        "phase, fraction, messages, report and error.",
        "JSON",
    ),
    Route("DELETE", JOB, "Stops a job, or deletes a finished one with its files.", "JSON"),
    Route("GET", JOB + "/result.h5ad", "The mapped query.", "AnnData file"),
    Route(
        "GET",
        JOB + "/result.csv",
        "Domain, stage, confidence, score and factors of every spot.",
        "CSV file",
    ),
    Route(
        "GET",
        JOB + "/imputed.csv",
        "Imputed genes with the accuracy they had on left-out slices of the atlas.",
        "CSV file",
    ),
    Route(
        "GET",
        JOB + "/sections.csv",
        "Each section of the mapped query: verdict, stage, time with its interval, whether it lies "
        "outside the covered stages, and how it was registered.",
        "CSV file",
    ),
    Route(
        "GET",
        JOB + "/domain_stages.csv",
        "How probable each stage is in each domain of the mapped query, with its spots; of several "
        "sections each by itself, without those that are not of the atlas's tissue.",
        "CSV file",
    ),
    Route(
        "GET",
        JOB + "/registration/{section}/{picture}.svg",
        "A section of the query in the frame of the reference slice it was registered with: "
        "`picture` is reference, query or both; of a section that was not registered reference or "
        "alone, each in its own frame. Sections count from 0. Both sides have the same colours, "
        "and numbers one scale.",
        "SVG file",
        "color=COLOUR as in the address of the page",
    ),
    Route(
        "GET",
        JOB + "/expression.csv",
        "One imputed gene in every spot: what was measured, what was imputed, and both ends of its "
        "90% interval, log1p counts per 10,000.",
        "CSV file",
        "of=GENE",
    ),
    Route(
        "GET",
        JOB + "/comparison/{kind}.csv",
        "The mapped query beside the reference of the same domains and stage, by `kind`: "
        "composition, factors or genes. Effects with intervals, and p of several mapped slices.",
        "CSV file",
    ),
    Route(
        "GET",
        JOB + "/report.html",
        "A report to keep: maps, tables, the atlas's digest, the command that repeats it.",
        "HTML file",
    ),
    Route(
        "GET",
        JOB + "/python/map.py",
        "Python that draws the mapped query from result.h5ad, coloured as the page is.",
        "Python file",
        "color=COLOUR as in the address of the page",
    ),
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
        JOB + "/values/{gene|low|high|width|measured|difference|factor|obs}/{name}",
        "One imputed gene, factor or annotation of the mapped query, in the order of its "
        "coordinates. gene is the imputed value; low, high and width are of its 90% interval; "
        "measured is what the query measured itself, difference that less the imputed value.",
        SCALE + " X-Atlas-Clip: of a gene or a probability, the two values that colours should run "
        "between.",
    ),
    Route(
        "GET",
        JOB + "/spots",
        "Names of the query's spots, in the order of its coordinates, at most 20,000 at a time.",
        "JSON",
        "start=ROW, stop=ROW",
    ),
)
