"""Signing in at the store API by a code, from the question to the end of the session."""

from http import HTTPStatus

import msgspec
import pytest

from tests.journeys.signing_in.conftest import A_WHILE
from tests.support.customers import Visitor, code_in
from tests.support.letterbox import Letterbox, text_of
from tradewind.carts.rules import CartUpdate, NewCart
from tradewind.carts.service import add_sku, update
from tradewind.checkout.service import place
from tradewind.contracts.channel import OutboundBody, Template
from tradewind.contracts.pricing import Address
from tradewind.customers.service import create, remember_address
from tradewind.database.sessions import LIVES, end_sessions_of
from tradewind.messaging import codes
from tradewind.messaging.codes import Claimed
from tradewind.testing.clock import ManualClock

pytestmark = pytest.mark.asyncio(loop_scope="module")


# --- the whole way --------------------------------------------------------------------------------


async def test_a_code_by_mail_opens_a_session_that_can_be_ended(
    box: Letterbox, jane: Visitor, clock: ManualClock
) -> None:
    session = await jane.signs_in()
    assert session["customer"]["email"] == jane.email
    assert session["expires_at"] == (clock.now() + LIVES["customer"].most).isoformat().replace(
        "+00:00", "Z"
    )
    (letter,) = jane.letters
    assert letter["Subject"] == "Your sign-in code for Demo"
    assert (await jane.sees("me"))["customer"] == session["customer"]
    assert (await jane.calls("POST", "auth/logout")).status_code == HTTPStatus.NO_CONTENT
    for answer in (await jane.calls("GET", "customers/me"), await jane.calls("GET", "categories")):
        assert answer.status_code == HTTPStatus.UNAUTHORIZED
    jane.token = ""
    assert (await jane.calls("GET", "categories")).is_success


async def test_signing_in_again_finds_the_same_customer(box: Letterbox, jane: Visitor) -> None:
    first = await jane.signs_in()
    second = await jane.signs_in(jane.email.upper())
    assert first["customer"] == second["customer"]
    assert first["token"] != second["token"]


@pytest.mark.parametrize(
    ("language", "subject"),
    [
        ("sw-KE,sw;q=0.9", "Msimbo wako wa kuingia kwa Demo"),
        ("de, fr;q=0.5", "Votre code de connexion pour Demo"),
        ("xx", "Your sign-in code for Demo"),
    ],
)
async def test_the_letter_speaks_the_language_of_the_browser(
    box: Letterbox, jane: Visitor, language: str, subject: str
) -> None:
    headers = {"Accept-Language": language}
    await jane.calls("POST", "auth/code", {"email": jane.email}, **headers)
    await box.settle()
    (letter,) = jane.letters
    assert letter["Subject"] == subject
    assert jane.code() in text_of(letter, "html")
    assert jane.code() not in letter["Subject"]


async def test_a_code_reaches_a_phone_in_the_chat_it_is_known_from(
    box: Letterbox, jane: Visitor
) -> None:
    await box.shop.says(jane.wa, "hi")
    await box.shop.hears(jane.wa)
    await jane.asks(phone=jane.phone)
    said = await box.shop.hears_text(jane.wa, "demo")
    assert "sign-in code for Demo" in said
    answer = await jane.verifies(code_in(said), phone=jane.phone)
    assert answer.is_success, answer.text
    jane.token = answer.json()["token"]
    talks = (await box.shop.admin("GET", "/admin/conversations"))["conversations"]
    (talk,) = (one for one in talks if one["identity"] == jane.wa)
    assert answer.json()["customer"]["id"] == talk["customer_id"]
    assert answer.json()["customer"]["phone"] == jane.phone


async def test_without_a_template_nothing_goes_out_once_the_window_is_closed(
    box: Letterbox, jane: Visitor, clock: ManualClock
) -> None:
    await box.shop.says(jane.wa, "hi")
    await box.shop.hears(jane.wa)
    clock.advance(25 * A_WHILE)
    await jane.asks(phone=jane.phone)
    assert await box.shop.hears(jane.wa) == []
    withheld = (await box.shop.messages(jane.wa))[-1]
    assert (withheld["status"], withheld["error_code"]) == ("withheld", "window_closed")
    assert (withheld["category"], withheld["body"]) == ("authentication", None)


async def test_an_approved_template_carries_a_code_then(
    box: Letterbox, jane: Visitor, clock: ManualClock
) -> None:
    await box.shop.says(jane.wa, "hi")
    await box.shop.hears(jane.wa)
    clock.advance(25 * A_WHILE)
    claimed = Claimed(kind="phone", identity=jane.phone)
    async with box.engine.database.transaction(box.store().id) as tx:
        await tx.execute(
            """INSERT INTO shop.message_templates (store_id, id, channel, name, language, category,
                                                   purpose, status, body, updated_at)
               VALUES ($1, $2, 'whatsapp', 'sign_in', 'en', 'authentication', 'code', 'approved',
                       '', $3)""",
            tx.store_id,
            tx.new_id(),
            tx.now,
        )
    await codes.send(box.engine, box.store(), claimed, "en")
    async with box.engine.database.transaction(box.store().id) as tx:
        waiting = await tx.fetchval(
            """SELECT b.body FROM shop.message_bodies b JOIN shop.outbound_messages o
                   ON o.store_id = b.store_id AND o.message_id = b.message_id
               WHERE b.store_id = $1 AND o.identity = $2""",
            tx.store_id,
            jane.wa,
        )
        await tx.execute("DELETE FROM shop.outbound_messages WHERE store_id = $1", tx.store_id)
        await tx.execute("DELETE FROM shop.message_templates WHERE store_id = $1", tx.store_id)
    template = msgspec.json.decode(waiting, type=OutboundBody)
    assert isinstance(template, Template)
    assert (template.name, template.category) == ("sign_in", "authentication")
    assert template.values[0] == template.button_values[0] == code_in(waiting)


