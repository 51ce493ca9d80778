"""The webhook door: what it takes in, what it refuses, and that a refusal leaves no trace."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from tests.support.deliveries import change, post, status, text
from tests.support.shop import (
    AMINA,
    APP_SECRET,
    BRIAN,
    NUMBERS,
    SIGNATURE,
    VERIFY_TOKEN,
    Shop,
    open_shop,
    sign,
    words,
)
from tradewind.settings.service import configure
from tradewind.testing.clock import ManualClock
from tradewind.testing.database import DatabaseUrls

PAYLOADS = Path(__file__).parent.parent / "payloads" / "whatsapp"
BODIES = sorted(path.name for path in PAYLOADS.glob("*.json"))
THEIR_NUMBER = "106540352242922"
DEMO, SECOND = NUMBERS["demo"], NUMBERS["second"]
DOOR = "/webhooks/whatsapp"
VECTOR_SECRET = "test-app-secret"
HELLO = post(change(DEMO, messages=[text(AMINA, "hi", ref="wamid.hello")]))

Superuser = asyncpg.Connection
Counts = dict[str, int]


@pytest_asyncio.fixture
async def shop(database_urls: DatabaseUrls, clock: ManualClock) -> AsyncIterator[Shop]:
    """A shop whose shoppers wrote to both stores today, as far as Meta knows."""
    async with open_shop(database_urls, clock=clock, auto_statuses=False) as opened:
        state = opened.carrier.state
        for number, phone in itertools.product(NUMBERS.values(), (AMINA, BRIAN)):
            state.window(number, state.people.find(phone)).last_inbound = clock.now()
        yield opened


async def rows(superuser: "Superuser[Any]") -> Counts:
    """How many rows every table has."""
    tables = await superuser.fetch(
        """SELECT schemaname || '.' || tablename AS name FROM pg_tables
           WHERE schemaname IN ('control', 'shop')"""
    )
    names = [row["name"] for row in tables]
    counted = " UNION ALL ".join(f"SELECT '{name}', count(*) FROM {name}" for name in names)
    return {row[0]: row[1] for row in await superuser.fetch(counted)}


async def inbox(superuser: "Superuser[Any]") -> list[tuple[str, str]]:
    """State and address of every item that was stored, oldest first."""
    found = await superuser.fetch("SELECT state, address FROM control.webhook_inbox ORDER BY id")
    return [(row["state"], row["address"]) for row in found]


def raw(name: str) -> bytes:
    """A captured body."""
    return (PAYLOADS / name).read_bytes()


def ours(name: str) -> bytes:
    """A captured body, sent to the number of `demo`."""
    return raw(name).replace(THEIR_NUMBER.encode(), DEMO.encode())


def asked(token: str, challenge: str = "1158201444") -> Mapping[str, str]:
    return {"hub.mode": "subscribe", "hub.verify_token": token, "hub.challenge": challenge}


# --- the handshake -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", [DOOR, f"/api{DOOR}", f"{DOOR}/demo", f"{DOOR}/second", f"/api{DOOR}/second"]
)
async def test_the_right_token_gets_the_challenge_back(shop: Shop, path: str) -> None:
    answer = await shop.client.get(path, params=asked(VERIFY_TOKEN))
    assert (answer.status_code, answer.text) == (200, "1158201444")
    assert answer.headers["content-type"].startswith("text/plain")


async def test_each_store_may_have_a_token_of_its_own(shop: Shop) -> None:
    second = shop.branches["second"].store
    settings = {"verify_token": "another word"}
    await configure(shop.engine, second, "whatsapp", settings=settings, actor="test")
    for path, token, expected in (
        (f"{DOOR}/demo", VERIFY_TOKEN, 200),
        (f"{DOOR}/second", VERIFY_TOKEN, 403),
        (f"{DOOR}/second", "another word", 200),
        (DOOR, VERIFY_TOKEN, 200),
        (DOOR, "another word", 200),
        (DOOR, "no word", 403),
    ):
        answer = await shop.client.get(path, params=asked(token))
        assert answer.status_code == expected, (path, token)


@pytest.mark.parametrize(
    "params",
    [
        {},
        asked("wrong"),
        asked(""),
        {"hub.mode": "subscribe"},
        {"hub.verify_token": VERIFY_TOKEN},
        {**asked(VERIFY_TOKEN), "hub.mode": "unsubscribe"},
    ],
)
async def test_a_wrong_handshake_is_refused(
    shop: Shop, superuser: "Superuser[Any]", params: Mapping[str, str]
) -> None:
    before = await rows(superuser)
    answer = await shop.client.get(DOOR, params=params)
    assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/problem+json"
    assert VERIFY_TOKEN not in answer.text
    assert await rows(superuser) == before


async def test_a_store_that_does_not_exist_knows_no_token(shop: Shop) -> None:
    answer = await shop.client.get(f"{DOOR}/nobody", params=asked(VERIFY_TOKEN))
    assert answer.status_code == 403


# --- every body that Meta documents ------------------------------------------------------------


@pytest.mark.parametrize("name", BODIES)
async def test_every_body_to_our_number_is_taken_in_and_dealt_with(
    shop: Shop, superuser: "Superuser[Any]", name: str
) -> None:
    answer = await shop.deliver(ours(name))
    assert answer.status_code == 200
    await shop.settle()
    numbered = DEMO.encode() in ours(name)
    states = {state for state, _ in await inbox(superuser)}
    assert states == ({"done"} if numbered else states - {"pending", "dead"})
    again = await rows(superuser)
    assert (await shop.deliver(ours(name))).status_code == 200
    await shop.settle()
    assert await rows(superuser) == again


async def test_every_body_to_an_unknown_number_is_recorded_and_dropped(
    shop: Shop, superuser: "Superuser[Any]"
) -> None:
    before = await rows(superuser)
    for name in BODIES:
        assert (await shop.deliver(raw(name))).status_code == 200, name
    await shop.settle()
    assert {state for state, _ in await inbox(superuser)} == {"dropped"}
    after = await rows(superuser)
    changed = {table for table in after if after[table] != before[table]}
    assert changed == {"control.webhook_inbox", "control.webhook_keys"}


async def test_what_a_person_wrote_is_in_the_log_word_for_word(shop: Shop) -> None:
    body = json.loads(ours("meta-in-text.json"))
    message = body["entry"][0]["changes"][0]["value"]["messages"][0]
    await shop.deliver(body)
    await shop.settle()
    heard = (await shop.messages(message["from"]))[0]
    assert heard["direction"] == "in"
    assert heard["body"]["content"]["text"] == message["text"]["body"]


# --- one POST, several stores ------------------------------------------------------------------


async def test_one_post_for_both_stores_reaches_each_once(
    shop: Shop, superuser: "Superuser[Any]"
) -> None:
    await shop.says(AMINA, "hi")
    await shop.says(BRIAN, "hi", store="second")
    await shop.hears(AMINA), await shop.hears(BRIAN)
    refs = {slug: await sent_refs(superuser, shop, slug) for slug in NUMBERS}
    body = post(
        change(DEMO, messages=[text(AMINA, "CART"), text(BRIAN, "hi")]),
        change(SECOND, statuses=[status(refs["second"][0], "delivered", BRIAN)]),
        change(SECOND, messages=[text(BRIAN, "CART"), text(AMINA, "hi")]),
        change(
            DEMO,
            statuses=[
                status(refs["demo"][0], "delivered", AMINA),
                status(refs["demo"][0], "read", AMINA),
            ],
        ),
    )
    assert (await shop.deliver(body)).status_code == 200
    await shop.settle()
    said = {
        (phone, slug): [words(heard) for heard in await shop.hears(phone, slug)]
        for phone in (AMINA, BRIAN)
        for slug in NUMBERS
    }
    assert [len(heard) for heard in said.values()] == [1, 1, 1, 1]
    assert "empty" in said[AMINA, "demo"][0]
    assert "empty" in said[BRIAN, "second"][0]
    assert "Welcome to Second" in said[AMINA, "second"][0]
    assert "Welcome to Demo" in said[BRIAN, "demo"][0]
    assert (await shop.messages(AMINA))[1]["status"] == "read"
    assert (await shop.messages(BRIAN, "second"))[1]["status"] == "delivered"


async def sent_refs(superuser: "Superuser[Any]", shop: Shop, slug: str) -> list[str]:
    """WhatsApp's ids of what a store has sent."""
    found = await superuser.fetch(
        """SELECT provider_ref FROM shop.message_statuses
           WHERE store_id = $1 AND status = 'sent' ORDER BY message_id""",
        shop.branches[slug].store.id,
    )
    return [row["provider_ref"] for row in found]


