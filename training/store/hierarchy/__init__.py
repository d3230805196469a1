"""How values lie in a Zarr hierarchy: groups, arrays, columns, numbers as bytes."""
