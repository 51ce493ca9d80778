"""What letters say, in each language; and which letters an event makes due."""

import string
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any, get_args
from uuid import UUID

import msgspec
import pytest

from tests.support.letters import FACTS, LATE, ORDER, facts
from tradewind.contracts.events import (
    Event,
    FulfillmentDelivered,
    FulfillmentShipped,
    MessageReceived,
    OrderCanceled,
    OrderExpired,
    OrderPlaced,
    OrderRefunded,
    PaymentFailed,
    PaymentPaid,
)
from tradewind.contracts.money import Money
from tradewind.messaging.letters.composing import Parcel, compose, compose_code
from tradewind.messaging.letters.rules import Kind, due
from tradewind.messaging.letters.texts import LANGUAGES, Phrases
from tradewind.orders.rules import Order

GOLDEN = Path(__file__).parent / "letters"
KINDS: tuple[Kind, ...] = get_args(Kind)
EVENT_ID, SHIPMENT, PAYMENT = UUID(int=77), UUID(int=78), UUID(int=79)

# --- words ----------------------------------------------------------------------------------------


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_language_says_the_same_things() -> None:
    english = LANGUAGES["en"]
    for code, texts in LANGUAGES.items():
        assert texts.keys() == english.keys(), code
        for key, text in texts.items():
            assert placeholders(text) == placeholders(english[key]), (code, key)
            assert text.strip() == text != "", (code, key)
        assert len(texts["months"].split()) == 12, code


def test_no_language_was_forgotten_to_be_translated() -> None:
    names = {"total.total", "method.mobile_money", "method.mpesa", "date", "line"}
    for code in LANGUAGES.keys() - {"en"}:
        same = {key for key, text in LANGUAGES[code].items() if text == LANGUAGES["en"][key]}
        assert same <= names, code


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_the_letter_with_a_code(language: str) -> None:
    letter = compose_code(Phrases(language), "Duka <b>\u202e", "012345", 10)
    golden = (GOLDEN / f"code.{language}.txt").read_text(encoding="utf-8")
    assert f"Subject: {letter.subject}\n\n{letter.text}" == golden
    assert "012345" not in letter.subject
    assert "012345" in (letter.html or "")
    assert "Duka &lt;b&gt;" in (letter.html or "")
    assert "\u202e" not in letter.text + letter.subject


@pytest.mark.parametrize(
    ("locales", "code"),
    [
        (("sw",), "sw"),
        (("fr_CA",), "fr"),
        (("FR-ca", "en"), "fr"),
        (("de", "sw-KE"), "sw"),
        (("de",), "en"),
        (("", ""), "en"),
    ],
)
def test_a_letter_speaks_the_orders_language_or_else_the_stores(
    locales: tuple[str, ...], code: str
) -> None:
    assert Phrases(*locales).code == code


@pytest.mark.parametrize("locale", sorted(LANGUAGES))
def test_a_confirmation_reads_like_this(locale: str) -> None:
    letter = compose("confirmation", facts({"locale": locale}))
    wanted = (GOLDEN / f"confirmation.{locale}.txt").read_text(encoding="utf-8")
    assert f"{letter.subject}\n\n{letter.text}\n" == wanted


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("locale", sorted(LANGUAGES))
def test_both_texts_of_every_letter_say_the_same(kind: Kind, locale: str) -> None:
    parcel = Parcel(carrier="Rider", number="R-1", url="https://track.example/R-1")
    letter = compose(kind, facts({"locale": locale, "expires_at": LATE}, parcel=parcel))
    assert "1001" in letter.subject
    assert "Nyumba & Co" in letter.subject
    page = unescape(letter.html)
    missing = [word for word in letter.text.split() if word.rstrip(":") not in page]
    assert set(missing) <= {"--", "="}
    assert f'lang="{locale}"' in letter.html


# --- figures, dates, payment ----------------------------------------------------------------------


def test_dates_are_those_of_the_store() -> None:
    assert "22 November 2026, 01:30" in compose("confirmation", FACTS).text
    there = facts(time_zone="America/New_York")
    assert "21 November 2026, 17:30" in compose("confirmation", there).text
    until = facts({"expires_at": datetime(2026, 11, 22, 6, 0, tzinfo=UTC)})
    assert "kept for you until 22 November 2026, 09:00" in compose("payment_failed", until).text


