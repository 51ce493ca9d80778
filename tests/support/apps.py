"""Apps for many tests: their routes are put together once, which takes longer than most tests.

They are for ASGI transports, not for a server, which would start the app whose routes are shared.
"""

from collections.abc import Callable, Hashable
from copy import copy

from litestar import Litestar
from litestar.datastructures import State
from litestar.events import SimpleEventEmitter

from tradewind.settings.engine import Engine
from tradewind_host import app as host
from tradewind_host.config import Config
from tradewind_host.plugin_routes import plugin_routers
from tradewind_sandbox import app as sandbox

_assembled: dict[Hashable, Litestar] = {}


def sandbox_app(state: State) -> Litestar:
    """The sandbox over a state that `furnish` made."""
    app = _own("sandbox", sandbox.assemble)
    app.state = state
    return app


def host_app(engine: Engine, config: Config) -> Litestar:
    """The host over an engine, without pictures."""
    routes = tuple((one.plugin, *one.value) for one in engine.plugins.http_routes().answers)
    app = _own(routes, lambda: host.assemble(*plugin_routers(engine)))
    host.furnish(app, engine, config)
    return app


def _own(routes: Hashable, assemble: Callable[[], Litestar]) -> Litestar:
    """An app of its own over routes that are shared."""
    if routes not in _assembled:
        _assembled[routes] = assemble()
    app = copy(_assembled[routes])
    app.event_emitter = SimpleEventEmitter(listeners=[])
    return app
