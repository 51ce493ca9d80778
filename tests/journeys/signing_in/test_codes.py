"""Codes for signing in: how long they are good, who learns of them, and how many there are."""

import asyncio
from http import HTTPStatus
from typing import Any

import pytest

from tests.support.customers import Visitor, code_in
from tests.support.letterbox import Letterbox
from tests.support.shop import Shop
from tradewind.customers.codes.rules import LIFE, TRIES
from tradewind.messaging.service import set_consent
from tradewind.testing.clock import ManualClock
from tradewind_host import logs

pytestmark = pytest.mark.asyncio(loop_scope="module")


def wrong(code: str) -> str:
    """Another code."""
    return f"{(int(code) + 1) % 1_000_000:06}"


# --- codes ----------------------------------------------------------------------------------------


async def test_a_code_is_good_once(jane: Visitor) -> None:
    await jane.asks()
    assert (await jane.verifies(jane.code())).is_success
    assert (await jane.verifies(jane.code())).json()["code"] == "wrong_code"


async def test_pressed_at_the_same_moment_it_opens_one_session(
    box: Letterbox, jane: Visitor
) -> None:
    session = "SELECT count(*) FROM control.sessions"
    before = await box.engine.database.pool.fetchval(session)
    await jane.asks()
    code = jane.code()
    answers = await asyncio.gather(*(jane.verifies(code) for _ in range(8)))
    assert sorted(one.status_code for one in answers) == [200] + [401] * 7
    assert await box.engine.database.pool.fetchval(session) == before + 1


async def test_it_is_void_after_ten_minutes(jane: Visitor, clock: ManualClock) -> None:
    answer = await jane.asks()
    assert answer.json() == {"expires_in": 600}
    clock.advance(LIFE.total_seconds())
    assert (await jane.verifies(jane.code())).json()["code"] == "wrong_code"


async def test_it_is_void_after_five_wrong_tries(jane: Visitor) -> None:
    await jane.asks()
    for _ in range(TRIES):
        answer = await jane.verifies(wrong(jane.code()))
        assert answer.status_code == HTTPStatus.UNAUTHORIZED
    assert (await jane.verifies(jane.code())).json()["code"] == "wrong_code"


async def test_only_the_newest_is_good(jane: Visitor) -> None:
    await jane.asks()
    old = jane.code()
    await jane.asks()
    if old != jane.code():
        assert (await jane.verifies(old)).json()["code"] == "wrong_code"
    typed = f"{jane.code()[:3]} {jane.code()[3:]}"
    assert (await jane.verifies(typed)).is_success


async def test_a_named_request_is_not_answered_with_somebody_else_s_session(
    box: Letterbox, jane: Visitor
) -> None:
    await jane.asks()
    proof = {"email": jane.email, "code": jane.code()}
    named = {"Idempotency-Key": "one"}
    assert (await jane.calls("POST", "auth/verify", proof, **named)).is_success
    again = await Visitor(box).calls("POST", "auth/verify", proof, **named)
    assert (again.status_code, again.json()["code"]) == (HTTPStatus.CONFLICT, "answer_not_kept")
    assert "token" not in again.json()


async def test_a_customer_s_named_requests_are_their_own(box: Letterbox, jane: Visitor) -> None:
    await box.shop.admin("PUT", "/admin/flags/USE_NEW_CHECKOUT", {"enabled": True})
    other, guest = Visitor(box), Visitor(box)
    await jane.signs_in()
    await other.signs_in()
    carts = []
    for who in (jane, other, guest, jane):
        answer = await who.calls("POST", "carts", {}, **{"Idempotency-Key": "my cart"})
        assert answer.status_code == HTTPStatus.CREATED, answer.text
        carts.append(answer.json()["cart"])
    assert len({cart["id"] for cart in carts}) == 3
    assert carts[3] == carts[0]
    assert carts[2]["customer_id"] is None
    for who, seen in ((jane, 200), (other, 404), (guest, 404)):
        assert (await who.calls("GET", f"carts/{carts[0]['id']}")).status_code == seen


async def test_a_code_asked_for_twice_by_one_name_is_sent_once(
    box: Letterbox, jane: Visitor
) -> None:
    for _ in range(2):
        answer = await jane.calls(
            "POST", "auth/code", {"email": jane.email}, **{"Idempotency-Key": "a"}
        )
        assert answer.status_code == HTTPStatus.ACCEPTED
        await box.settle()
    assert len(jane.letters) == 1


# --- nobody learns who is known -------------------------------------------------------------------


async def test_known_and_unknown_are_answered_alike(box: Letterbox, jane: Visitor) -> None:
    await box.shop.says(jane.wa, "hi")
    await jane.signs_in()
    told: list[Any] = []
    for who in (
        {"email": jane.email},
        {"email": "nobody@example.com"},
        {"phone": jane.phone},
        {"phone": "+254711999888"},
    ):
        stranger = Visitor(box)
        asked = await stranger.calls("POST", "auth/code", who)
        tried = await stranger.verifies("000000", **who)
        told.append((asked.status_code, asked.content, tried.status_code, tried.content))
        before = await jobs(box.shop)
        await box.settle()
        assert before == 1
    assert told.count(told[0]) == 4
    assert told[0][0] == HTTPStatus.ACCEPTED


