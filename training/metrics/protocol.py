"""The constants of every measure, to be kept beside its figures."""

from __future__ import annotations

from training.metrics import clustering, factors, mixing, separation


def protocol_constants() -> dict[str, object]:
    """Seeds, sample sizes, neighbours and thresholds by name, as plain numbers and lists."""
    return {
        "mixture_seeds": list(clustering.MIXTURE_SEEDS),
        "mixture_starts": clustering.MIXTURE_STARTS,
        "mixture_sample": clustering.MIXTURE_SAMPLE,
        "least_labelled_spots": clustering.LEAST_LABELLED + 1,
        "transfer_neighbours": separation.TRANSFER_NEIGHBOURS,
        "transfer_sample": separation.TRANSFER_SAMPLE,
        "silhouette_sample_per_slice": separation.SILHOUETTE_SAMPLE,
        "lisi_perplexity": mixing.PERPLEXITY,
        "lisi_sample": mixing.LISI_SAMPLE,
        "top_genes": factors.TOP_GENES,
    }
