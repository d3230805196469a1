"""Which files a query may be sent as, told by how they begin."""

from __future__ import annotations

from pathlib import Path

from atlas_app.http.errors import ApiError

HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"
ZIP_SIGNATURE = b"PK\x03\x04"
# Bytes that tell which form a file has.
HEAD = len(HDF5_SIGNATURE)
EXPECTED = (
    "an AnnData file in HDF5 format, as written by adata.write_h5ad('query.h5ad'), or a zip of a "
    "Space Ranger folder or of a table of counts with one of coordinates"
)


def form_of(start: bytes) -> str | None:
    """The ending of a file that begins with `start`: .h5ad, .zip, or None for other files."""
    if start[:HEAD] == HDF5_SIGNATURE:
        return ".h5ad"
    return ".zip" if start.startswith(ZIP_SIGNATURE) else None


def check_form(path: Path) -> str:
    """The ending that a received file should have; an ApiError (415) for what is no query."""
    with path.open("rb") as file:
        start = file.read(HEAD)
    return require_form(start)


def require_form(start: bytes) -> str:
    """As `form_of`, raising ApiError (415) where it is None."""
    form = form_of(start)
    if form is None:
        raise ApiError(
            415,
            "This is not a file that can be mapped.",
            found=f"a file that begins with {start!r}",
            expected=EXPECTED,
        )
    return form
