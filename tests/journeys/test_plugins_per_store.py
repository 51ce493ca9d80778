"""A plugin is switched off, breaks or is let go again while the shop is at work."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.support.corner import Corner, open_corner
from tests.support.shop import AMINA, BRIAN
from tests.support.thirdparty.kiosk import content
from tradewind import (
    ChannelDown,
    Conflict,
    MessageReceived,
    NotFound,
    OptedOut,
    PermanentFailure,
    ProviderFault,
    Retry,
    WindowClosed,
)
from tradewind.checkout import service as checkout
from tradewind.outbox.rules import MAX_ATTEMPTS
from tradewind.settings.rules import QUARANTINE_AFTER
from tradewind.testing.clock import ManualClock
from tradewind.testing.database import DatabaseUrls

TOTAL = 1_200_00 + 300_00


@pytest_asyncio.fixture
async def corner(database_urls: DatabaseUrls, clock: ManualClock) -> AsyncIterator[Corner]:
    async with open_corner(database_urls, clock) as opened:
        yield opened


def broken() -> BaseException:
    return ZeroDivisionError("division by zero")


async def switched_off(corner: Corner) -> None:
    assert not (await corner.put("kiosk", enabled=False))["enabled"]


async def in_quarantine(corner: Corner) -> None:
    corner.kiosk.mood = lambda method: broken() if method == "methods" else None
    for _ in range(QUARANTINE_AFTER):
        await corner.offered()
    corner.kiosk.mood = content
    assert (await corner.page())["quarantined_at"]


STOPS = pytest.mark.parametrize(
    "stop", [switched_off, in_quarantine], ids=lambda stop: stop.__name__
)
Stop = Callable[[Corner], Awaitable[None]]


# --- money in flight -----------------------------------------------------------------------------


@STOPS
async def test_a_provider_that_was_stopped_is_offered_to_nobody_new(
    corner: Corner, stop: Stop
) -> None:
    assert await corner.offered() == {"kiosk", "manual"}
    waiting = await corner.cart()
    await stop(corner)
    assert await corner.offered() == {"manual"}
    with pytest.raises(Conflict) as refused:
        await corner.pays(waiting)
    assert refused.value.reason == "provider_unavailable"
    assert not corner.kiosk.book.requests
    assert (await corner.put("kiosk", enabled=True))["enabled"]
    assert await corner.offered() == {"kiosk", "manual"}
    await corner.pays(waiting)
    assert len(corner.kiosk.book.requests) == 1


@STOPS
async def test_money_that_was_under_way_lands_by_its_webhook(corner: Corner, stop: Stop) -> None:
    await corner.begun()
    await stop(corner)
    number = corner.paid()
    assert await corner.hook(number, "somebody-elses-secret") == 401
    assert not await corner.orders()
    assert await corner.hook(number) == 200
    (order,) = await corner.orders()
    assert (order["status"], order["payment_status"], order["total"]) == (
        "processing",
        "paid",
        TOTAL,
    )
    assert "fetch" not in corner.kiosk.calls


@STOPS
async def test_money_that_was_under_way_is_found_by_looking(corner: Corner, stop: Stop) -> None:
    await corner.begun()
    await stop(corner)
    corner.paid()
    await corner.passes(timedelta(seconds=10))
    (order,) = await corner.orders()
    assert order["payment_status"] == "paid"
    assert "parse_webhook" not in corner.kiosk.calls


@STOPS
async def test_the_shopper_completes_what_was_begun(corner: Corner, stop: Stop) -> None:
    cart = await corner.begun()
    await stop(corner)
    corner.paid()
    order = await checkout.complete(corner.shop.engine, corner.store, cart.id)
    assert order.payment_status == "paid"


@STOPS
async def test_what_was_begun_is_called_off_at_the_provider_when_another_way_is_taken(
    corner: Corner, stop: Stop
) -> None:
    cart = await corner.begun()
    await stop(corner)
    await checkout.place(corner.shop.engine, corner.store, cart.id, "manual")
    await corner.shop.settle()
    assert "cancel" in corner.kiosk.calls


@STOPS
async def test_money_is_given_back_by_a_provider_that_was_stopped(
    corner: Corner, stop: Stop
) -> None:
    await corner.begun()
    assert await corner.hook(corner.paid()) == 200
    (order,) = await corner.orders()
    await stop(corner)
    await corner.shop.admin("POST", f"/admin/orders/{order['id']}/refund", {"amount": 500})
    assert [change.amount.amount for change in corner.kiosk.refunds] == [500]
    (order,) = await corner.orders()
    assert order["payment_status"] == "partially_refunded"


@STOPS
async def test_money_that_comes_after_its_time_still_places_the_order(
    corner: Corner, stop: Stop
) -> None:
    await corner.begun()
    await stop(corner)
    await corner.passes(timedelta(minutes=11))
    assert await corner.hook(corner.paid()) == 200
    placed = [one["payment_status"] for one in await corner.orders()]
    assert placed == ["paid"]


# --- quarantine ----------------------------------------------------------------------------------


async def test_a_quarantine_is_a_case_with_its_evidence_and_a_way_out(corner: Corner) -> None:
    await in_quarantine(corner)
    page = await corner.page()
    assert (page["enabled"], page["quarantine_reason"]) == (
        False,
        "ZeroDivisionError: division by zero",
    )
    (case,) = await corner.cases()
    assert (case["kind"], case["subject_type"], case["subject_id"]) == (
        "quarantine",
        "plugin",
        "kiosk",
    )
    assert case["actions"] == ["release", "close"]
    assert case["evidence"]["plugin"] == "kiosk"
    assert [(one["where"], one["error"]) for one in case["evidence"]["defects"]] == [
        ("methods", "ZeroDivisionError: division by zero")
    ] * QUARANTINE_AFTER
    assert page["defects"] == case["evidence"]["defects"]
    path = f"/admin/cases/{case['id']}/release"
    closed = (await corner.shop.admin("POST", path, {"resolution": "version 2 is here"}))["case"]
    assert (closed["state"], closed["resolution"]) == ("closed", "version 2 is here")
    page = await corner.page()
    assert (page["enabled"], page["quarantined_at"], page["defects"]) == (True, None, [])
    assert await corner.offered() == {"kiosk", "manual"}
    assert [one for one in await corner.audited() if one[1] == "kiosk"] == [
        ("plugin.configured", "kiosk"),
        ("plugin.quarantined", "kiosk"),
        ("plugin.released", "kiosk"),
    ]


async def test_a_case_that_is_only_closed_leaves_the_plugin_where_it_is(corner: Corner) -> None:
    await in_quarantine(corner)
    (case,) = await corner.cases()
    await corner.shop.admin("POST", f"/admin/cases/{case['id']}/close")
    assert (await corner.page())["quarantined_at"]
    await corner.put("kiosk", settings={"kiosk": "8"})
    assert (await corner.page())["quarantined_at"]
    assert (await corner.put("kiosk", enabled=True))["enabled"]


@pytest.mark.parametrize("enabled", [True, False])
async def test_whoever_switches_the_plugin_has_dealt_with_the_case(
    corner: Corner, *, enabled: bool
) -> None:
    await in_quarantine(corner)
    page = await corner.put("kiosk", enabled=enabled)
    assert (page["enabled"], page["quarantined_at"]) == (enabled, None)
    assert not await corner.cases()
    (closed,) = await corner.cases("closed")
    assert closed["resolution"] == ("switched on" if enabled else "switched off")


async def test_a_plugin_that_breaks_again_after_its_release_gets_another_case(
    corner: Corner,
) -> None:
    await in_quarantine(corner)
    await corner.put("kiosk", enabled=True)
    await in_quarantine(corner)
    assert len(await corner.cases()) == 1
    assert len(await corner.cases("closed")) == 1


async def test_a_quarantine_in_one_store_touches_no_other(corner: Corner) -> None:
    before = await corner.page(store="second")
    await in_quarantine(corner)
    assert await corner.page(store="second") == before
    assert before["enabled"]
    assert not await corner.cases(store="second")
    assert await corner.hook("T9999", store="second") == 200


async def raised_in_a_call(corner: Corner, error: BaseException) -> None:
    corner.kiosk.mood = lambda method: error if method == "methods" else None
    await corner.offered()


async def raised_over_a_webhook(corner: Corner, error: BaseException) -> None:
    corner.kiosk.mood = lambda method: error if method == "parse_webhook" else None
    assert await corner.hook(f"T{corner.shop.clock.now().timestamp()}") == 200
    corner.shop.clock.advance(1)


async def raised_by_a_subscriber(corner: Corner, error: BaseException) -> None:
    corner.clumsy.mood = lambda: error
    await corner.shop.says(AMINA, "menu")
    corner.shop.clock.advance(1)


async def raised_by_a_channel(corner: Corner, error: BaseException) -> None:
    channel = corner.shop.engine.plugins.channel("whatsapp")

    async def send(*_: object) -> Any:
        raise error

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(channel, "send", send)
        await corner.shop.says(AMINA, "menu")
    corner.shop.clock.advance(60 * 60)


PLACES = [
    (raised_in_a_call, "kiosk"),
    (raised_over_a_webhook, "kiosk"),
    (raised_by_a_subscriber, "clumsy"),
    (raised_by_a_channel, "whatsapp"),
]
WORLDS_FAULTS = [
    ProviderFault("away", permanent=False),
    ProviderFault("no such account", permanent=True),
    Retry(1.0, "later"),
    ChannelDown("unpaid"),
    PermanentFailure("no such number"),
    WindowClosed("a template, please"),
    OptedOut("no more"),
    NotFound("no such thing"),
    TimeoutError("no answer"),
    ConnectionError("no line"),
    httpx.ReadTimeout("no answer"),
]


@pytest.mark.parametrize(("place", "plugin"), PLACES, ids=lambda one: getattr(one, "__name__", one))
async def test_faults_of_the_outside_world_never_lead_to_quarantine_and_defects_do(
    corner: Corner, place: Callable[[Corner, BaseException], Awaitable[None]], plugin: str
) -> None:
    for error in WORLDS_FAULTS:
        await place(corner, error)
    page = await corner.page(plugin)
    assert (page["enabled"], page["defects"]) == (True, [])
    for _ in range(QUARANTINE_AFTER):
        await place(corner, broken())
    page = await corner.page(plugin)
    assert page["quarantined_at"]
    assert {one["error"] for one in page["defects"]} == {"ZeroDivisionError: division by zero"}


async def test_a_defect_of_the_house_is_not_the_plugins(
    corner: Corner, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise KeyError("ours")

    with monkeypatch.context() as patched:
        patched.setattr(checkout, "webhook_reported", fail)
        for _ in range(QUARANTINE_AFTER):
            await corner.begun()
            assert await corner.hook(corner.paid()) == 200
    (one, *_), page = await corner.failing_items(), await corner.page()
    assert "KeyError" in one["error"]
    assert (page["enabled"], page["defects"]) == (True, [])


async def test_whoever_writes_first_to_a_channel_in_quarantine_is_answered_after_its_release(
    corner: Corner,
) -> None:
    for _ in range(QUARANTINE_AFTER):
        await raised_by_a_channel(corner, broken())
    assert (await corner.page("whatsapp"))["quarantined_at"]
    await corner.shop.says(BRIAN, "hi")
    assert not await corner.shop.hears(BRIAN)
    (waiting,) = await corner.failing_items()
    assert "in quarantine" in waiting["error"]
    await corner.put("whatsapp", enabled=True)
    await corner.passes(timedelta(minutes=1))
    assert "Welcome" in await corner.shop.hears_text(BRIAN)


# --- events of a plugin that cannot run ----------------------------------------------------------


async def put_clumsy_into_quarantine(corner: Corner) -> None:
    corner.clumsy.mood = broken
    for _ in range(QUARANTINE_AFTER):
        await corner.shop.says(AMINA, "menu")
    assert (await corner.page("clumsy"))["quarantined_at"]


@pytest.mark.parametrize("way", ["release", "put"])
async def test_events_wait_as_long_as_it_takes_and_come_at_once_after_the_release(
    corner: Corner, way: str
) -> None:
    await put_clumsy_into_quarantine(corner)
    for _ in range(MAX_ATTEMPTS + 2):
        await corner.passes(timedelta(days=1))
    await corner.shop.says(AMINA, "cart")
    calls = corner.clumsy.calls
    states = [state for state, _ in await corner.heard()]
    assert states == ["held"] * (QUARANTINE_AFTER + 1)
    assert calls == QUARANTINE_AFTER
    corner.clumsy.mood = lambda: None
    if way == "release":
        (case,) = await corner.cases()
        await corner.shop.admin("POST", f"/admin/cases/{case['id']}/release")
    else:
        await corner.put("clumsy", enabled=True)
    assert [state for state, _ in await corner.heard()] == ["done"] * (QUARANTINE_AFTER + 1)
    assert len({event.id for event in corner.clumsy.done}) == QUARANTINE_AFTER + 1
    assert all(isinstance(event, MessageReceived) for event in corner.clumsy.done)


async def test_events_that_were_held_are_let_go_when_the_plugin_is_switched_off(
    corner: Corner,
) -> None:
    await put_clumsy_into_quarantine(corner)
    await corner.passes(timedelta(minutes=1))
    assert {state for state, _ in await corner.heard()} == {"held"}
    await corner.put("clumsy", enabled=False)
    assert {state for state, _ in await corner.heard()} == {"dead"}
    corner.clumsy.mood = lambda: None
    await corner.put("clumsy", enabled=True)
    found = await corner.shop.admin("GET", "/admin/event-deliveries?state=dead")
    await corner.shop.admin(
        "POST", f"/admin/event-deliveries/{found['event_deliveries'][0]['id']}/replay"
    )
    assert len(corner.clumsy.done) == 1


async def test_events_of_a_plugin_without_its_key_wait_until_it_can_run_again(
    corner: Corner,
) -> None:
    database, kept = corner.shop.engine.database, b""
    async with database.transaction(corner.store.id) as tx:
        kept = await tx.fetchval(
            "SELECT settings FROM shop.plugin_settings WHERE plugin = 'clumsy' AND store_id = $1",
            tx.store_id,
        )
    await corner.keep("clumsy", b"under a key that nobody has")
    await corner.shop.says(AMINA, "menu")
    assert (await corner.page("clumsy"))["problem"]
    assert [state for state, _ in await corner.heard()] == ["held"]
    await corner.keep("clumsy", kept)
    await corner.passes(timedelta(minutes=2))
    await corner.shop.worker._schedules()["release_held"][1]()
    await corner.shop.settle()
    assert [state for state, _ in await corner.heard()] == ["done"]
