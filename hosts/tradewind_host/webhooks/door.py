"""One door for every plugin's webhooks. It stores and answers; the work is done by jobs."""

import asyncio
import logging
from collections.abc import Awaitable
from typing import Any

from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from tradewind.contracts.errors import NotFound, PluginProblem, TooLarge, TradewindError
from tradewind.contracts.webhook import (
    Accepted,
    Answer,
    Challenge,
    Decision,
    Item,
    Refused,
    WebhookRequest,
)
from tradewind.outbox.inbox import Arrival, store_items
from tradewind.settings.engine import Engine, PluginDirectory
from tradewind_host.problems import problem

_LOG = logging.getLogger(__name__)
_SECONDS = 5.0
_MOST_BYTES = 4 * 1024 * 1024
_PATHS = ["/webhooks/{plugin:str}", "/api/webhooks/{plugin:str}"]
_STORE_PATHS = [f"{path}/{{store_slug:str}}" for path in _PATHS]
_CODES = {
    400: "malformed",
    401: "bad_signature",
    403: "forbidden",
    404: "not_found",
    413: "too_large",
}

AnyRequest = Request[Any, Any, Any]


@get(_PATHS, operation_id="webhook_challenge", tags=["webhooks"], media_type="text/plain")
async def challenge(request: AnyRequest, plugin: FromPath[str]) -> Response[Any]:
    """Answer the handshake with which a provider checks that this address is ours."""
    return await _door(request, plugin, None, b"")


@get(
    _STORE_PATHS, operation_id="webhook_store_challenge", tags=["webhooks"], media_type="text/plain"
)
async def store_challenge(
    request: AnyRequest, plugin: FromPath[str], store_slug: FromPath[str]
) -> Response[Any]:
    """Answer the handshake for an address that names the store."""
    return await _door(request, plugin, store_slug, b"")


@post(_PATHS, operation_id="webhook", tags=["webhooks"], status_code=200, media_type="text/plain")
async def deliver(request: AnyRequest, plugin: FromPath[str]) -> Response[Any]:
    """Take in a signed webhook: everything is stored before anything is answered."""
    return await _door(request, plugin, None, await _body(request))


@post(
    _STORE_PATHS,
    operation_id="store_webhook",
    tags=["webhooks"],
    status_code=200,
    media_type="text/plain",
)
async def store_deliver(
    request: AnyRequest, plugin: FromPath[str], store_slug: FromPath[str]
) -> Response[Any]:
    """Take in a signed webhook at an address that names the store."""
    return await _door(request, plugin, store_slug, await _body(request))


webhook_routes: list[HTTPRouteHandler] = [challenge, store_challenge, deliver, store_deliver]


async def _body(request: AnyRequest) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > _MOST_BYTES:
            raise TooLarge("The body is larger than this door takes.")
        chunks.append(chunk)
    return b"".join(chunks)


async def _door(
    request: AnyRequest, plugin: str, store_slug: str | None, body: bytes
) -> Response[Any]:
    engine: Engine = request.app.state.engine
    door = engine.plugins.door(plugin)
    if door is None:
        raise NotFound("There is no such webhook.")
    asked = WebhookRequest(
        method=request.method,
        query=dict(request.query_params),
        headers={name.lower(): value for name, value in request.headers.items()},
        body=body,
        store_slug=store_slug,
    )
    decision = await _decision(door.accept(asked, PluginDirectory(engine, plugin)))
    match decision:
        case Accepted():
            await store_items(engine.database, plugin, await _owned(engine, plugin, decision.items))
            return _response(decision.answer)
        case Challenge():
            return _response(decision.answer)
        case Refused():
            _LOG.info("webhook of %s refused: %s", plugin, decision.reason)
            return problem(decision.status, _CODES.get(decision.status, "refused"), "")


async def _decision(call: Awaitable[Decision]) -> Decision:
    """What a plugin decides. The words of its errors are not for whoever knocked."""
    try:
        async with asyncio.timeout(_SECONDS):
            return await call
    except TradewindError as error:
        words = f"{type(error).__name__} from a plugin's door"
        raise PluginProblem(words).with_traceback(error.__traceback__) from None


def _response(answer: Answer) -> Response[Any]:
    return Response(answer.body, status_code=answer.status, media_type=answer.media_type)


async def _owned(engine: Engine, plugin: str, items: Any) -> list[Arrival]:
    """Each item with the store it belongs to; an unknown address belongs to nobody."""
    accounts = await engine.accounts(plugin)
    by_address = {account.address: account.store_id for account in accounts if account.address}
    stores = {account.store_id for account in accounts}
    return [Arrival(item=item, store_id=_owner(item, by_address, stores)) for item in items]


def _owner(item: Item, by_address: dict[str, Any], stores: set[Any]) -> Any:
    if item.store_id is not None:
        return item.store_id if item.store_id in stores else None
    return by_address.get(item.address)
