"""What a result says of how far it can be trusted, in words."""

from __future__ import annotations

from typing import Any

ALONE = (
    " Parts of one slice resemble each other more than two specimens do: of another specimen these "
    "probabilities promise too much, and nothing here says how much."
)


def trust_text(report: dict[str, Any]) -> str:
    """What confidence means, with what it was worth on the atlas's own slices."""
    text = "Confidence says how clearly one domain wins over the others."
    held = report.get("rehearsal")
    if isinstance(held, dict) and held.get("domain_accuracy") is not None:
        slices = int(held.get("n_slices", 0))
        alone = slices < 2
        where = "parts of its one slice" if alone else f"slices ({slices} slices)"
        text = (
            "Confidence is the probability that the domain is right. It was set on spots of the "
            f"atlas mapped with these genes onto other {where}: there "
            f"{held['domain_accuracy']:.0%} of domains were right, and what was promised and what "
            f"came true were {held['domain_calibration_error']:.1%} apart."
            f"{ALONE if alone else ''}"
        )
    return (
        f"{text} A spot may be sure of its domain and still be out of reference: tissue that the "
        "atlas does not hold."
    )


def sentence(text: str) -> str:
    """With a full stop, and a capital before a word of the language: names stay as they are."""
    first = text.partition(" ")[0]
    start = text[:1].upper() if first.isalpha() and first.islower() else text[:1]
    return f"{start}{text[1:]}{'' if text.endswith('.') else '.'}"