async def test_a_status_for_a_message_of_the_other_store_changes_nothing_there(
    shop: Shop, superuser: "Superuser[Any]"
) -> None:
    await shop.says(AMINA, "hi")
    (ref,) = await sent_refs(superuser, shop, "demo")
    await shop.deliver(post(change(SECOND, statuses=[status(ref, "read", AMINA)])))
    await shop.settle()
    assert (await shop.messages(AMINA))[1]["status"] == "sent"


# --- repetitions -------------------------------------------------------------------------------


async def test_fifty_copies_at_once_get_one_answer(shop: Shop, superuser: "Superuser[Any]") -> None:
    answers = await asyncio.gather(*(shop.deliver(HELLO) for _ in range(50)))
    assert {answer.status_code for answer in answers} == {200}
    await shop.settle()
    assert len(await shop.hears(AMINA)) == 1
    assert await inbox(superuser) == [("done", DEMO)]
    assert len(await shop.messages(AMINA)) == 2


async def test_copies_that_are_grouped_differently_count_once(shop: Shop) -> None:
    first, second = text(AMINA, "hi"), text(AMINA, "CART")
    await shop.deliver(post(change(DEMO, messages=[first])))
    await shop.deliver(post(change(DEMO, messages=[first, second])))
    await shop.deliver(post(change(DEMO, messages=[second]), change(DEMO, messages=[first])))
    await shop.settle()
    assert len(await shop.hears(AMINA)) == 2


