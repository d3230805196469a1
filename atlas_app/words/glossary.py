"""What the terms of the pages mean: the one place where they are explained."""

from __future__ import annotations

# By the key that pages name a term by: the term as it is read, and one or two sentences.
TERMS: dict[str, tuple[str, str]] = {
    "spot": (
        "Spot",
        "A place on a slice where counts of genes were measured together; a cell only where cells "
        "were told apart.",
    ),
    "slice": (
        "Slice",
        "One section of tissue, measured at many spots. Wherever stages are compared, slices are "
        "the replicates.",
    ),
    "stage": (
        "Stage",
        "A step of development, with a time where it is known. A stage of one slice has no "
        "interval and no p-value.",
    ),
    "factor": (
        "Factor",
        "A group of genes that rise and fall together. In every spot the proportions of all "
        "factors add up to one.",
    ),
    "domain": (
        "Domain",
        "Spots of all slices that lie together in the latent. Domains are found without labels, as "
        "finely as they come back when part of the spots is left out.",
    ),
    "latent": (
        "Latent",
        "A few numbers for each spot that an encoder reads from its counts and its neighbours', "
        "made so that like spots of different slices lie together.",
    ),
    "umap": (
        "UMAP",
        "A flat picture of the latent in which like spots lie near each other. Distances between "
        "groups and sizes of groups mean little.",
    ),
    "loading": (
        "Loading",
        "How much of a factor is one gene: the loadings of all genes on a factor add up to one.",
    ),
    "specificity": (
        "Specificity",
        "A gene's loading on a factor, divided by the sum of its loadings on all factors. 1 is a "
        "gene of no other factor; a factor's own is the mean over its 20 first genes.",
    ),
    "stability": (
        "Stability",
        "How alike a factor was between factorisations of random halves of the spots, from 0 to 1. "
        "None is given for the background that all factors share.",
    ),
    "usage": (
        "Usage",
        "How much of its spots' counts a factor explains: its mean proportion over the spots.",
    ),
    "interval": (
        "95% interval",
        "The range in which the mean lies, judged by how much slices differ from each other. "
        "It needs two slices or more.",
    ),
    "pseudobulk": (
        "Pseudobulk",
        "The counts of all spots of a slice, or of one domain in it, added up. One slice then "
        "counts as one measurement, however many spots it has.",
    ),
    "q": (
        "q",
        "The p-value adjusted for all rows of the table, after Benjamini and Hochberg: of the rows "
        "with q below 0.05 one in twenty is to be expected there by chance.",
    ),
    "gene-set": (
        "Gene set score",
        "Each gene is scaled to its own spread; the score is the mean over the set less that of "
        "control genes of like expression.",
    ),
    "residual": (
        "Residual",
        "How far, in the middle, spots that resemble each other in neighbouring sections still lie "
        "apart after the sections were laid onto each other.",
    ),
    "confidence": (
        "Confidence",
        "The probability that a spot's domain is right, as learnt from slices of the atlas that "
        "were mapped onto the others with the same genes.",
    ),
    "out-of-reference": (
        "Out of reference",
        "The spot resembles nothing in the atlas: it lies beyond a bound that one in twenty spots "
        "of the atlas's own slices exceed. It can be sure of its domain all the same.",
    ),
    "imputed": (
        "Imputed",
        "Predicted from the atlas, not measured. How well that works for a gene is told by "
        "imputing it in slices of the atlas that were left out.",
    ),
    "digest": (
        "Content digest",
        "A number made from every byte of the atlas: the same digest is the same content. Name it "
        "when you cite a view.",
    ),
}
