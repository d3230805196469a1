"""What a card tells of the command that made it."""

from __future__ import annotations

from training.commands.invocation import told_command


def test_folders_of_the_machine_are_left_out() -> None:
    given = ["fit", "/somebody/data/heart 6.5", "--out", "out/heart.atlas.zarr"]
    options = ["--set", "genes.orthologs=/somebody/pairs.csv", "--set", "atlas.title=A = B"]
    remote = ["s3://bucket/heart.atlas.zarr"]
    assert told_command([*given, *options, *remote]) == (
        "atlas fit 'heart 6.5' --out out/heart.atlas.zarr --set genes.orthologs=pairs.csv "
        "--set 'atlas.title=A = B' s3://bucket/heart.atlas.zarr"
    )
