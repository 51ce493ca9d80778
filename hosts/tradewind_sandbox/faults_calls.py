"""Faults on the calls that a shop makes to a peer's API: late, refused, or done without an answer.

The doors for tests, the phone and the hosted pages are no API: nothing ever happens to them.
"""

import asyncio
import math
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec
from litestar.enums import MediaType, ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.response.base import ASGIResponse
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from tradewind_sandbox.faults import Fault, Faults
from tradewind_sandbox.flutterwave.errors import Refused
from tradewind_sandbox.whatsapp.errors import OUT_OF_ORDER, THROUGHPUT_REACHED, GraphError

_UNAVAILABLE = 503


class _Api(NamedTuple):
    """One peer's API: which paths it has, and how it words a refusal with an HTTP status."""

    peer: str
    paths: re.Pattern[str]
    words: Callable[[int], dict[str, Any]]


def _graph(status: int) -> dict[str, Any]:
    code = THROUGHPUT_REACHED if status == 429 else OUT_OF_ORDER
    return GraphError(code, "Please try again later.").body()


def _flutterwave_v3(status: int) -> dict[str, Any]:
    return Refused(_reason(status), status).v3()


def _flutterwave_v4(status: int) -> dict[str, Any]:
    kind = "TOO_MANY_REQUESTS" if status == 429 else "INTERNAL_SERVER_ERROR"
    return Refused(_reason(status), status, kind=(kind, f"10{status}")).v4()


def _oauth(status: int) -> dict[str, Any]:
    return {"error": "temporarily_unavailable", "error_description": _reason(status)}


def _stripe(status: int) -> dict[str, Any]:
    if status == 429:
        error = {"type": "invalid_request_error", "code": "rate_limit", "message": _reason(status)}
        return {"error": error}
    return {"error": {"type": "api_error", "message": _reason(status)}}


def _reason(status: int) -> str:
    return "Too many requests" if status == 429 else "Something went wrong"


_APIS = (
    _Api("whatsapp", re.compile(r"/v\d+\.\d+/.*"), _graph),
    _Api("flutterwave", re.compile(r"/flutterwave/v3/.*"), _flutterwave_v3),
    _Api("flutterwave", re.compile(r"/flutterwave/v4/.*"), _flutterwave_v4),
    _Api("flutterwave", re.compile(r"/flutterwave/realms/.*/token"), _oauth),
    _Api("stripe", re.compile(r"/stripe/v\d+/.*"), _stripe),
)


class CallFaults(ASGIMiddleware):
    """Lets happen to a call what is set for the peer whose API it is."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Answer in the peer's place, or let the call through."""
        api = next((one for one in _APIS if one.paths.fullmatch(scope["path"])), None)
        faults: Faults = scope["litestar_app"].state["faults"]
        if api is None:
            await next_app(scope, receive, send)
        elif refusal := await _before(api, faults):
            await refusal(scope, receive, send)
        elif lost := faults.strike(api.peer, "timeout_after_effect"):
            await next_app(scope, receive, _nowhere)
            await _until_gone(receive, lost.seconds)
            await _answer(api, _UNAVAILABLE, {"Connection": "close"})(scope, receive, send)
        else:
            await next_app(scope, receive, send)


async def _before(api: _Api, faults: Faults) -> ASGIResponse | None:
    """Wait where the call is late; the refusal where it does not get through."""
    if late := faults.strike(api.peer, "delay"):
        await asyncio.sleep(late.seconds)
    if busy := faults.strike(api.peer, "status_429"):
        return _answer(api, 429, {"Retry-After": _retry_after(busy)})
    if faults.strike(api.peer, "status_500"):
        return _answer(api, 500)
    return None


def _retry_after(fault: Fault) -> str:
    return str(max(1, math.ceil(fault.seconds)))


def _answer(api: _Api, status: int, headers: dict[str, str] | None = None) -> ASGIResponse:
    return ASGIResponse(
        body=msgspec.json.encode(api.words(status)),
        status_code=status,
        media_type=MediaType.JSON,
        headers=headers,
    )


async def _nowhere(_: Message) -> None:
    """Swallow an answer."""


async def _until_gone(receive: Receive, seconds: float) -> None:
    """Keep the caller waiting until it hangs up or the time is over."""
    try:
        async with asyncio.timeout(seconds):
            while (await receive())["type"] != "http.disconnect":
                pass
    except TimeoutError:
        return
