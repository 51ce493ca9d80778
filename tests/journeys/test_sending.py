"""What the shop does when WhatsApp does not take a message: wait, repeat, give up, show it."""

import json
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import asyncpg
import httpx

from tests.support.deliveries import change, post, status, text
from tests.support.shop import AMINA, BRIAN, GRAPH, Shop, words

REPEATED = "SELECT count(*) FROM shop.message_statuses WHERE status = 'sending'"
Superuser: TypeAlias = "asyncpg.Connection[Any]"
Messages = Callable[[dict[str, Any]], Awaitable[httpx.Response | None]]


def on_messages(shop: Shop, act: Messages) -> None:
    """Let `act` see every message to the Graph API before it arrives; read marks pass."""

    async def fault(request: httpx.Request) -> httpx.Response | None:
        if request.url.host != GRAPH or not request.url.path.endswith("/messages"):
            return None
        body = json.loads(await request.aread() or b"{}")
        return await act(body) if "type" in body else None

    shop.network.fault = fault


def refusal(status: int, code: int) -> httpx.Response:
    return httpx.Response(status, json={"error": {"code": code, "message": "no"}})


async def outgoing(shop: Shop, phone: str = AMINA) -> list[tuple[str, str | None]]:
    """Kind and status of what the shop wrote to a person."""
    listed = await shop.messages(phone)
    return [(one["kind"], one["status"]) for one in listed if one["direction"] == "out"]


async def away(_: dict[str, Any]) -> httpx.Response:
    raise httpx.ConnectError("away")


async def test_an_answer_waits_while_whatsapp_is_away_and_comes_in_order(shop: Shop) -> None:
    await shop.talks(AMINA, "hi")
    on_messages(shop, away)
    for typed in ("ADD TEA-250 1", "CART"):
        await shop.says(AMINA, typed)
        assert await shop.hears(AMINA) == []
    assert (await outgoing(shop))[1:] == [("choice", "queued"), ("choice", "queued")]
    shop.network.fault = None
    await shop.talks(BRIAN, "hi")
    assert await shop.hears(AMINA) == []
    shop.clock.advance(600)
    await shop.settle()
    first, second = [words(body) for body in await shop.hears(AMINA)]
    assert first.startswith("Added")
    assert second.startswith("Your cart")
    assert (await outgoing(shop))[1:] == [("choice", "delivered"), ("choice", "delivered")]


async def test_over_the_rate_the_message_goes_out_a_little_later(shop: Shop) -> None:
    tries = iter([refusal(429, 131056), refusal(429, 130429)])

    async def busy(_: dict[str, Any]) -> httpx.Response | None:
        return next(tries, None)

    on_messages(shop, busy)
    await shop.says(AMINA, "hi")
    assert await shop.hears(AMINA) == []
    for _ in range(2):
        shop.clock.advance(20)
        await shop.settle()
    assert "Welcome" in await shop.hears_text(AMINA)


async def test_a_refused_message_is_failed_with_metas_words(shop: Shop) -> None:
    async def refuse(_: dict[str, Any]) -> httpx.Response:
        return refusal(400, 131026)

    on_messages(shop, refuse)
    await shop.says(AMINA, "hi")
    last = (await shop.messages(AMINA))[-1]
    assert last["status"] == "failed"
    assert "131026" in last["error"]
    shop.network.fault = None
    assert "empty" in await shop.talks(AMINA, "CART")


async def test_after_a_lost_answer_a_status_tells_that_it_went_out(shop: Shop) -> None:
    async def lose(body: dict[str, Any]) -> httpx.Response:
        shop.network.fault = None
        await shop.sandbox.post(graph_path(shop), json=body, headers=bearer())
        raise httpx.ReadTimeout("lost")

    on_messages(shop, lose)
    await shop.says(AMINA, "hi")
    shop.clock.advance(60)
    await shop.settle()
    assert len(await shop.hears(AMINA)) == 1
    assert await outgoing(shop) == [("choice", "delivered")]


async def test_after_a_lost_answer_without_news_it_is_sent_again_and_counted(
    shop: Shop, superuser: Superuser
) -> None:
    async def lose(_: dict[str, Any]) -> httpx.Response:
        shop.network.fault = None
        raise httpx.ReadTimeout("lost")

    on_messages(shop, lose)
    await shop.says(AMINA, "hi")
    assert await shop.hears(AMINA) == []
    shop.clock.advance(60)
    await shop.settle()
    assert len(await shop.hears(AMINA)) == 1
    assert await superuser.fetchval(REPEATED) == 1
    assert [one["repeated"] for one in await shop.messages(AMINA)] == [0, 1]


async def test_what_waits_behind_a_repeated_message_is_not_counted_as_repeated(
    shop: Shop, superuser: Superuser
) -> None:
    async def busy(_: dict[str, Any]) -> httpx.Response:
        shop.network.fault = None
        return refusal(429, 131056)

    await shop.talks(AMINA, "hi")
    on_messages(shop, away)
    demo = shop.branches["demo"].number
    for typed in ("MENU", "CART", "HELP"):
        await shop.deliver(post(change(demo, messages=[text(AMINA, typed)])))
    await shop.settle()
    on_messages(shop, busy)
    for _ in range(3):
        shop.clock.advance(90)
        await shop.settle()
    assert len(await shop.hears(AMINA)) == 3
    assert await superuser.fetchval(REPEATED) == 0


def graph_path(shop: Shop) -> str:
    return f"/v25.0/{shop.branches['demo'].number}/messages"


def bearer() -> dict[str, str]:
    return {"Authorization": "Bearer token-of-demo"}


def pictures(body: dict[str, Any]) -> bool:
    return "image" in str(body.get("interactive", {}).get("header", {}).get("type", ""))


async def see_a_card(shop: Shop) -> None:
    await shop.talks(AMINA, "hi", "MENU")
    await shop.taps(AMINA, "Coffee")
    await shop.hears(AMINA)
    await shop.taps(AMINA, "Nyeri coffee")


async def test_a_picture_that_is_refused_at_once_goes_as_words(shop: Shop) -> None:
    async def no_pictures(body: dict[str, Any]) -> httpx.Response | None:
        return refusal(400, 131053) if pictures(body) else None

    on_messages(shop, no_pictures)
    await see_a_card(shop)
    (card,) = await shop.hears(AMINA)
    assert not pictures(card)
    assert "Nyeri coffee" in words(card)


async def test_a_picture_that_fails_later_is_followed_by_words_once(shop: Shop) -> None:
    await see_a_card(shop)
    (card,) = await shop.hears(AMINA)
    assert pictures(card)
    ref = next(message.id for message in reversed(shop.thread(AMINA)) if not message.from_shopper)
    error = {"code": 131053, "title": "Media upload error"}
    failed = {**status(ref, "failed", AMINA), "errors": [error]}
    for _ in range(2):
        await shop.deliver(post(change(shop.branches["demo"].number, statuses=[failed])))
        await shop.settle()
    (again,) = await shop.hears(AMINA)
    assert not pictures(again)
    assert words(again) == words(card)
