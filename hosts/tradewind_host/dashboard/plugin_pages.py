"""Pages of plugins: their own words within the dashboard's frame."""

from typing import Any

from litestar import Request, Response, get
from litestar.params import FromPath

from tradewind.contracts.errors import NotFound
from tradewind.hooks import PageRequest
from tradewind_host.dashboard.door import GivenDesk
from tradewind_host.dashboard.extensions import Extensions


@get("/plugins/{plugin:str}/{path:str}")
async def plugin_page(
    request: Request[Any, Any, Any], desk: GivenDesk, plugin: FromPath[str], path: FromPath[str]
) -> Response[Any]:
    """A plugin's page in a store that has enabled it; one that fails says so. Raises NotFound."""
    extensions: Extensions = request.app.state["dashboard_extensions"]
    page = extensions.page(plugin, path)
    context = await desk.engine.context(desk.store, plugin)
    if context is None:
        raise NotFound("This store has no such page.")
    asked = PageRequest(
        role=desk.staff.role, csrf=desk.staff.csrf, query=dict(request.query_params.items())
    )
    content = await desk.engine.plugins.dashboard_page(plugin, page, asked, context)
    return desk.page(
        "plugin.html",
        here=f"{plugin}/{path}",
        status=200 if content is not None else 502,
        title=page.title,
        plugin=plugin,
        content=content,
    )
