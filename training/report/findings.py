"""What in a fit needs a scientist's eye: each check a pure function of the fit's arrays."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.naming.beforehand import Unmet

UNMIXED = 0.1
"""A slice is unmixed if its spots have less than this part of the foreign neighbours that complete
mixing would give; replicates of one tissue have .3 and more."""
ALONE = 0.8
"""A factor or domain belongs to one slice if that holds more than this share of it, where slices
count alike."""
DEPTH = 0.7
"""Correlation with log depth, within slices, from which a factor is called one of depth."""
MITOCHONDRIAL = 0.7
"""The same with the share of mitochondrial counts in a spot."""
TECHNICAL = 0.5
"""Share of mitochondrial or ribosomal genes among the top genes that makes a factor technical."""
TOP = 20
UNUSED = 0.1
"""A factor is unused if its share is below this part of an even one."""
SURE = 2.5
"""Adversarial loss over the last tenth of a fit from which critics win: log 2 = .69 is a draw."""
UNFINISHED = 0.02
"""Relative fall of the Poisson loss from the ninth to the last tenth that means too few steps."""

UNSTABLE = 0.4
"""Stability below which a factor is called unstable; see `training.factors.consensus`."""

FEW_LOADINGS = 0.2
"""Share of all loadings on the genes of a slice below which its factors are called uncertain."""
FEW_GENES = 50
"""The same for the number of fitted genes that it measured."""

TECHNICAL_GENES = {
    "mitochondrial": re.compile(r"^mt[-.]|^mtrnr", re.IGNORECASE),
    "ribosomal": re.compile(r"^rp[sl]\d|^rplp\d|^rpsa$", re.IGNORECASE),
}


@dataclass(frozen=True)
class Finding:
    """One thing to look at.

    Attributes:
        kind: what was checked, such as 'mixing'.
        subject: the slice, factor or domain; empty for the whole fit.
        found: what was measured, in a sentence with its figure.
        advice: what it may mean and what to do.
    """

    kind: str
    subject: str
    found: str
    advice: str


def check_mixing(shares: NDArray[np.floating], names: Sequence[str]) -> list[Finding]:
    """Slices whose spots have hardly a nearest neighbour in another slice.

    Args:
        shares: (S,) of `foreign_shares`; empty for a single slice.
    """
    return [
        Finding(
            "mixing",
            str(names[index]),
            f"its spots have {share:.0%} of the neighbours in other slices that complete mixing "
            "would give",
            "The slice may hold tissue that no other has. If it should resemble the others, look "
            "at its depth, genes and stage.",
        )
        for index, share in enumerate(shares)
        if share < UNMIXED
    ]


def foreign_shares(
    neighbours: NDArray[np.integer], slices: NDArray[np.integer], n_slices: int
) -> NDArray[np.float64]:
    """Neighbours in other slices (S,) as a part of what complete mixing would give.

    Args:
        neighbours: (n, k) nearest spots in the latent, the spot itself first.
        slices: (n,) slice indices.
    """
    sizes = np.bincount(slices, minlength=n_slices)
    foreign = (slices[neighbours[:, 1:]] != slices[:, None]).mean(axis=1)
    observed = np.bincount(slices, weights=foreign, minlength=n_slices) / np.maximum(sizes, 1)
    expected = (len(slices) - sizes) / max(len(slices) - 1, 1)
    return observed / np.maximum(expected, 1e-9)


def check_factors(
    proportions: NDArray[np.floating],
    slices: NDArray[np.integer],
    names: Sequence[str],
    depth: NDArray[np.floating],
    loadings: NDArray[np.floating],
    genes: Sequence[str],
    mitochondrial: NDArray[np.floating] | None = None,
) -> list[Finding]:
    """Factors of one slice, of depth, of technical genes, and factors hardly used.

    Args:
        proportions: (n, K) β; depth: (n,) counts of each spot; loadings: (K, G) B of `genes`.
        mitochondrial: (n,) share of mitochondrial genes in the counts of each spot, those that are
            not fitted included: by default none of them is.
    """
    found = []
    n_factors = proportions.shape[1]
    usage = usage_by_slice(proportions, slices, len(names))
    for factor in range(n_factors):
        subject, mean = f"Factor {factor}", usage[:, factor].mean()
        share = usage[:, factor] / max(usage[:, factor].sum(), 1e-12)
        if len(names) > 2 and share.max() > ALONE:
            found.append(
                Finding(
                    "factor of one slice",
                    subject,
                    f"{share.max():.0%} of it is in {names[share.argmax()]}",
                    "Tissue of that slice alone, or a batch effect: see whether its top genes are "
                    "markers of a tissue.",
                )
            )
        if mean < UNUSED / n_factors:
            found.append(
                Finding(
                    "unused factor",
                    subject,
                    f"its mean share is {mean:.2%}",
                    "There may be more factors than the data support: try fewer (model.n_factors).",
                )
            )
        correlation = correlation_with_depth(proportions[:, factor], depth, slices)
        if abs(correlation) > DEPTH:
            found.append(
                Finding(
                    "factor of depth",
                    subject,
                    f"its correlation with log counts per spot is {correlation:.2f} within slices",
                    "It may describe how deeply a spot was measured rather than what it is.",
                )
            )
        if mitochondrial is not None:
            correlation = correlation_within(proportions[:, factor], mitochondrial, slices)
            if correlation > MITOCHONDRIAL:
                found.append(
                    Finding(
                        "mitochondrial factor",
                        subject,
                        "its correlation with the share of mitochondrial counts in a spot is "
                        f"{correlation:.2f} within slices",
                        "Stress, damage or how a spot was measured, unless it is a tissue rich in "
                        "mitochondria, such as muscle: see its top genes.",
                    )
                )
        top = [genes[index] for index in np.argsort(-loadings[factor])[:TOP]]
        for kind, pattern in TECHNICAL_GENES.items():
            matching = [gene for gene in top if pattern.search(gene)]
            if len(matching) > TECHNICAL * len(top):
                found.append(
                    Finding(
                        f"{kind} factor",
                        subject,
                        f"{len(matching)} of its {len(top)} top genes are {kind}, such as "
                        f"{', '.join(matching[:3])}",
                        "Stress, depth or cell state more often than tissue; genes.exclude leaves "
                        "such genes out.",
                    )
                )
    return found


def check_panels(panels: Sequence[Mapping[str, Any]]) -> list[Finding]:
    """Slices that measured few of the genes that factors are known by.

    Args:
        panels: of `training.report.modelcard.measure_panels`, one for each slice.
    """
    return [
        Finding(
            "panel",
            str(each["slice"]),
            f"it measured {each['fitted_genes']:,} of the fitted genes, which hold "
            f"{each['loading_share']:.0%} of all loadings",
            "Its factors and domains rest on these genes alone. See whether the markers of its "
            "tissues are among them; a larger genes.n_genes keeps more of them.",
        )
        for each in panels
        if each["loading_share"] < FEW_LOADINGS or each["fitted_genes"] < FEW_GENES
    ]


def check_stability(stability: NDArray[np.floating]) -> list[Finding]:
    """Factors that other halves of the spots give otherwise.

    Args:
        stability: (K,) of `training.factors.consensus`, 0..1; NaN is not judged.
    """
    return [
        Finding(
            "unstable factor",
            f"Factor {factor}",
            f"its stability is {value:.2f}: factorisations of random halves of the spots found it "
            "in different forms or not at all",
            "Do not read much into its genes. Fewer factors (model.n_factors) are more stable, and "
            "so are more slices.",
        )
        for factor, value in enumerate(stability)
        if value < UNSTABLE
    ]


def check_domains(
    domains: Sequence[str], slices: NDArray[np.integer], names: Sequence[str]
) -> list[Finding]:
    """Domains that lie in one slice only."""
    if len(names) < 3:
        return []
    found = []
    labels = np.asarray(domains)
    sizes = np.maximum(np.bincount(slices, minlength=len(names)), 1)
    for domain in np.unique(labels):
        rate = np.bincount(slices[labels == domain], minlength=len(names)) / sizes
        share = rate / rate.sum()
        if share.max() > ALONE:
            found.append(
                Finding(
                    "domain of one slice",
                    str(domain),
                    f"{share.max():.0%} of it is in {names[share.argmax()]}",
                    "Tissue of that slice alone, or a slice that did not mix.",
                )
            )
    return found


def check_losses(losses: Mapping[str, Sequence[float]]) -> list[Finding]:
    """Critics that win, and fits that were stopped while they still improved.

    Args:
        losses: values of each named loss, step by step.
    """
    found = []
    adversarial = np.asarray(losses.get("adversarial", ()), dtype=float)
    poisson = np.asarray(losses.get("poisson", ()), dtype=float)
    tenth = max(len(poisson) // 10, 1)
    if len(adversarial) and adversarial[-tenth:].mean() > SURE:
        found.append(
            Finding(
                "critics win",
                "",
                f"the adversarial loss ends at {adversarial[-tenth:].mean():.2f}; a draw is 0.69",
                "Slices stay apart: more training (train.steps) or a larger loss.adversarial may "
                "mix them, if they share tissue at all.",
            )
        )
    if len(poisson) >= 20:
        before, last = poisson[-2 * tenth : -tenth].mean(), poisson[-tenth:].mean()
        fall = (before - last) / max(abs(before), 1e-12)
        if fall > UNFINISHED:
            found.append(
                Finding(
                    "unfinished",
                    "",
                    f"the Poisson loss still fell by {fall:.1%} over the last tenth of the steps",
                    "Train longer: --set train.steps=… .",
                )
            )
    return found


def usage_by_slice(
    proportions: NDArray[np.floating], slices: NDArray[np.integer], n_slices: int
) -> NDArray[np.float64]:
    """Mean proportions (S, K) of each slice."""
    sums = np.zeros((n_slices, proportions.shape[1]))
    np.add.at(sums, slices, proportions)
    return sums / np.maximum(np.bincount(slices, minlength=n_slices), 1)[:, None]


def correlation_with_depth(
    values: NDArray[np.floating], depth: NDArray[np.floating], slices: NDArray[np.integer]
) -> float:
    """`correlation_within` of values and log1p depth."""
    return correlation_within(values, np.log1p(np.asarray(depth, dtype=float)), slices)


def correlation_within(
    values: NDArray[np.floating], others: NDArray[np.floating], slices: NDArray[np.integer]
) -> float:
    """Pearson correlation of two values of each spot, both centred in each slice; 0 if constant."""
    sizes = np.maximum(np.bincount(slices), 1)
    first, second = np.asarray(values, dtype=float), np.asarray(others, dtype=float)
    first = first - (np.bincount(slices, weights=first) / sizes)[slices]
    second = second - (np.bincount(slices, weights=second) / sizes)[slices]
    norm = np.sqrt((first**2).sum() * (second**2).sum())
    return float((first * second).sum() / norm) if norm > 1e-12 else 0.0


def check_names(unmet: Sequence[Unmet]) -> list[Finding]:
    """The builder's names that found nothing to name, or that something else bears."""
    return [
        Finding(
            "names",
            each.place,
            each.reason,
            "All else in the file of names holds. Put the table right and give the name with "
            "`atlas annotate`.",
        )
        for each in unmet
    ]
