"""Faults on the calls of a shop: late, refused in the peer's own words, done without an answer."""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from tests.integration.sandbox.world import (
    CONFIG,
    PHONE_NUMBER_ID,
    PretendedBusiness,
    StillClock,
    World,
    error_code,
    fault,
    faults,
)
from tests.support.waiting import until
from tradewind_host.serving import bind, port_of, serving
from tradewind_sandbox import create_app


@asynccontextmanager
async def served_world() -> AsyncIterator[World]:
    """A world behind a real server, as a shop meets it."""
    listener, business, clock = bind("127.0.0.1", 0), PretendedBusiness(), StillClock()
    app = create_app(CONFIG, clock=clock, transport=httpx.MockTransport(business.handle))
    url = f"http://127.0.0.1:{port_of(listener)}"
    async with serving(app, listener), httpx.AsyncClient(base_url=url) as client:
        yield World(app, client, clock, business)


async def test_without_a_fault_the_call_is_accepted(world: World) -> None:
    assert (await world.send_text()).status_code == 200
    assert len(await world.received()) == 1


async def test_too_many_requests_are_refused_in_metas_shape_before_any_effect(
    world: World,
) -> None:
    await fault(world, peer="whatsapp", kind="status_429", count=1, milliseconds=2500)
    answer = await world.send_text()
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "3")
    assert error_code(answer) == 130429
    assert await world.received() == []
    assert (await world.send_text()).status_code == 200


async def test_a_broken_server_refuses_before_any_effect(world: World) -> None:
    await fault(world, peer="whatsapp", kind="status_500", count=2)
    for _ in range(2):
        answer = await world.send_text()
        assert (answer.status_code, error_code(answer)) == (500, 131000)
    assert await world.received() == []
    assert (await world.send_text()).status_code == 200
    assert (await faults(world))["injected"] == {"whatsapp": {"status_500": 2}}


async def test_a_late_call_takes_effect_after_its_time(world: World) -> None:
    await fault(world, peer="whatsapp", kind="delay", count=1, milliseconds=60)
    begun = time.monotonic()
    assert (await world.send_text()).status_code == 200
    assert time.monotonic() - begun >= 0.06
    assert len(await world.received()) == 1


async def test_a_call_without_an_answer_has_taken_effect() -> None:
    async with served_world() as world:
        await fault(world, peer="whatsapp", kind="timeout_after_effect", count=1)
        world.client.timeout = httpx.Timeout(0.3)
        with pytest.raises(httpx.ReadTimeout):
            await world.send_text()
        assert len(await world.received()) == 1
        assert (await world.send_text()).status_code == 200


async def test_a_caller_who_waits_long_enough_hears_that_nothing_is_known(world: World) -> None:
    await fault(world, peer="whatsapp", kind="timeout_after_effect", count=1, milliseconds=40)
    begun = time.monotonic()
    answer = await world.send_text()
    assert time.monotonic() - begun >= 0.04
    assert answer.status_code == 503
    assert "messages" not in answer.json()
    assert len(await world.received()) == 1


async def test_a_refusal_by_the_peer_itself_is_kept_away_too(world: World) -> None:
    await fault(world, peer="whatsapp", kind="timeout_after_effect", count=1, milliseconds=0)
    for status in (503, 401):
        assert (await world.graph("GET", PHONE_NUMBER_ID, token="wrong")).status_code == status


async def test_who_waits_for_an_answer_does_not_keep_the_sandbox_from_stopping() -> None:
    async with served_world() as world:
        await fault(world, peer="whatsapp", kind="timeout_after_effect", count=1)
        waiting = asyncio.create_task(world.send_text())

        async def taken() -> bool:
            return bool(await world.received())

        await until(taken, "the call has taken effect")
        begun = time.monotonic()
    assert time.monotonic() - begun < 10
    with pytest.raises(httpx.HTTPError):
        (await waiting).raise_for_status()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/whatsapp/messages"),
        ("POST", "/whatsapp/inbound"),
        ("GET", "/phone/"),
        ("GET", "/mail/messages"),
        ("GET", "/mail/"),
        ("GET", "/faults"),
        ("POST", "/clock"),
        ("POST", "/flutterwave/settle"),
        ("GET", "/flutterwave/pay/1"),
        ("POST", "/stripe/pay"),
    ],
)
async def test_doors_and_pages_are_never_hit(world: World, method: str, path: str) -> None:
    for peer in ("whatsapp", "flutterwave", "stripe", "mail"):
        await fault(world, peer=peer, kind="status_500")
    answer = await world.client.request(method, path, json={})
    assert answer.status_code < 500
    assert (await faults(world))["injected"] == {}


ERRORS = {
    "/flutterwave/v3/payments": {"status": "error", "message": "Something went wrong"},
    "/flutterwave/v4/charges": {"status": "failed", "error": {"code": "10500"}},
    "/flutterwave/realms/flutterwave/protocol/openid-connect/token": {
        "error": "temporarily_unavailable"
    },
    "/stripe/v1/payment_intents": {"error": {"type": "api_error"}},
    "/v23.0/106540352242922": {"error": {"code": 131000}},
}


@pytest.mark.parametrize("path", ERRORS)
@pytest.mark.parametrize("status", [429, 500])
async def test_every_peer_refuses_in_its_own_words(world: World, path: str, status: int) -> None:
    called: list[Any] = []
    peer = re.sub(r"^/v.*", "/whatsapp", path).split("/")[1]
    await fault(world, peer=peer, kind=f"status_{status}", count=1)
    answer = await call(world, path, called)
    assert (answer.status_code, called) == (status, [])
    assert ("Retry-After" in answer.headers) == (status == 429)
    if status == 500:
        assert contains(answer.json(), ERRORS[path])
    assert (await call(world, path, called)).status_code == 204
    assert called == [path]


async def call(world: World, path: str, called: list[Any]) -> httpx.Response:
    """Call a path behind the sandbox's middleware, whether the peer has it or not."""

    async def peer(scope: Any, receive: Any, send: Any) -> None:
        called.append(scope["path"])
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    middleware: Any = world.app.middleware[0]
    behind = middleware(peer)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await behind({**scope, "litestar_app": world.app}, receive, send)

    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://sandbox.test") as client:
        return await client.post(path)


def contains(whole: Any, part: Any) -> bool:
    if isinstance(part, dict):
        return all(contains(whole[key], value) for key, value in part.items())
    return bool(whole == part)
