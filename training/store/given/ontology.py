"""Terms of public ontologies, such as UBERON:0002082: which there are, where they lead."""

from __future__ import annotations

import re

# Prefix -> how many digits follow the colon, as its ontology writes them.
DIGITS = {
    "UBERON": "7",
    "CL": "7",
    "GO": "7",
    "EMAPA": "5,7",
    "EHDAA2": "7",
    "ZFA": "7",
    "FBbt": "8",
    "WBbt": "7",
    "XAO": "7",
    "HsapDv": "7",
    "MmusDv": "7",
    "ZFS": "7",
    "FBdv": "8",
    "WBls": "7",
    "EFO": "7",
}
TISSUES = ("UBERON", "CL", "EMAPA", "EHDAA2", "ZFA", "FBbt", "WBbt", "XAO")
# Which prefixes a factor, a domain and a stage may have terms of.
PREFIXES = {
    "factor": (*TISSUES, "GO"),
    "domain": TISSUES,
    "stage": ("HsapDv", "MmusDv", "ZFS", "FBdv", "WBls", "XAO", "UBERON", "EFO"),
}
EXAMPLES = {"factor": "CL:0000746", "domain": "UBERON:0002082", "stage": "HsapDv:0000015"}


def term_fault(of: str, text: str) -> str | None:
    """What was expected in place of `text` as the term of a 'factor', 'domain' or 'stage'; None
    where it is one. Whether the ontology holds the term is not looked up."""
    prefix, colon, rest = text.partition(":")
    allowed = PREFIXES[of]
    if not colon or prefix not in allowed:
        return f"PREFIX:NUMBER such as {EXAMPLES[of]}, the prefix one of {', '.join(allowed)}"
    digits = DIGITS[prefix]
    if not re.fullmatch(rf"[0-9]{{{digits}}}", rest):
        return f"{prefix}: followed by {digits.replace(',', ' to ')} digits"
    return None


def term_address(term: str) -> str:
    """Address of a term in the OBO registry, EFO's own for a term of EFO."""
    identifier = term.replace(":", "_")
    if term.startswith("EFO:"):
        return f"http://www.ebi.ac.uk/efo/{identifier}"
    return f"http://purl.obolibrary.org/obo/{identifier}"
