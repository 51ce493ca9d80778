"""Letters about orders, from the event to a mail server: each once, in order, whatever happens."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.support.letterbox import JANE, Letterbox, open_letterbox, text_of
from tests.support.shop import AMINA
from tradewind.checkout.links import opens
from tradewind.checkout.rules import StartRequest
from tradewind.checkout.service import expire_order, pay_order
from tradewind.fulfillment.service import add_shipment
from tradewind.messaging.delivery import MAX_ATTEMPTS, PATIENCE
from tradewind.orders.rules import Order
from tradewind.stores.service import save_settings, settings_of
from tradewind.testing.clock import ManualClock
from tradewind.testing.database import DatabaseUrls
from tradewind_email import smtp

CASH = StartRequest(provider="manual", method="cash_on_delivery")


@pytest_asyncio.fixture
async def box(database_urls: DatabaseUrls, clock: ManualClock) -> AsyncIterator[Letterbox]:
    async with open_letterbox(database_urls, clock) as opened:
        yield opened


def kinds(box: Letterbox) -> list[str]:
    """What each letter that arrived is, by the first words of its subject."""
    return [subject.split()[0] for subject in box.subjects]


# --- on delivery ----------------------------------------------------------------------------------


async def test_an_order_is_confirmed_once_however_often_it_is_told(box: Letterbox) -> None:
    order = await box.order()
    await box.settle()
    assert await box.replay() == 1
    await box.replay()
    (letter,) = box.letters
    assert letter["To"] == JANE
    assert letter["From"] == "Demo <orders@demo.example>"
    assert letter["Subject"] == f"Your order {order.number} at Demo"
    text = text_of(letter)
    assert f"Total: {order.money(order.total).text()}" in text
    assert "Cash on delivery" in text
    assert f"Pay {order.money(order.total).text()} in cash" in text
    assert order.lines[0].title in text
    assert order.lines[0].title in text_of(letter, "html")


async def test_the_receipt_comes_with_the_money_and_once(box: Letterbox) -> None:
    order = await box.order()
    await box.settle()
    await box.shop.admin("POST", f"/admin/orders/{order.id}/mark-paid", {"amount": 1})
    assert kinds(box) == ["Your"]
    await box.shop.admin("POST", f"/admin/orders/{order.id}/mark-paid", {})
    await box.replay()
    assert kinds(box) == ["Your", "Receipt"]
    assert f"{order.money(order.total).text()} for order" in text_of(box.letters[1])


async def test_the_button_of_a_letter_opens_that_order_alone(box: Letterbox) -> None:
    order, other = await box.order(), await box.order(to="other@example.com")
    await box.settle()
    text = text_of(next(one for one in box.letters if one["To"] == JANE))
    (url,) = [line for line in text.splitlines() if line.startswith("http")]
    assert f"/store/demo/orders/{order.id}?token=" in url
    token = url.rpartition("=")[2]
    store = box.store()
    assert opens(box.engine, store, order.id, "order", token)
    assert not opens(box.engine, store, order.id, "pay", token)
    assert not opens(box.engine, store, other.id, "order", token)


# --- online ---------------------------------------------------------------------------------------


async def test_an_order_paid_online_is_confirmed_when_the_money_is_certain(box: Letterbox) -> None:
    order = await box.order(online=True)
    await box.settle()
    assert box.letters == []
    await box.says(order, "succeeded")
    await box.replay()
    assert kinds(box) == ["Your", "Receipt"]
    assert (await box.now(order)).status == "processing"


async def test_a_failed_payment_is_told_once_with_a_way_to_pay(box: Letterbox) -> None:
    order = await box.order(online=True)
    await box.says(order, "failed")
    await box.says(order, "failed", name="charge-2")
    await box.replay()
    (letter,) = box.letters
    assert "did not go through" in letter["Subject"]
    (url,) = [line for line in text_of(letter).splitlines() if line.startswith("http")]
    token = url.rpartition("=")[2]
    assert opens(box.engine, box.store(), order.id, "pay", token)


async def test_whoever_chooses_another_way_to_pay_hears_of_no_failure(box: Letterbox) -> None:
    order = await box.order(online=True)
    await pay_order(box.engine, box.store(), order.id, CASH)
    await box.settle()
    await box.says(order, "failed")
    assert kinds(box) == ["Your"]
    assert "in cash when your order arrives" in text_of(box.letters[0])


async def test_whoever_has_paid_meanwhile_hears_of_no_failure(box: Letterbox) -> None:
    order = await box.order(online=True)
    await box.says(order, "succeeded")
    await box.says(order, "failed", name="charge-0")
    assert kinds(box) == ["Your", "Receipt"]


async def test_each_refund_has_a_letter_of_its_own(box: Letterbox) -> None:
    order = await box.order(online=True)
    await box.says(order, "succeeded")
    for name, amount in (("refund-1", 100), ("refund-2", 250)):
        await box.says(order, "succeeded", kind="refund", name=name, amount=amount)
    await box.replay()
    assert kinds(box) == ["Your", "Receipt", "Refund", "Refund"]
    assert "KES 1.00 back to you" in text_of(box.letters[2])
    assert "KES 2.50 back to you" in text_of(box.letters[3])
    assert "Refunded: KES 3.50" in text_of(box.letters[3])


async def test_an_order_that_runs_out_of_time_is_told(box: Letterbox, clock: ManualClock) -> None:
    order = await box.order(online=True)
    assert order.expires_at is not None
    clock.advance((order.expires_at - clock.now()).total_seconds() + 1)
    await expire_order(box.engine, box.store(), order.id)
    await box.settle()
    await box.replay()
    assert box.subjects == [f"Order {order.number} at Demo has expired"]


# --- what becomes of it ---------------------------------------------------------------------------


async def test_an_order_that_is_called_off_is_told(box: Letterbox) -> None:
    order = await box.order()
    await box.settle()
    await box.shop.admin("POST", f"/admin/orders/{order.id}/cancel", {"reason": "nobody's matter"})
    await box.replay()
    assert box.subjects[1:] == [f"Order {order.number} at Demo was canceled"]
    assert "nobody's matter" not in text_of(box.letters[1])


async def test_an_order_that_was_called_off_at_once_is_not_confirmed_after_all(
    box: Letterbox,
) -> None:
    order = await box.order()
    await box.shop.client.post(
        f"/admin/orders/{order.id}/cancel",
        json={},
        headers={"Authorization": f"Bearer {box.shop.branches['demo'].secret_key}"},
    )
    await box.settle()
    assert [subject.rpartition(" ")[2] for subject in box.subjects] == ["canceled"]


async def test_a_parcel_on_its_way_can_be_followed(box: Letterbox) -> None:
    order = await box.order()
    url = "https://track.example/R-1"
    async with box.engine.database.transaction(box.store().id) as tx:
        await add_shipment(
            tx, order.id, "staff", carrier="Rider", tracking_number="R-1", tracking_url=url
        )
    await box.settle()
    await box.replay()
    assert len(box.letters) == 2
    shipped = next(one for one in box.letters if "on its way" in one["Subject"])
    assert f"Rider\nR-1\nTrack the parcel: {url}" in text_of(shipped)


async def test_a_letter_speaks_the_orders_language_and_keeps_the_stores_time(
    box: Letterbox, clock: ManualClock
) -> None:
    async with box.engine.database.transaction(box.store().id) as tx:
        settings = await settings_of(tx)
        changed = {name: getattr(settings, name) for name in settings.__struct_fields__}
        await save_settings(tx, type(settings)(**{**changed, "time_zone": "Asia/Tokyo"}))
    clock.advance(8 * 3600)
    await box.order(locale="fr")
    await box.settle()
    (letter,) = box.letters
    assert letter["Subject"].startswith("Votre commande")
    assert "6 janvier 2026, 05:00" in text_of(letter)


# --- who gets none --------------------------------------------------------------------------------


async def test_an_order_without_a_mail_address_gets_no_letter(box: Letterbox) -> None:
    order = await box.order(to=None)
    await box.settle()
    assert box.letters == []
    assert await box.log(order) == []
    assert await box.replay() == 1


async def test_a_store_without_e_mail_writes_nothing_and_sells_all_the_same(
    box: Letterbox,
) -> None:
    order = await box.order("second")
    await box.account("demo", enabled=False)
    also = await box.order("demo")
    await box.settle()
    assert box.letters == []
    assert (await box.now(order, "second")).status == "processing"
    assert (await box.now(also)).status == "processing"
    assert await box.replay() == await box.replay("second") == 0


async def test_a_store_that_gives_up_e_mail_meanwhile_is_done_with_its_events(
    box: Letterbox,
) -> None:
    await box.order()
    await box.settle()
    await box.account("demo", enabled=False)
    before = len(box.letters)
    assert await box.replay() == 1
    states = "SELECT array_agg(DISTINCT state) FROM shop.event_deliveries WHERE store_id = $1"
    assert await box.value(states) == ["done"]
    assert len(box.letters) == before


# --- who is who -----------------------------------------------------------------------------------


async def test_a_guest_with_a_customers_address_becomes_nobody_and_learns_nothing(
    box: Letterbox,
) -> None:
    for text in ("add tea-purple", "checkout", "Amina Otieno", JANE.upper()):
        await box.shop.says(AMINA, text)
    people = "SELECT count(*) FROM shop.customers WHERE store_id = $1"
    known = "SELECT count(*) FROM shop.customer_identities WHERE store_id = $1"
    talks = "SELECT count(*) FROM shop.conversations WHERE store_id = $1"
    before = [await box.value(query) for query in (people, known, talks)]
    order = await box.order(to=JANE)
    await box.settle()
    assert [await box.value(query) for query in (people, known, talks)] == before
    (letter,) = box.letters
    assert "Amina" not in text_of(letter)
    assert order.customer_id is None
    chat = [message["kind"] for message in await box.shop.messages(AMINA)]
    assert "email" not in chat


async def test_two_stores_write_with_their_own_names_and_see_their_own_letters(
    box: Letterbox,
) -> None:
    await box.account("second", sender_name="The Second")
    first, second = await box.order(), await box.order("second")
    await box.settle()
    senders = {str(letter["From"]) for letter in box.letters}
    assert senders == {"Demo <orders@demo.example>", "The Second <orders@second.example>"}
    assert len(await box.log(first)) == len(await box.log(second, "second")) == 1
    headers = {"Authorization": f"Bearer {box.shop.branches['second'].secret_key}"}
    path = f"/admin/orders/{first.id}/messages"
    assert (await box.shop.client.get(path, headers=headers)).status_code == 404


# --- trouble with the mail server -----------------------------------------------------------------


async def states(box: Letterbox, order: Order) -> list[tuple[str, str]]:
    return [(message["status"], message["error_code"]) for message in await box.log(order)]


async def test_the_message_log_shows_what_was_written_and_how_far_it_got(box: Letterbox) -> None:
    order = await box.order()
    await box.settle()
    (message,) = await box.log(order)
    assert message["channel"] == "email"
    assert message["identity"] == JANE
    assert (message["kind"], message["category"]) == ("email", "utility")
    assert (message["direction"], message["status"]) == ("out", "sent")
    assert message["body"]["subject"] == box.subjects[0]


async def test_an_address_that_does_not_exist_is_shown_and_hurts_nothing(box: Letterbox) -> None:
    box.office.replies["RCPT"] = ["550 5.1.1 no such mailbox"]
    order = await box.order()
    await box.settle()
    assert await states(box, order) == [("failed", "permanent_failure")]
    (message,) = await box.log(order)
    assert message["error"].startswith("550 ")
    assert (await box.now(order)).status == "processing"
    await box.replay()
    assert box.letters == []


async def test_letters_wait_for_a_server_that_is_away_and_come_in_order(
    box: Letterbox, clock: ManualClock
) -> None:
    await box.office.close()
    order = await box.order(online=True)
    await box.says(order, "succeeded")
    assert (await box.now(order)).payment_status == "paid"
    assert await states(box, order) == [("queued", ""), ("queued", "")]
    await box.office.open()
    await box.account("demo")
    clock.advance(600)
    await box.settle()
    assert kinds(box) == ["Your", "Receipt"]
    assert await states(box, order) == [("sent", ""), ("sent", "")]


async def test_a_server_that_never_comes_back_is_given_up_visibly(
    box: Letterbox, clock: ManualClock
) -> None:
    await box.office.close()
    order = await box.order()
    await box.settle()
    for _ in range(MAX_ATTEMPTS):
        clock.advance(601)
        await box.settle()
    assert await states(box, order) == [("failed", "retry")]
    assert (await box.now(order)).status == "processing"


async def test_a_refused_password_makes_letters_wait(box: Letterbox, clock: ManualClock) -> None:
    await box.office.close()
    await box.office.open(authenticator=box.office.knows, auth_require_tls=False)
    await box.account("demo", username="shop", password="wrong")
    order = await box.order()
    await box.settle()
    assert await states(box, order) == [("queued", "")]
    await box.account("demo", username="shop", password="pässword")
    clock.advance(600)
    await box.settle()
    assert await states(box, order) == [("sent", "")]


async def test_a_letter_whose_answer_was_lost_comes_again_as_the_same_letter(
    box: Letterbox, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp, "SECONDS", 0.5)
    box.office.silent_at = "DATA"
    order = await box.order()
    await box.settle()
    box.office.silent_at = ""
    clock.advance(2 * PATIENCE.total_seconds())
    await box.settle()
    first, second = box.letters
    assert first["Message-ID"] == second["Message-ID"]
    (message,) = await box.log(order)
    assert (message["status"], message["repeated"]) == ("sent", 1)


async def test_whoever_wants_no_mail_gets_none_and_it_shows(box: Letterbox) -> None:
    query = """INSERT INTO shop.customer_channel_opt_in
                   (store_id, channel, identity, category, allowed, source, changed_at)
               VALUES ($1, 'email', $2, 'all', false, 'test', now()) RETURNING true"""
    assert await box.value(query, JANE)
    order = await box.order()
    await box.settle()
    assert box.letters == []
    assert await states(box, order) == [("withheld", "opted_out")]
