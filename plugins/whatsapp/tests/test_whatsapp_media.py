"""What people send is fetched as Meta documents: an address first, then the bytes."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tradewind import ChannelDown, MediaContent, PermanentFailure, Retry
from tradewind_whatsapp import WhatsApp

PLACE = "https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1&ext=2&hash=3"
CONTENT = MediaContent(kind="image", ref="1003383421387256", mime_type="image/jpeg")

Context = Callable[..., Any]


async def read(context: Any, content: MediaContent = CONTENT) -> bytes:
    """Everything that the channel gives."""
    return b"".join([piece async for piece in WhatsApp().fetch_media(content, context)])


async def test_the_token_goes_to_the_address_that_meta_gave(context: Context) -> None:
    asked: list[httpx.Request] = []

    def meta(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        if request.url.host == "lookaside.fbsbx.com":
            return httpx.Response(200, content=b"bytes")
        return httpx.Response(200, json={"url": PLACE, "mime_type": "image/jpeg", "id": "1"})

    assert await read(context(meta)) == b"bytes"
    first, second = asked
    assert first.url.path.endswith("/1003383421387256")
    assert first.url.params["phone_number_id"] == "106540352242922"
    assert str(second.url) == PLACE
    assert {one.headers["authorization"] for one in asked} == {"Bearer EAAG-token"}


@pytest.mark.parametrize("url", ["http://169.254.169.254/token", "ftp://x/1", "//x/1"])
async def test_the_token_goes_nowhere_but_to_https(context: Context, url: str) -> None:
    def meta(request: httpx.Request) -> httpx.Response:
        assert request.url.host == "graph.facebook.com"
        return httpx.Response(200, json={"url": url})

    with pytest.raises(PermanentFailure, match="https"):
        await read(context(meta))


@pytest.mark.parametrize("ref", ["../me", "1?fields=x", ""])
async def test_what_is_no_media_id_is_not_asked_for(context: Context, ref: str) -> None:
    with pytest.raises(PermanentFailure):
        await read(context(), MediaContent(kind="image", ref=ref))


def meant(code: int, status: int = 400) -> httpx.Response:
    return httpx.Response(status, json={"error": {"code": code, "message": "EAAG-token"}})


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (meant(100), PermanentFailure),
        (meant(131016), Retry),
        (meant(190, 401), ChannelDown),
        (httpx.Response(200, json={}), Retry),
        (httpx.ConnectError("no"), Retry),
    ],
    ids=["gone", "unavailable", "token", "odd", "network"],
)
async def test_refusals_mean_what_they_mean_for_messages(
    context: Context, answer: Any, kind: type[Exception]
) -> None:
    with pytest.raises(kind) as refused:
        await read(context(answer))
    assert "EAAG-token" not in str(refused.value)


@pytest.mark.parametrize(
    ("status", "kind"), [(404, PermanentFailure), (302, PermanentFailure), (503, Retry)]
)
async def test_an_address_that_does_not_give_the_bytes(
    context: Context, status: int, kind: type[Exception]
) -> None:
    def meta(request: httpx.Request) -> httpx.Response:
        if request.url.host == "lookaside.fbsbx.com":
            return httpx.Response(status, headers={"location": "https://elsewhere.example"})
        return httpx.Response(200, json={"url": PLACE})

    with pytest.raises(kind):
        await read(context(meta))
