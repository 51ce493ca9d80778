"""Calls to Flutterwave, and what their failures mean.

A call that surely had no effect, or that only read, raises `ProviderFault`. One that may have had
an effect although no answer came raises `Lost`. What Flutterwave refuses is an answer.
"""

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import httpx
import msgspec

from tradewind import ProviderFault, StoreContext
from tradewind_flutterwave import wire
from tradewind_flutterwave.settings import FlutterwaveSettings

Context = StoreContext[FlutterwaveSettings]

READ_SECONDS = 4.0
WRITE_SECONDS = 10.0
"""The engine gives a call 20 seconds; Flutterwave itself gives up after 28."""

_CONNECT_SECONDS = 3.0
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_UNSURE = frozenset({502, 503, 504})
_PASSING = frozenset({408, 425, 429})


class Lost(Exception):
    """No answer came; the call may have taken effect all the same."""


class Answer(msgspec.Struct, frozen=True):
    """An answer that is not a fault: below 300, or a refusal."""

    status: int
    body: bytes

    @property
    def refused(self) -> bool:
        return self.status >= 400


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be sent. `form` is sent as a form, `body` as JSON."""

    method: str
    url: str
    headers: Mapping[str, str] = {}
    params: Mapping[str, str] = {}
    body: Any = None
    form: Mapping[str, str] | None = None
    seconds: float = READ_SECONDS


def path(*parts: str) -> str:
    """The path of an object; whatever its name holds stays one part."""
    return "/".join(quote(part, safe="") for part in parts)


async def read(context: Context, call: Call) -> Answer:
    """Make a call that changes nothing. Raises ProviderFault."""
    try:
        return await send(context, call)
    except Lost as lost:
        raise ProviderFault(str(lost), permanent=False) from lost


async def send(context: Context, call: Call) -> Answer:
    """Make a call. Raises ProviderFault when it had no effect, Lost when nobody knows."""
    response = await _sent(context, call)
    status = response.status_code
    if status in _UNSURE:
        raise Lost(f"Flutterwave answered {status}.")
    if status in {401, 403}:
        words = "Flutterwave does not accept the credentials, or not for this."
        raise ProviderFault(words, permanent=True, provider_code=str(status))
    if status in _PASSING or status >= 500 or 300 <= status < 400:
        words = f"Flutterwave answered {status}."
        raise ProviderFault(words, permanent=False, provider_code=str(status))
    return Answer(status, response.content)


async def _sent(context: Context, call: Call) -> httpx.Response:
    content = None if call.body is None else wire.write(call.body)
    kind = {} if content is None else {"Content-Type": "application/json"}
    try:
        async with asyncio.timeout(call.seconds):
            return await context.http.request(
                call.method,
                call.url,
                params=call.params or None,
                content=content,
                data=call.form,
                headers={**kind, **call.headers},
                timeout=httpx.Timeout(call.seconds, connect=_CONNECT_SECONDS),
            )
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as fault:
        raise ProviderFault("The address of the API is not usable.", permanent=True) from fault
    except _NOT_SENT as fault:
        raise ProviderFault("Flutterwave cannot be reached.", permanent=False) from fault
    except (httpx.RequestError, TimeoutError) as fault:
        raise Lost(f"No answer from Flutterwave ({type(fault).__name__}).") from fault


def understood(answer: Answer, kind: type[wire.T]) -> wire.T:
    """The body of an answer to a reading call. Raises ProviderFault when it cannot be read."""
    found = wire.read(answer.body, kind)
    if found is None:
        raise ProviderFault("Flutterwave's answer cannot be read.", permanent=False)
    return found
