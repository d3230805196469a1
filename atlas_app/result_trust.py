"""What a result says of how far it can be trusted, in words."""

from __future__ import annotations

from typing import Any


def trust_text(report: dict[str, Any]) -> str:
    """What confidence means, with what it was worth on the atlas's own slices."""
    text = "Confidence says how clearly one domain wins over the others."
    held = report.get("rehearsal")
    if isinstance(held, dict) and held.get("domain_accuracy") is not None:
        slices = int(held.get("n_slices", 0))
        of = f"{slices} slices" if slices > 1 else "parts of one slice"
        text = (
            "Confidence is the probability that the domain is right. It was set on spots of the "
            f"atlas mapped with these genes onto other slices ({of}): there "
            f"{held['domain_accuracy']:.0%} of domains were right, and what was promised and what "
            f"came true were {held['domain_calibration_error']:.1%} apart."
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
