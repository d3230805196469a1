"""Identifiers of the components that callbacks of several files name."""

from __future__ import annotations

# The shell: `LOCATION` is the one dcc.Location; a page's state is its `pathname` and `search`.
LOCATION = "url"
PAGE = "page"
NAVIGATION = "navigation"
FOOTER = "footer"
THEME = "theme-toggle"

FACTORS_GRID = "factors-grid"
FACTORS_DETAIL = "factors-detail"
FACTOR_GENES_GRID = "factor-genes-grid"

MAP_CONTENT = "map-content"
MAP_SHOWN = "map-shown"
MAP_ACTION = "map-action"
MAP_POLL = "map-poll"
MAP_UPLOAD = "map-upload"
MAP_IMPUTE = "map-impute"
MAP_CANCEL = "map-cancel"
MAP_DELETE = "map-delete"
MAP_COLOR = "map-color"
MAP_CANVAS = "map-canvas"
