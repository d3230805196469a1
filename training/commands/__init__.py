"""The subcommands of `atlas`, and how they speak in a terminal."""
