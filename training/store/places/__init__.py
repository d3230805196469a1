"""Where stores lie: local folders, open zarr stores, URLs."""