async def test_copies_days_later_count_once(shop: Shop) -> None:
    await shop.deliver(HELLO)
    await shop.settle()
    shop.clock.advance(6 * 24 * 60 * 60)
    assert (await shop.deliver(HELLO)).status_code == 200
    await shop.settle()
    assert len(await shop.hears(AMINA)) == 1


async def test_the_same_message_id_at_two_numbers_is_two_messages(shop: Shop) -> None:
    message = text(AMINA, "hi", ref="wamid.same")
    await shop.deliver(post(change(DEMO, messages=[message]), change(SECOND, messages=[message])))
    await shop.settle()
    assert len(await shop.hears(AMINA, "demo")) == 1
    assert len(await shop.hears(AMINA, "second")) == 1


# --- refusals ----------------------------------------------------------------------------------

GOOD = json.dumps(HELLO).encode()
OTHER = json.dumps(HELLO, indent=1).encode()
BIG = b'{"object": "whatsapp_business_account", "entry": [], "x": "%s"}'
REFUSALS: Mapping[str, tuple[bytes, Mapping[str, str], int]] = {
    "no signature": (GOOD, {}, 401),
    "an empty signature": (GOOD, {SIGNATURE: ""}, 401),
    "a wrong signature": (GOOD, {SIGNATURE: "sha256=" + "0" * 64}, 401),
    "a signature of another secret": (GOOD, {SIGNATURE: sign(GOOD, "another")}, 401),
    "a signature with an empty secret": (GOOD, {SIGNATURE: sign(GOOD, "")}, 401),
    "a signature without its scheme": (GOOD, {SIGNATURE: sign(GOOD).removeprefix("sha256=")}, 401),
    "a good signature of other bytes": (GOOD, {SIGNATURE: sign(OTHER)}, 401),
    "a truncated body": (GOOD[:-20], {SIGNATURE: sign(GOOD)}, 401),
    "a truncated body with its own signature": (GOOD[:-20], {SIGNATURE: sign(GOOD[:-20])}, 400),
    "no JSON": (b"hello", {SIGNATURE: sign(b"hello")}, 400),
    "no JSON and no signature": (b"hello", {}, 401),
    "bytes that are no text": (b"\xff\xfe\x00", {SIGNATURE: sign(b"\xff\xfe\x00")}, 400),
    "an empty body": (b"", {SIGNATURE: sign(b"")}, 400),
    "more than Meta ever sends": (
        BIG % (b"x" * 3_200_000),
        {SIGNATURE: sign(BIG % (b"x" * 3_200_000))},
        413,
    ),
    "more than the host takes": (BIG % (b"x" * 5_000_000), {}, 413),
}


