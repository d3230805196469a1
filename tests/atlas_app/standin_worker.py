"""Stands in for the projection where a test is about the machinery around it.

Called as `standin_worker.py MODE project STORE QUERY --out RESULT --progress-file FILE …`. Modes:
ok (writes a result of the documented layout), refuse (a user's error), crash (a traceback), slow
(reports and sleeps, with a child process), greedy (takes memory), hungry (takes more than the
kernel lets it have), killed (kills itself), once (the same when first started), crashed (as one
that reads where it may not), limits (refuses, and names its own limits), empty (ends well
without a result), copy (the query is the result), brief (the same after two seconds), once-copy
(once, then copy), file (whichever of these the query's attribute `standin` names).
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path


def report(path: Path, phase: str, fraction: float, message: str) -> None:
    with path.open("a") as handle:
        line = {"phase": phase, "fraction": fraction, "message": message}
        handle.write(json.dumps(line) + "\n")


def option(name: str) -> str | None:
    return sys.argv[sys.argv.index(name) + 1] if name in sys.argv else None


def write_result(query: Path, result: Path, genes: list[str]) -> None:
    import anndata as ad
    import numpy as np
    import pandas as pd

    data = ad.read_h5ad(query)
    n = data.n_obs
    x = np.asarray(data.obsm["spatial"])[:, 0]
    rank = np.argsort(np.argsort(x))
    domain = np.where(rank < n // 2, "brain", "gut")
    data.obs["domain"] = pd.Categorical(domain)
    data.obs["domain_confidence"] = np.linspace(0, 1, n, dtype=np.float32)
    data.obs["stage"] = pd.Categorical(["E10"] * n)
    data.obs["stage_confidence"] = np.full(n, 0.5, np.float32)
    data.obs["out_of_reference"] = rank >= n - 12
    data.obs["out_of_reference_score"] = x.astype(np.float32)
    factors = np.full((n, 4), 0.2, np.float32)
    factors[:, 1] = 0.4
    data.obsm["factors"] = factors
    data.obsm["latent"] = np.zeros((n, 6), np.float32)
    if genes:
        data.obsm["imputed"] = np.outer(rank, np.arange(1, len(genes) + 1)).astype(np.float32)
        # The first gene was measured too, and could be tested; of the others nothing is known.
        first = np.where(np.arange(len(genes)) == 0, 1.0, np.nan)
        data.obsm["measured"] = np.outer(rank[::-1], first).astype(np.float32)
        known = {"pearson": 0.5, "spearman": 0.4, "rmse": 1, "base": 16, "slope": 0, "low": -2}
        known |= {"high": 3, "here_pearson": 0.25, "here_inside": 0.75}
        table = pd.DataFrame({name: first * value for name, value in known.items()})
        table["slices"] = np.nan_to_num(first).astype(int)
        data.uns["imputation"] = table.set_index(pd.Index(genes, name="gene"))
    data.uns["projection"] = {
        "atlas_id": "test",
        "n_genes_matched": 38,
        "n_genes_fitted": 32,
        "n_fitted_genes_matched": 30,
        "imputed_genes": np.array(genes, dtype=object),
        "warnings": ["Two genes of the panel are missing."],
    }
    data.write_h5ad(result)


def main() -> int:
    mode, query = sys.argv[1], Path(sys.argv[4])
    result = Path(str(option("--out")))
    progress = Path(str(option("--progress-file")))
    impute = option("--impute")
    if mode == "file":
        import h5py

        with h5py.File(query) as file:
            mode = str(file.attrs.get("standin", "ok"))
    report(progress, "check", 0.1, "120 spots, 38 of 40 genes matched")
    if mode == "refuse":
        print("query.h5ad: found normalised values; expected raw counts.", file=sys.stderr)
        return 1
    if mode == "crash":
        raise RuntimeError("a bug")
    if mode == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if mode.startswith("once") and not (result.parent / "began").exists():
        (result.parent / "began").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    if mode == "crashed":
        os.kill(os.getpid(), signal.SIGSEGV)
    if mode == "limits":
        import resource
        import tempfile

        kinds = ("DATA", "CPU", "NOFILE", "FSIZE", "CORE")
        found = {kind: resource.getrlimit(getattr(resource, f"RLIMIT_{kind}"))[1] for kind in kinds}
        found["secret"] = int(bool({"ATLAS_PASSWORD_HASH", "ATLAS_JOBS"} & set(os.environ)))
        found["temporary"] = int(Path(tempfile.gettempdir()).parent == result.parent)
        print(json.dumps(found), file=sys.stderr)
        return 1
    if mode == "hungry":
        bytearray(8 * 2**30)
    if mode == "greedy":
        taken = bytearray(400 * 2**20)
        taken[::4096] = b"x" * len(taken[::4096])
        time.sleep(60)
    if mode == "slow":
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        report(progress, "project", 0.5, f"child {child.pid}")
        time.sleep(60)
    if mode == "brief":
        report(progress, "project", 0.5, f"child {os.getpid()}")
        time.sleep(2)
    if mode in ("copy", "brief", "once-copy"):
        shutil.copyfile(query, result)
        report(progress, "write", 1.0, "written")
    if mode in ("ok", "once"):
        write_result(query, result, impute.split(",") if impute else [])
        report(progress, "write", 1.0, "written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
