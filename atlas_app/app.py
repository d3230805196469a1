"""The app: settings in, a Dash application out. Nothing is global; call it as often as needed."""

from __future__ import annotations

import logging
from typing import Any, cast

import dash
import flask
from dash import Input, Output, State
from flask_compress import Compress

from atlas_app import layout
from atlas_app.api.atlases import atlas_routes
from atlas_app.api.colors import color_routes
from atlas_app.api.domains import domain_routes
from atlas_app.api.errors import register_errors
from atlas_app.api.expression import expression_routes
from atlas_app.api.factors import factor_routes
from atlas_app.api.genesets import geneset_routes
from atlas_app.api.jobs import query_routes
from atlas_app.api.python import python_routes
from atlas_app.api.selection import selection_routes
from atlas_app.api.spot_factors import spot_factor_routes
from atlas_app.api.spot_names import spot_routes
from atlas_app.api.stages import stage_routes
from atlas_app.api.takeaway import takeaway_routes
from atlas_app.api.uploads import upload_routes
from atlas_app.atlases.data import Atlases, ServedAtlas
from atlas_app.components import ids
from atlas_app.components.callback_faults import register_panel_faults, report_fault
from atlas_app.http.asset_routes import assets_version, register_assets
from atlas_app.http.links import PAGES, page_of, parse_search
from atlas_app.http.links import search as build_search
from atlas_app.http.password import TRUSTED, register_password
from atlas_app.http.proxies import register_proxies
from atlas_app.http.security import register_headers, script_hash
from atlas_app.jobs.queries import Queries
from atlas_app.pages import about, explore, home, missing_names, stack
from atlas_app.pages.factors import page as factors
from atlas_app.pages.map import page as map_page
from atlas_app.pages.stages import page as stages
from atlas_app.paths import assets_folder
from atlas_app.settings import Settings
from atlas_app.site import Site
from training.store import StoreUnreachable

LOG = logging.getLogger("atlas_app")
# Scripts that the page itself loads; every other module is imported by one of these, and a second
# address for the same module would run it twice.
ENTRY_SCRIPTS = ("bridge.mjs", "callbacks.js", "upload.mjs", "cells.js")
NOT_ENTRY = r"^(?!(?:" + "|".join(name.replace(".", r"\.") for name in ENTRY_SCRIPTS) + r")$).*js$"


def create_app(settings: Settings) -> dash.Dash:
    """The app around `settings.stores`; `create_app(settings).server` is the WSGI application.

    Raises StoreError for a store that does not open.
    """
    atlases = Atlases(settings)
    site = Site(settings, atlases, Queries(settings, atlases))
    server = flask.Flask("atlas_app", static_folder=None)
    folder = assets_folder()
    version = assets_version(folder)
    app = dash.Dash(
        "atlas_app",
        server=cast(Any, server),
        assets_folder=str(folder),
        assets_url_path=f"assets/{version}",
        assets_ignore=NOT_ENTRY,
        url_base_pathname=f"{settings.prefix}/",
        suppress_callback_exceptions=True,
        title=site.title,
        update_title="",
        index_string=layout.INDEX,
        on_error=report_fault,
        serve_locally=True,
        meta_tags=[
            {"name": "viewport", "content": "width=device-width, initial-scale=1"},
            {"name": "color-scheme", "content": "light dark"},
        ],
    )
    prefix = settings.prefix or None
    server.register_blueprint(atlas_routes(atlases), url_prefix=prefix)
    server.register_blueprint(stage_routes(atlases), url_prefix=prefix)
    server.register_blueprint(domain_routes(atlases), url_prefix=prefix)
    server.register_blueprint(factor_routes(atlases), url_prefix=prefix)
    server.register_blueprint(expression_routes(atlases), url_prefix=prefix)
    server.register_blueprint(color_routes(atlases), url_prefix=prefix)
    server.register_blueprint(geneset_routes(atlases), url_prefix=prefix)
    server.register_blueprint(selection_routes(atlases), url_prefix=prefix)
    server.register_blueprint(query_routes(site.queries), url_prefix=prefix)
    server.register_blueprint(python_routes(atlases, site.queries), url_prefix=prefix)
    server.register_blueprint(takeaway_routes(site.queries), url_prefix=prefix)
    server.register_blueprint(upload_routes(site.queries), url_prefix=prefix)
    server.register_blueprint(spot_routes(site.queries), url_prefix=prefix)
    server.register_blueprint(spot_factor_routes(site.atlases), url_prefix=prefix)
    register_errors(server, settings.prefix)
    register_panel_faults(server)
    if settings.password_hash:
        register_password(server, settings.password_hash, site.title, settings.prefix)
    # What is registered last is done to an answer first: whether it is private is said after how
    # long it may be kept.
    register_assets(server, folder, version, settings.prefix)
    register_headers(server, lambda: [*app.csp_hashes(), script_hash(layout.THEME_SCRIPT)])
    register_proxies(server, settings.prefix, settings.proxies)
    server.config["COMPRESS_ALGORITHM"] = ["zstd", "br", "gzip"]
    Compress(server)
    app.layout = lambda: layout.shell(site)
    register_pages(app, site)
    # Dash finds its scripts during the first request; a second one that comes meanwhile, as from
    # the same page, would be told that they do not exist.
    server.test_client().get(f"{settings.prefix}/", environ_overrides={TRUSTED: True})
    return app


