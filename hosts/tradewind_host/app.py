"""Puts the host together: one Litestar app over one engine."""

from collections.abc import Callable
from typing import Any

from litestar import Litestar, Request, Router
from litestar.datastructures import State
from litestar.di import Provide

from tradewind.catalog.service import Documents
from tradewind.settings.engine import Engine
from tradewind_host.admin_api import admin_router
from tradewind_host.config import Config
from tradewind_host.dashboard import Extensions, dashboard_routers
from tradewind_host.downloads import downloads_router
from tradewind_host.edge import Edge
from tradewind_host.keys import Keys
from tradewind_host.limits import Limiter, Proxies
from tradewind_host.media.serving import media_router
from tradewind_host.openapi import ClosedStructs, openapi_config
from tradewind_host.operations import ROUTES
from tradewind_host.plugin_routes import plugin_routers
from tradewind_host.problems import HANDLERS
from tradewind_host.quick_checkout import quick_routers
from tradewind_host.store_api import store_router
from tradewind_host.store_api.catalog import product_writer
from tradewind_host.store_api.express import Express
from tradewind_host.storefront import pages_routers
from tradewind_host.webhooks import webhook_routes


def create_app(engine: Engine, config: Config) -> Litestar:
    """The host over an open engine, which it neither opens nor closes."""
    app = assemble(*plugin_routers(engine))
    furnish(app, engine, config)
    return app


def assemble(*more: Router) -> Litestar:
    """The routes and `more`, which find what they work on in the app's state."""
    return Litestar(
        route_handlers=[
            *ROUTES,
            Router("/", route_handlers=webhook_routes, include_in_schema=False),
            store_router(),
            *quick_routers(),
            *pages_routers(),
            *dashboard_routers(),
            admin_router(),
            media_router(),
            downloads_router(),
            *more,
        ],
        dependencies={
            "engine": Provide(_given("engine"), sync_to_thread=False),
            "keys": Provide(_given("api_keys"), sync_to_thread=False),
            "limiter": Provide(_given("limiter"), sync_to_thread=False),
        },
        exception_handlers=HANDLERS,
        openapi_config=openapi_config(),
        plugins=[ClosedStructs()],
        request_max_body_size=None,
        logging_config=None,
        debug=False,
    )


def furnish(app: Litestar, engine: Engine, config: Config) -> None:
    """Put an open engine behind the routes, and the edge before them."""
    keys = Keys(engine.database)
    limiter = Limiter(engine.clock, config.rules)
    documents = Documents(product_writer(engine.public_url))
    app.state = State(
        {
            "engine": engine,
            "api_keys": keys,
            "config": config,
            "documents": documents,
            "limiter": limiter,
            "dashboard_extensions": Extensions(engine.plugins),
        }
    )
    proxies = Proxies(config.trusted_proxies, config.client_address_header or "")
    express = Express(engine, keys, limiter, documents)
    app.asgi_handler = Edge(app.asgi_handler, config, keys, proxies, express)


def _given(name: str) -> Callable[[Request[Any, Any, Any]], Any]:
    def found(request: Request[Any, Any, Any]) -> Any:
        return request.app.state[name]

    return found
