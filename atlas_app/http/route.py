"""What is documented of one route of the HTTP interface."""

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
UPLOAD = "/api/v1/uploads/{upload}"
SCALE = (
    "One byte per spot in the row order of reference/. Numbers: value = X-Atlas-Lo + byte / 254 × "
    "(X-Atlas-Hi − X-Atlas-Lo); categories: the byte is the code; 255: missing. X-Atlas-Kind is "
    "number or category."
)