def register_pages(app: dash.Dash, site: Site) -> None:
    """Connect the address to the pages, and the pages' own callbacks."""
    factors.register(app, site)
    stages.register(app, site)
    map_page.register(app, site)
    explore.register(app)
    missing_names.register(app, site)

    @app.callback(
        Output(ids.PAGE, "children"),
        Output(ids.NAVIGATION, "children"),
        Output(ids.FOOTER, "children"),
        Input(ids.LOCATION, "pathname"),
        State(ids.LOCATION, "search"),
    )
    def show(pathname: str | None, search: str | None) -> tuple[Any, Any, Any]:
        query = parse_search(search)
        page = page_of(pathname, site.settings.prefix)
        served = site.atlas(query)
        return (
            page_content(site, page, query),
            layout.navigation(site, served, page),
            layout.footer(served),
        )


def page_content(site: Site, page: str | None, query: dict[str, str]) -> Any:
    """The page for an address, or a page that says what is wrong with it."""
    served = site.atlas(query)
    try:
        return atlas_page(site, served, page, query)
    except StoreUnreachable as error:
        LOG.warning("%s", error)
        return layout.message(
            "The atlas cannot be read now",
            f"Where it is kept, {error.reason}. Try again in a while.",
            layout.dmc.Anchor("Retry", href=asked_address(site, page, query), refresh=True),
        )


def asked_address(site: Site, page: str | None, query: dict[str, str]) -> str:
    """The address of a page that was asked for with these parameters."""
    return f"{site.settings.prefix}/{page or ''}{build_search(query)}"


def atlas_page(
    site: Site, served: ServedAtlas | None, page: str | None, query: dict[str, str]
) -> Any:
    """`page_content` of an atlas that can be read."""
    if served is None:
        names = ", ".join(other.id for other in site.atlases) or "none"
        return layout.message(
            "No such atlas",
            f"This server has no atlas {query.get('atlas', '')!r}. It has: {names}.",
            layout.dmc.Anchor("Open the first atlas", href=site.href(""), refresh=True),
        )
    if page == "":
        return home.layout(site, served)
    if page == "explore":
        return explore.layout(served.description, query)
    if page == "stack":
        return stack.layout(site, served, query)
    if page == "factors":
        return factors.layout(site, served, query)
    if page == "stages":
        return stages.layout(site, served, query)
    if page == "map":
        return map_page.layout(site, served, query)
    if page == "about":
        return about.layout(site, served)
    return layout.message(
        "No such page",
        "The address names no page of this atlas. The pages are: " + ", ".join(PAGES.values()),
        layout.dmc.Anchor("Go to the front page", href=site.href("", served)),
    )
