"""The shell around every page: header, navigation, atlas picker, theme, footer."""

from __future__ import annotations

import json
from typing import Any, cast

import dash_mantine_components as dmc
from dash import dcc, html

from atlas_app.atlases.data import ServedAtlas
from atlas_app.components import ids
from atlas_app.http.links import PAGES
from atlas_app.site import Site
from atlas_app.words.glossary import TERMS

# Runs before the first paint, so that a page opened in the dark does not flash white.
THEME_SCRIPT = (
    "(function(){var k='mantine-color-scheme-value',s=null;try{s=localStorage.getItem(k)}"
    "catch(e){}var d=s==='dark'||(s!=='light'&&matchMedia('(prefers-color-scheme: dark)').matches);"
    "document.documentElement.setAttribute('data-mantine-color-scheme',d?'dark':'light')})();"
)

INDEX = (
    """<!DOCTYPE html>
<html lang="en">
<head>
{%metas%}
<title>{%title%}</title>
{%favicon%}
{%css%}
<script>"""
    + THEME_SCRIPT
    + """</script>
</head>
<body>
{%app_entry%}
<noscript>This atlas is drawn by your browser; please allow JavaScript.</noscript>
<footer>
{%config%}
{%scripts%}
{%renderer%}
</footer>
</body>
</html>
"""
)

THEME: dict[str, Any] = {
    "primaryColor": "teal",
    "primaryShade": {"light": 9, "dark": 4},
    "autoContrast": True,
    "defaultRadius": "md",
    "fontFamily": "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', sans-serif",
    "fontFamilyMonospace": "ui-monospace, 'SF Mono', Menlo, Consolas, monospace",
    "headings": {"fontWeight": "600"},
}


def shell(site: Site) -> Any:
    """The layout of the whole app; `page` is filled by the callback on the address."""
    toggle = dmc.ColorSchemeToggle(
        id=ids.THEME,
        lightIcon=html.Span(className="icon icon-sun"),
        darkIcon=html.Span(className="icon icon-moon"),
        variant="subtle",
        color="gray",
        size="lg",
        **{"aria-label": "Switch between light and dark"},
    )
    tour = html.Button(
        [
            html.Span(className="icon icon-tour"),
            html.Span("Take the tour", className="tour-start-text"),
        ],
        id=ids.TOUR_START,
        type="button",
        className="tour-start",
        title="Take the tour",
        **cast(Any, {"aria-label": "Take the tour"}),
    )
    return dmc.MantineProvider(
        id="mantine",
        theme=THEME,
        defaultColorScheme="auto",
        children=[
            dcc.Location(id=ids.LOCATION, refresh="callback-nav"),
            dmc.NotificationContainer(id="notifications", position="bottom-right"),
            html.A("Skip to the content", href="#content", className="skip-link"),
            html.Header(
                className="site-header",
                children=[html.Div(id=ids.NAVIGATION, className="site-navigation"), tour, toggle],
            ),
            # A script fills it; here, so that the keyboard comes to it before the page.
            html.Section(
                className="tour-place",
                **cast(
                    Any,
                    {"data-home": site.href(""), "data-explore": site.href("explore")},
                ),
            ),
            html.Section(
                className="glossary", hidden=True, **cast(Any, {"data-terms": json.dumps(TERMS)})
            ),
            html.Main(html.Div(id=ids.PAGE, className="page"), id="content"),
            html.Footer(html.Div(id=ids.FOOTER, className="site-footer"), className="site-foot"),
        ],
    )


def navigation(site: Site, served: ServedAtlas | None, page: str | None) -> list[Any]:
    """The brand, the links to the pages, and a picker where there are several atlases."""
    links = [
        dmc.Anchor(
            label,
            href=site.href(name, served),
            underline="never",
            className="nav-link active" if name == page else "nav-link",
            **({"aria-current": "page"} if name == page else {}),
        )
        for name, label in PAGES.items()
        if name
    ]
    title = served.description["title"] if served else site.title
    brand = dmc.Anchor(
        [html.Span(className="brand-mark"), html.Span(title, className="brand-name")],
        href=site.href("", served),
        underline="never",
        className="brand",
        **{"aria-label": f"{title}: front page"},
    )
    parts: list[Any] = [brand, html.Nav(links, className="nav-links")]
    if len(site.atlases) > 1:
        parts.append(picker(site, served, page or ""))
    return parts


def picker(site: Site, served: ServedAtlas | None, page: str) -> Any:
    """A menu of the atlases; choosing one opens it on the same page."""
    return dmc.Menu(
        [
            dmc.MenuTarget(
                dmc.Button(
                    "Atlas",
                    id="atlas-picker",
                    variant="default",
                    size="compact-sm",
                    rightSection=html.Span(className="icon-down"),
                )
            ),
            dmc.MenuDropdown(
                [
                    dmc.MenuItem(
                        other.description["title"],
                        href=site.href(page, other),
                        # A whole new document: nothing of one atlas may linger in another.
                        refresh=True,
                        rightSection="✓" if other is served else None,
                    )
                    for other in site.atlases
                ]
            ),
        ],
        shadow="md",
    )


def footer(served: ServedAtlas | None) -> list[Any]:
    """What every view is named after: the atlas and its content digest."""
    if served is None:
        return []
    licence = str(served.atlas.card.get("licence") or "")
    return [
        html.Span(served.description["title"]),
        html.Span(
            ["digest ", html.Code(served.atlas.digest[:12], title=served.atlas.digest)],
            className="footer-digest",
        ),
        *([html.Span(licence)] if licence else []),
    ]


def message(title: str, text: Any, *links: Any, color: str = "red") -> Any:
    """A page that says what is wrong and the way on."""
    return dmc.Container(
        dmc.Stack(
            [dmc.Title(title, order=1, size="h2"), dmc.Alert(text, color=color), *links], gap="md"
        ),
        size="sm",
        py="xl",
    )
