"""Calls to Meta's Graph API for one store's account."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import httpx
import msgspec

from tradewind import StoreContext
from tradewind_whatsapp.errors import refused, unreachable
from tradewind_whatsapp.settings import WhatsAppSettings

_TIMEOUT = httpx.Timeout(10.0)

Context = StoreContext[WhatsAppSettings]


async def get(context: Context, path: str, fields: str) -> bytes:
    """Read `fields` of an object. Raises a ChannelError."""
    return await _call(context, "GET", path, params={"fields": fields})


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
