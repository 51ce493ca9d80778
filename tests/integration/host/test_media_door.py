"""`/media`: pictures for everybody, wherever they are kept."""

from http import HTTPStatus

import httpx
import pytest

from tradewind.settings.engine import Engine
from tradewind_host.media.serving import Span, span


async def test_a_picture_is_served_once_and_for_all(
    client: httpx.AsyncClient, engine: Engine
) -> None:
    await engine.media.put("public/demo/tea.jpg", b"tea", "image/jpeg")
    answer = await client.get("/media/demo/tea.jpg")
    assert answer.status_code == HTTPStatus.OK
    assert answer.content == b"tea"
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["content-length"] == "3"
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    asked = await client.head("/media/demo/tea.jpg")
    assert (asked.status_code, asked.content) == (HTTPStatus.OK, b"")
    for name in ("content-type", "content-length", "cache-control"):
        assert asked.headers[name] == answer.headers[name]


@pytest.mark.parametrize(
    "path", ["demo/none.jpg", "..%2F..%2Fetc/passwd", "demo/../../files/shop/book", "demo", ""]
)
async def test_nothing_else_is_served(client: httpx.AsyncClient, engine: Engine, path: str) -> None:
    await engine.media.put("private/shop/book", b"words", "application/pdf")
    answer = await client.get(f"/media/{path}")
    assert answer.status_code == HTTPStatus.NOT_FOUND
    assert answer.json()["code"] == "not_found"


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (None, None),
        ("bytes=0-3", Span(0, 4)),
        ("bytes=4-", Span(4, 10)),
        ("bytes=-3", Span(7, 10)),
        ("bytes=8-99", Span(8, 10)),
        ("bytes=0-1,4-5", None),
        ("lines=0-3", None),
        ("bytes=-", None),
        ("bytes=10-", None),
        ("bytes=5-4", None),
        ("bytes=-0", None),
    ],
)
def test_a_span_of_bytes_is_read(header: str | None, found: Span | None) -> None:
    assert span(header, 10) == found
