"""Calls to Meta's Graph API for one store's account."""

from collections.abc import AsyncGenerator, Mapping
from typing import Any
from urllib.parse import quote

import httpx
import msgspec

from tradewind import StoreContext
from tradewind_whatsapp.errors import refused, unreachable
from tradewind_whatsapp.settings import WhatsAppSettings
from tradewind_whatsapp.wire import Loose, read, text_of

_TIMEOUT = httpx.Timeout(10.0)

Context = StoreContext[WhatsAppSettings]


class _Place(msgspec.Struct):
    url: Loose = None


async def get(context: Context, path: str, fields: str) -> bytes:
    """Read `fields` of an object. Raises a ChannelError."""
    return await _call(context, "GET", path, params={"fields": fields})


async def media_url(context: Context, media_id: str) -> str:
    """Where the bytes of a media file lie for five minutes ("" where Meta does not say)."""
    params = {"phone_number_id": context.settings.phone_number_id}
    answer = await _call(context, "GET", media_id, params=params)
    return text_of((read(answer, _Place) or _Place()).url)


async def download(context: Context, url: str) -> AsyncGenerator[bytes, None]:
    """The bytes behind an address that Meta gave, a piece at a time. Raises a ChannelError."""
    token = context.settings.access_token
    headers = {"Authorization": f"Bearer {token}"}
    try:
        async with context.http.stream(
            "GET", url, headers=headers, timeout=_TIMEOUT, follow_redirects=False
        ) as response:
            if not response.is_success:
                await response.aread()
                raise refused(response, hide=token)
            async for piece in response.aiter_bytes():
                yield piece
    except (httpx.RequestError, httpx.InvalidURL) as fault:
        raise unreachable(fault) from fault


async def post(context: Context, path: str, body: Mapping[str, Any]) -> bytes:
    """Hand in a body. Raises a ChannelError; `Retry.unknown` when it may have been taken."""
    return await _call(context, "POST", path, content=msgspec.json.encode(body))


async def _call(
    context: Context,
    method: str,
    path: str,
    *,
    params: Mapping[str, str] | None = None,
    content: bytes | None = None,
) -> bytes:
    settings = context.settings
    headers = {
        "Authorization": f"Bearer {settings.access_token}",
        "Content-Type": "application/json",
    }
    url = f"{settings.api_base.rstrip('/')}/{settings.api_version}/{quote(path)}"
    try:
        response = await context.http.request(
            method, url, params=params, content=content, headers=headers, timeout=_TIMEOUT
        )
    except (httpx.RequestError, httpx.InvalidURL) as fault:
        raise unreachable(fault) from fault
    if response.is_success:
        return response.content
    raise refused(response, hide=settings.access_token)
