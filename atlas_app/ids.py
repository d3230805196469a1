"""Identifiers of the components that callbacks of several files name."""

from __future__ import annotations

# The shell: `LOCATION` is the one dcc.Location; a page's state is its `pathname` and `search`.
LOCATION = "url"
PAGE = "page"
NAVIGATION = "navigation"
FOOTER = "footer"
THEME = "theme-toggle"
TOUR_START = "tour-start"

FACTORS_GRID = "factors-grid"
FACTORS_DETAIL = "factors-detail"
FACTOR_GENES_GRID = "factor-genes-grid"
FACTORS_BESIDE = "factors-beside"
FACTORS_COMPARE_GRID = "factors-compare-grid"
FACTORS_SETS_TEXT = "factors-sets-text"
FACTORS_SETS_FILE = "factors-sets-file"
FACTORS_SETS_RUN = "factors-sets-run"
FACTORS_SETS_FAULT = "factors-sets-fault"
FACTORS_SETS_GRID = "factors-sets-grid"

# Controls and charts of the Stages page are {"type": …, "name": …}, for callbacks over all of them.
STAGES_CONTROL = "stages-control"
STAGES_CHART = "stages-chart"
STAGES_PANEL = "stages-panel"
STAGES_RESULT = "stages-result"
STAGES_DETAIL = "stages-detail"
STAGES_GRID = "stages-grid"
STAGES_SHOWN = "stages-shown"

MAP_CONTENT = "map-content"
MAP_SHOWN = "map-shown"
MAP_ACTION = "map-action"
MAP_POLL = "map-poll"
MAP_UPLOAD = "map-upload"
MAP_IMPUTE = "map-impute"
MAP_DEMO = "map-demo"
MAP_DEMO_NOTE = "map-demo-note"
MAP_CANCEL = "map-cancel"
MAP_DELETE = "map-delete"
MAP_COLOR = "map-color"
MAP_CANVAS = "map-canvas"