@pytest.mark.parametrize("reason", REFUSALS)
async def test_what_is_refused_leaves_no_trace(
    shop: Shop, superuser: "Superuser[Any]", reason: str
) -> None:
    body, headers, expected = REFUSALS[reason]
    before = await rows(superuser)
    answer = await shop.client.post(DOOR, content=body, headers=headers)
    assert answer.status_code == expected
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == expected
    await shop.settle()
    assert await rows(superuser) == before


async def test_the_same_body_with_its_own_signature_is_taken(
    shop: Shop, superuser: "Superuser[Any]"
) -> None:
    before = await rows(superuser)
    answer = await shop.client.post(DOOR, content=GOOD, headers={SIGNATURE: sign(GOOD)})
    assert answer.status_code == 200
    assert await rows(superuser) != before


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("POST", "/webhooks/nobody", 404),
        ("GET", "/webhooks/nobody", 404),
        ("POST", "/webhooks/manual", 404),
        ("POST", "/webhooks/manual/demo", 404),
        ("POST", "/webhooks", 404),
        ("PUT", DOOR, 405),
        ("DELETE", DOOR, 405),
    ],
)
async def test_a_door_that_is_none(
    shop: Shop, superuser: "Superuser[Any]", method: str, path: str, expected: int
) -> None:
    before = await rows(superuser)
    answer = await shop.client.request(method, path, content=b"{}", headers={})
    assert answer.status_code == expected
    assert await rows(superuser) == before


async def test_metas_own_vector_is_believed_and_its_reserialised_form_is_not(shop: Shop) -> None:
    for branch in shop.branches.values():
        settings = {"app_secret": VECTOR_SECRET}
        await configure(shop.engine, branch.store, "whatsapp", settings=settings, actor="test")
    facts = raw("signature-vector.txt").decode()
    good, bad = [line.split("sha256=")[1] for line in facts.splitlines() if "sha256=" in line]
    body = raw("signature-vector.body")
    for signature, expected in ((good, 200), (bad, 401)):
        headers = {SIGNATURE: f"sha256={signature}"}
        answer = await shop.client.post(DOOR, content=body, headers=headers)
        assert answer.status_code == expected


async def test_a_rotated_secret_is_still_believed_while_it_is_named(shop: Shop) -> None:
    store = shop.branches["demo"].store
    settings = {"app_secret": "the new one", "app_secret_previous": APP_SECRET}
    await configure(shop.engine, store, "whatsapp", settings=settings, actor="test")
    assert (await shop.deliver(HELLO)).status_code == 200
    assert (await shop.deliver(HELLO, secret="the new one")).status_code == 200
    await shop.settle()
    assert len(await shop.hears(AMINA)) == 1


