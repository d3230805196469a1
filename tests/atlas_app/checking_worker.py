"""Reads and checks a query as the projection does first, and ends there.

Called as `checking_worker.py project STORE QUERY --out RESULT --progress-file FILE`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from training.errors import AtlasError
from training.mapping.reading.query import read_query
from training.store import open_atlas


def main() -> int:
    Path(sys.argv[sys.argv.index("--progress-file") + 1]).touch()
    atlas = open_atlas(Path(sys.argv[2]))
    try:
        read_query(Path(sys.argv[3]), atlas, atlas.genes[:32])
    except AtlasError as error:
        print(error, file=sys.stderr)
        return 1
    print("found a query that can be mapped; expected one that cannot", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
