"""The benchmark of fits: data sets, rows, what is measured of a row, and the table."""