async def test_who_knows_one_secret_cannot_speak_for_another_store(
    shop: Shop, superuser: "Superuser[Any]"
) -> None:
    second = shop.branches["second"].store
    settings = {"app_secret": "of the second"}
    await configure(shop.engine, second, "whatsapp", settings=settings, actor="test")
    alone = post(change(DEMO, messages=[text(AMINA, "hi")]))
    assert (await shop.deliver(alone, secret="of the second")).status_code == 401
    mixed = post(
        change(SECOND, messages=[text(AMINA, "hi")]), change(DEMO, messages=[text(AMINA, "hi")])
    )
    assert (await shop.deliver(mixed, secret="of the second")).status_code == 200
    await shop.settle()
    assert len(await shop.hears(AMINA, "second")) == 1
    assert await shop.hears(AMINA, "demo") == []
    assert sorted(await inbox(superuser)) == [("done", SECOND), ("dropped", f"unverified:{DEMO}")]


# --- at the edges ------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [f"/api{DOOR}", f"{DOOR}/demo", f"/api{DOOR}/demo"])
async def test_the_other_addresses_are_the_same_door(shop: Shop, path: str) -> None:
    assert (await shop.deliver(HELLO, path=path)).status_code == 200
    assert (await shop.deliver(HELLO)).status_code == 200
    await shop.settle()
    assert len(await shop.hears(AMINA)) == 1


async def test_an_old_message_is_taken_in(shop: Shop) -> None:
    old = text(AMINA, "hi", at="1767225600")
    assert (await shop.deliver(post(change(DEMO, messages=[old])))).status_code == 200
    await shop.settle()
    assert (await shop.messages(AMINA))[0]["direction"] == "in"


async def test_a_zero_byte_in_a_message_is_survived(shop: Shop) -> None:
    await shop.deliver(post(change(DEMO, messages=[text(AMINA, "c\0art")])))
    await shop.settle()
    assert "empty" in await shop.hears_text(AMINA)
    assert (await shop.messages(AMINA))[0]["body"]["content"]["text"] == "cart"


async def test_a_disabled_plugins_items_land_and_known_people_are_answered(
    shop: Shop, superuser: "Superuser[Any]"
) -> None:
    await shop.talks(AMINA, "hi")
    await shop.admin("PUT", "/admin/plugins/whatsapp", {"enabled": False})
    body = post(change(DEMO, messages=[text(AMINA, "CART"), text(BRIAN, "hi")]))
    assert (await shop.deliver(body)).status_code == 200
    await shop.settle()
    assert "empty" in await shop.hears_text(AMINA)
    assert await shop.hears(BRIAN) == []
    assert [state for state, _ in await inbox(superuser)] == ["done", "done", "done"]


async def test_the_door_answers_only_after_storing(shop: Shop, superuser: "Superuser[Any]") -> None:
    await superuser.execute("REVOKE INSERT ON control.webhook_inbox FROM tradewind_app")
    before = await rows(superuser)
    assert (await shop.deliver(HELLO)).status_code >= 500
    assert await rows(superuser) == before
    await superuser.execute("GRANT INSERT ON control.webhook_inbox TO tradewind_app")
    assert (await shop.deliver(HELLO)).status_code == 200
    await shop.settle()
    assert len(await shop.hears(AMINA)) == 1


async def test_an_item_that_fails_is_kept_in_its_place_and_holds_only_its_own_lane(
    shop: Shop, superuser: "Superuser[Any]"
) -> None:
    await superuser.execute("REVOKE INSERT ON shop.messaging_log FROM tradewind_app")
    await shop.deliver(post(change(DEMO, messages=[text(AMINA, "hi"), text(AMINA, "CART")])))
    await shop.worker.work_off()
    assert len(await shop.faults()) == 1
    assert await inbox(superuser) == [("pending", DEMO), ("pending", DEMO)]
    await superuser.execute("GRANT INSERT ON shop.messaging_log TO tradewind_app")
    await shop.deliver(post(change(DEMO, messages=[text(BRIAN, "hi"), text(AMINA, "MENU")])))
    await shop.worker.work_off()
    assert len(await shop.hears(BRIAN)) == 1
    assert await shop.hears(AMINA) == []
    shop.clock.advance(60)
    await shop.settle()
    heard = [words(body) for body in await shop.hears(AMINA)]
    assert ["Welcome" in heard[0], "empty" in heard[1], "category" in heard[2]] == [True] * 3