# --- no more than is proved -----------------------------------------------------------------------


async def order_of(box: Letterbox, email: str, *, guest: bool = False, slug: str = "demo") -> str:
    """An order with an address that was only typed; a `guest` may be kept as a customer."""
    store = box.store(slug)
    async with box.engine.database.transaction(store.id) as tx:
        customer_id = (await create(tx, email=email)).id if guest else None
        new = NewCart(source="web", session_id=f"web:{tx.new_id()}", customer_id=customer_id)
        cart = await add_sku(tx, new, "TEA-PURPLE" if slug == "demo" else "CAP", 1)
        cart = await update(tx, cart, CartUpdate(email=email))
    order = await place(box.engine, store, cart.id, "manual", "cash_on_delivery")
    await box.settle()
    return str(order.id)


async def test_guest_orders_show_once_their_address_is_proved(box: Letterbox) -> None:
    jane = Visitor(box)
    mine = [await order_of(box, jane.email.upper()), await order_of(box, jane.email, guest=True)]
    theirs = await order_of(box, "other@example.com")
    other_store = await order_of(box, jane.email, slug="second")
    await jane.signs_in()
    seen = await jane.sees("me/orders")
    assert [order["id"] for order in seen["orders"]] == mine[::-1]
    assert theirs not in str(seen)
    assert other_store not in str(seen)
    first = await jane.sees("me/orders?limit=1")
    rest = await jane.sees(f"me/orders?limit=1&cursor={first['next_cursor']}")
    assert [*first["orders"], *rest["orders"]] == seen["orders"]
    assert rest["next_cursor"] is None
    for order_id, status in ((mine[0], 200), (theirs, 404), (other_store, 404)):
        answer = await jane.calls("GET", f"orders/{order_id}")
        assert answer.status_code == status, answer.text


async def test_an_address_told_in_a_chat_opens_nothing_of_its_teller(
    box: Letterbox, jane: Visitor
) -> None:
    await box.shop.talks(jane.wa, "hi")
    store = box.store()
    async with box.engine.database.transaction(store.id) as tx:
        amina = await tx.fetchval(
            "UPDATE shop.customers SET email = $2 WHERE store_id = $1 AND phone = $3 RETURNING id",
            store.id,
            jane.email,
            jane.phone,
        )
        new = NewCart(source="chat", session_id=f"wa:{jane.wa}", customer_id=amina)
        cart = await update(
            tx, await add_sku(tx, new, "TEA-PURPLE", 1), CartUpdate(email=jane.email)
        )
    await place(box.engine, store, cart.id, "manual", "cash_on_delivery")
    await box.settle()
    session = await jane.signs_in()
    assert session["customer"]["id"] != str(amina)
    assert (await jane.sees("me/orders"))["orders"] == []
    await jane.asks(phone=jane.phone)
    found = await jane.verifies(
        code_in((await box.shop.hears(jane.wa))[-1]["text"]["body"]), phone=jane.phone
    )
    jane.token = found.json()["token"]
    assert len((await jane.sees("me/orders"))["orders"]) == 1


async def test_addresses_are_the_customer_s_own(box: Letterbox, jane: Visitor) -> None:
    session = await jane.signs_in()
    home = Address(
        first_name="Jane",
        last_name="Doe",
        address_1="1 Moi Avenue",
        city="Nairobi",
        country_code="ke",
    )
    async with box.engine.database.transaction(box.store().id) as tx:
        await remember_address(tx, session["customer"]["id"], home)
    (shown,) = (await jane.sees("me/addresses"))["addresses"]
    assert shown["address_1"] == "1 Moi Avenue"
    other = Visitor(box)
    await other.signs_in()
    assert (await other.sees("me/addresses"))["addresses"] == []


@pytest.mark.parametrize("path", ["me", "me/orders", "me/addresses"])
async def test_nothing_is_shown_without_a_session(jane: Visitor, path: str) -> None:
    answer = await jane.calls("GET", f"customers/{path}")
    assert (answer.status_code, answer.json()["code"]) == (HTTPStatus.UNAUTHORIZED, "unauthorized")


async def test_a_session_opens_its_own_store_alone(box: Letterbox, jane: Visitor) -> None:
    await jane.signs_in()
    abroad = Visitor(box, "second")
    abroad.token = jane.token
    answer = await abroad.calls("GET", "customers/me")
    assert answer.status_code == HTTPStatus.UNAUTHORIZED
    assert (await jane.calls("GET", "customers/me")).is_success


async def test_a_code_is_good_in_its_own_store_alone(box: Letterbox, jane: Visitor) -> None:
    await jane.asks()
    answer = await Visitor(box, "second").verifies(jane.code())
    assert answer.json()["code"] == "wrong_code"
    assert (await jane.verifies(jane.code())).is_success


@pytest.mark.parametrize("token", ["x", "", "pk_wrong", "a" * 5000])
async def test_a_wrong_session_is_refused_everywhere(jane: Visitor, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    for path in ("categories", "customers/me"):
        answer = await jane.calls("GET", path, **headers)
        assert answer.status_code == HTTPStatus.UNAUTHORIZED, answer.text


async def test_all_sessions_of_a_customer_can_be_ended(box: Letterbox, jane: Visitor) -> None:
    found = await jane.signs_in()
    ended = await end_sessions_of(
        box.engine.database, store_id=box.store().id, customer_id=found["customer"]["id"]
    )
    assert ended == 1
    assert (await jane.calls("GET", "customers/me")).status_code == HTTPStatus.UNAUTHORIZED
