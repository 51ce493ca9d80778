"""The Graph API: every call a shop makes to Meta, under any version prefix."""

from litestar import Response, Router

from tradewind_sandbox.whatsapp.errors import THROUGHPUT_REACHED, GraphError
from tradewind_sandbox.whatsapp.graph import media, messages, numbers, objects, templates
from tradewind_sandbox.whatsapp.graph.caller import GraphRequest


def refuse(_: GraphRequest, error: GraphError) -> Response[object]:
    """A refusal in Meta's shape."""
    headers = {"Retry-After": "1"} if error.code == THROUGHPUT_REACHED else {}
    return Response(error.body(), status_code=error.http_status, headers=headers)


def graph_router() -> Router:
    """All routes of the Graph API."""
    return Router(
        path="/",
        route_handlers=[
            *messages.HANDLERS,
            *media.HANDLERS,
            *numbers.HANDLERS,
            *templates.HANDLERS,
            *objects.HANDLERS,
        ],
        exception_handlers={GraphError: refuse},
    )