def test_a_tax_that_is_added_stands_above_the_total() -> None:
    added = facts({"tax_inclusive": False, "tax_total": 768_00, "total": 5_568_00})
    text = compose("confirmation", added).text
    assert "Delivery: KES 300.00\nTax: KES 768.00\nTotal: KES 5,568.00" in text
    assert "Total: KES 4,800.00\nTax included: KES 662.07" in compose("confirmation", FACTS).text


@pytest.mark.parametrize(
    ("currency", "shown"), [("UGX", "UGX 480,000"), ("KWD", "KWD 480.000"), ("USD", "USD 4,800.00")]
)
def test_amounts_are_exact_in_any_currency(currency: str, shown: str) -> None:
    letter = compose("confirmation", facts({"currency": currency}, instructions=""))
    assert f"Total: {shown}\n" in letter.text
    assert shown in letter.html


def test_what_costs_nothing_is_not_listed_or_is_called_free() -> None:
    bare = {"discount_total": 0, "tax_total": 0, "shipping_total": 0, "total": 4_750_00}
    text = compose("confirmation", facts(bare)).text
    assert "Discount" not in text
    assert "Tax" not in text
    assert "Delivery: free" in text
    assert (
        "Delivery"
        not in compose(
            "confirmation", facts({**bare, "shipping_method": None, "shipping_address": None})
        ).text
    )


@pytest.mark.parametrize(
    ("order", "more", "told"),
    [
        ({}, {}, "Cash on delivery\nPay KES 4,800.00 in cash when your order arrives."),
        ({}, {"instructions": ""}, "Cash on delivery\nKES 4,800.00 to pay"),
        (
            {"paid_total": 4_800_00},
            {"method": "mobile_money_gh"},
            "Mobile money\nKES 4,800.00 paid",
        ),
        ({"paid_total": 4_800_00}, {"method": "gift_card"}, "Gift card\nKES 4,800.00 paid"),
        ({"paid_total": 1_000_00}, {"instructions": ""}, "KES 3,800.00 to pay"),
        ({"payment_status": "authorized"}, {"method": "card"}, "Card\nKES 4,800.00 is set aside"),
    ],
)
def test_a_confirmation_says_how_the_order_is_paid(
    order: dict[str, Any], more: dict[str, Any], told: str
) -> None:
    assert told in compose("confirmation", facts(order, **more)).text


def test_a_receipt_says_what_came_and_when() -> None:
    paid = facts({"paid_total": 4_800_00}, amount=Money(1_800_00, "KES"))
    text = compose("receipt", paid).text
    assert "KES 4,800.00 for order 1001 arrived on 22 November 2026, 01:30." in text
    assert "Paid: KES 4,800.00" in text


def test_a_refund_notice_names_this_refund_and_all_of_them() -> None:
    back = {"paid_total": 4_800_00, "refunded_total": 1_500_00}
    text = compose("refund", facts(back, amount=Money(500_00, "KES"))).text
    assert "We have sent KES 500.00 back to you" in text
    assert "Refunded: KES 1,500.00" in text


def test_only_the_failure_notice_leads_to_the_till() -> None:
    for kind in KINDS:
        letter = compose(kind, FACTS)
        pays = kind == "payment_failed"
        assert (FACTS.pay_url in letter.text) == pays
        assert (FACTS.order_url in letter.text) != pays
        assert ("token=pay" in letter.html) == pays


def test_a_parcel_can_be_followed_but_no_script_can_be_run() -> None:
    parcel = Parcel(carrier="Rider", number="R-1", url="https://track.example/R-1?a=1&b=2")
    letter = compose("shipped", facts(parcel=parcel))
    assert "Rider\nR-1\nTrack the parcel: https://track.example/R-1?a=1&b=2" in letter.text
    assert 'href="https://track.example/R-1?a=1&amp;b=2"' in letter.html
    script = msgspec.structs.replace(parcel, url="javascript:alert(1)")
    assert "javascript" not in compose("shipped", facts(parcel=script)).html
    assert "Parcel" not in compose("shipped", facts()).text