async def jobs(shop: Shop) -> int:
    """How many codes wait to be made."""
    found: int = await shop.engine.database.pool.fetchval(
        "SELECT count(*) FROM control.jobs WHERE kind = 'send_code'"
    )
    return found


async def test_a_store_without_mail_answers_the_same(box: Letterbox) -> None:
    await box.account("second", enabled=False)
    somebody = Visitor(box, "second")
    assert (await somebody.asks()).status_code == HTTPStatus.ACCEPTED
    assert somebody.letters == []
    await box.account("second")


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"email": "jane@example.com", "phone": "+254700000001"},
        {"email": "nobody"},
        {"email": "a\0b@example.com"},
        {"phone": "12"},
        {"email": "x" * 300 + "@example.com"},
    ],
)
async def test_what_is_neither_address_nor_number_is_refused(
    jane: Visitor, told: dict[str, str]
) -> None:
    for path, body in (("auth/code", told), ("auth/verify", {**told, "code": "000000"})):
        answer = await jane.calls("POST", path, body)
        assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY, answer.text


# --- a code is seen by its reader alone -----------------------------------------------------------


async def test_nobody_else_sees_a_code(
    box: Letterbox, jane: Visitor, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure("info", "json")
    await box.shop.says(jane.wa, "hi")
    await box.shop.hears(jane.wa)
    await jane.calls("POST", "auth/code", {"phone": jane.phone})
    await jane.asks()
    code, chat = jane.code(), code_in(await box.shop.hears_text(jane.wa, "demo"))
    listed = await box.shop.messages(jane.wa)
    assert [m for m in listed if m["category"] == "authentication" and m["body"] is None]
    seen = str(listed) + str(await box.shop.admin("GET", "/admin/events"))
    assert chat not in seen
    everything = await dump(box.shop)
    assert "valid for 10 minutes" not in everything
    for secret in (code, chat):
        assert secret not in everything
    logged = capsys.readouterr()
    assert code not in logged.out + logged.err
    assert jane.email not in logged.out + logged.err
    assert '"route": "/store/auth/code"' in logged.err


async def dump(shop: Shop) -> str:
    """Every row of every table that could hold what was said."""
    names = "messaging_log message_bodies message_statuses outbound_messages events one_time_codes"
    found = []
    async with shop.engine.database.transaction(shop.branches["demo"].store.id) as tx:
        for name in names.split():
            rows = await tx.fetch(f"SELECT t::text FROM shop.{name} t")
            found += [row[0] for row in rows]
    return "\n".join(found)


async def test_a_code_that_cannot_be_delivered_is_erased_in_the_end(
    box: Letterbox, jane: Visitor
) -> None:
    box.office.replies["RCPT"] = ["550 no such mailbox"]
    await jane.asks()
    async with box.engine.database.transaction(box.store().id) as tx:
        kept = await tx.fetchrow(
            """SELECT count(*) AS messages, count(b.message_id) AS bodies FROM shop.messaging_log m
               LEFT JOIN shop.message_bodies b ON b.store_id = $1 AND b.message_id = m.id
               WHERE m.store_id = $1 AND m.identity = $2""",
            tx.store_id,
            jane.email,
        )
    assert dict(kept or {}) == {"messages": 1, "bodies": 0}


async def test_who_has_said_stop_is_sent_no_code(box: Letterbox, jane: Visitor) -> None:
    await box.shop.says(jane.wa, "hi")
    async with box.engine.database.transaction(box.store().id) as tx:
        await set_consent(tx, "whatsapp", jane.wa, allowed=False, source="test")
    await box.shop.hears(jane.wa)
    await jane.asks(phone=jane.phone)
    assert await box.shop.hears(jane.wa) == []


# --- limits ---------------------------------------------------------------------------------------


async def test_one_identity_is_sent_few_codes(
    box: Letterbox, jane: Visitor, clock: ManualClock
) -> None:
    answers = [await jane.asks(email=one) for one in [jane.email, jane.email.upper()] * 3]
    assert [one.status_code for one in answers] == [202] * 5 + [429]
    assert answers[-1].headers["retry-after"] == "180"
    assert len(jane.letters) == 5
    assert (await jane.asks(email="other@example.com")).status_code == HTTPStatus.ACCEPTED
    clock.advance(180)
    assert (await jane.asks()).status_code == HTTPStatus.ACCEPTED


async def test_guessing_from_one_address_comes_to_an_end(jane: Visitor) -> None:
    answers = [await jane.verifies("000000", email=f"{n}@example.com") for n in range(101)]
    assert [one.status_code for one in answers] == [401] * 100 + [429]