# --- which letters are due ------------------------------------------------------------------------


def event_of(kind: type, **more: Any) -> Any:
    base = {"id": EVENT_ID, "store_id": UUID(int=1), "occurred_at": LATE, "sequence": 1}
    order = {"order_id": ORDER.id, "number": "1001"}
    whole = {**order, "source": "web", "total": Money(4_800_00, "KES")}
    pay = {
        "payment_id": PAYMENT,
        "provider": "till",
        "method": "card",
        "amount": Money(4_800_00, "KES"),
    }
    fields: dict[type, dict[str, Any]] = {
        OrderPlaced: whole,
        OrderCanceled: whole,
        OrderExpired: whole,
        OrderRefunded: {**whole, "amount": Money(1, "KES")},
        PaymentPaid: pay,
        PaymentFailed: pay,
        FulfillmentShipped: {**order, "shipment_id": SHIPMENT},
        FulfillmentDelivered: {**order, "shipment_id": SHIPMENT},
    }
    return kind(**base, **fields[kind], **more)


def order_with(**changes: Any) -> Order:
    return msgspec.structs.replace(ORDER, **changes)


PAID = {"paid_total": 4_800_00, "payment_status": "paid"}
CONFIRMATION, RECEIPT = f"confirmation:{ORDER.id}", f"receipt:{ORDER.id}"
FAILED = f"payment_failed:{ORDER.id}"
LATER, EARLIER = LATE + timedelta(minutes=1), LATE - timedelta(days=1)


@pytest.mark.parametrize(
    ("event", "order", "keys"),
    [
        # on delivery: the receipt comes with the money
        (OrderPlaced, {}, [CONFIRMATION]),
        (PaymentPaid, {**PAID, "placed_at": EARLIER}, [RECEIPT]),
        # online: the order stands because of the money, in whichever order we hear of both
        (OrderPlaced, PAID, [CONFIRMATION, RECEIPT]),
        (PaymentPaid, PAID, [CONFIRMATION, RECEIPT]),
        (PaymentPaid, {**PAID, "placed_at": LATER}, [CONFIRMATION, RECEIPT]),
        # not all of it, nothing to pay, an order that never stood, or no longer stands
        (PaymentPaid, {"paid_total": 1, "placed_at": EARLIER}, []),
        (OrderPlaced, {"total": 0, "payment_status": "paid"}, [CONFIRMATION]),
        (PaymentPaid, {**PAID, "placed_at": None, "status": "expired"}, []),
        (OrderPlaced, {"status": "canceled"}, []),
        # a payment that failed
        (PaymentFailed, {"status": "pending", "placed_at": None}, [FAILED]),
        (PaymentFailed, PAID, []),
        (PaymentFailed, {"payment_status": "failed"}, []),
        (PaymentFailed, {"status": "expired"}, []),
        (PaymentFailed, {"status": "canceled"}, []),
        # the rest
        (OrderCanceled, {"status": "canceled"}, [f"canceled:{ORDER.id}"]),
        (OrderExpired, {"status": "expired"}, [f"expired:{ORDER.id}"]),
        (OrderRefunded, PAID, [f"refund:{EVENT_ID}"]),
        (FulfillmentShipped, {}, [f"shipped:{SHIPMENT}"]),
        (FulfillmentDelivered, {}, [f"delivered:{SHIPMENT}"]),
    ],
)
def test_an_event_makes_these_letters_due(
    event: type, order: dict[str, Any], keys: list[str]
) -> None:
    found = due(event_of(event), order_with(**order), PAYMENT)
    assert [one.key for one in found] == keys


def test_an_attempt_that_was_replaced_is_no_news() -> None:
    waits = order_with(status="pending", placed_at=None)
    assert due(event_of(PaymentFailed), waits, PAYMENT)
    assert not due(event_of(PaymentFailed), waits, UUID(int=6))


def test_other_events_make_no_letter_due() -> None:
    written: Event = MessageReceived(
        id=EVENT_ID,
        store_id=UUID(int=1),
        occurred_at=LATE,
        sequence=1,
        message_id=EVENT_ID,
        conversation_id=EVENT_ID,
        channel="wire",
        kind="text",
    )
    assert not due(written, ORDER)
