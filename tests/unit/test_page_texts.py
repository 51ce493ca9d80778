"""The words of the hosted pages: complete in every language, and every one of them used."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from string import Formatter
from typing import get_args
from zoneinfo import ZoneInfo

import pytest

import tradewind_host.storefront
from tradewind.customers.countries import by_name, country_name
from tradewind.orders.rules import FulfillmentStatus, OrderStatus
from tradewind.payments.rules import PaymentState
from tradewind_host.storefront.details import ADDRESS, CONTACT
from tradewind_host.storefront.forms import e164, spelled
from tradewind_host.storefront.texts import TEXTS, Words, preferred
from tradewind_host.storefront.view import EVENTS, REASONS, patience, web_address

HERE = Path(tradewind_host.storefront.__file__).parent
SOURCES = [*HERE.glob("*.py"), *HERE.glob("templates/*.html")]
ENGLISH = TEXTS["en"]
ALONE = ("phone", "asking", "confirming", "missing", "busy", "broken", "unplaced")
"""Pages that say one thing."""


def places(text: str) -> set[str]:
    """The placeholders of a text."""
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("language", TEXTS)
def test_a_language_leaves_nothing_out_and_fills_in_the_same(language: str) -> None:
    table = TEXTS[language]
    assert table.keys() == ENGLISH.keys()
    for key, text in table.items():
        assert text.strip(), key
        assert places(text) == places(ENGLISH[key]), key
    assert len(table["months"].split()) == 12


def test_there_are_english_swahili_and_french() -> None:
    assert set(TEXTS) == {"en", "sw", "fr"}
    shared = [key for key in ENGLISH if len({table[key] for table in TEXTS.values()}) == 1]
    assert shared == []


def named() -> set[str]:
    """Every key that the pages name, also those they put together."""
    written = "\n".join(path.read_text() for path in SOURCES)
    found = set(re.findall(r"[\"']([a-z_]+(?:\.[a-z_]+)+)[\"']", written))
    found |= {
        f"{name}.{part}" for name in ("phone", "asking", "confirming") for part in ("title", "text")
    }
    found |= {
        f"{name}.{part}"
        for name in ("missing", "busy", "broken", "unplaced")
        for part in ("title", "text")
    }
    found |= {
        f"{name}.{part}"
        for name in ("download", "download_used_up", "download_withdrawn")
        for part in ("title", "text")
    }
    found |= {f"status.{one}" for one in get_args(OrderStatus)}
    found |= {f"payment.{one}" for one in get_args(PaymentState)}
    found |= {f"fulfillment.{one}" for one in get_args(FulfillmentStatus)}
    found |= {f"event.payment.{one}" for one in get_args(PaymentState) if one != "awaiting"}
    found |= {f"field.{kind.name}" for kind in (*CONTACT, *ADDRESS)}
    found |= {f"step.{name}" for name in ("details", "delivery", "pay")}
    found |= {f"list.sort.{one}" for one in ("newest", "price", "-price", "title")}
    return found | set(EVENTS.values()) | set(REASONS.values()) | {"when", "months"}


def test_every_text_is_used_and_none_is_missing() -> None:
    areas = {key.partition(".")[0] for key in ENGLISH}
    events = set(EVENTS) - set(ENGLISH)
    wanted = {key for key in named() if key.partition(".")[0] in areas} - events
    files = {path.name for path in HERE.rglob("*")}
    assert wanted - files == set(ENGLISH)


def test_dates_are_those_of_the_place_and_the_language() -> None:
    moment = datetime(2026, 12, 31, 22, 5, tzinfo=UTC)
    nairobi = ZoneInfo("Africa/Nairobi")
    assert Words("en").when(moment, nairobi) == "1 January 2027, 01:05"
    assert Words("sw").when(moment, nairobi) == "1 Januari 2027, saa 01:05"
    assert Words("fr").when(moment, ZoneInfo("UTC")) == "31 décembre 2026 à 22:05"


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("fr", "fr"),
        ("de,fr-CA;q=0.5", "fr"),
        ("*", "en"),
        ("", "en"),
        ("SW-ke", "sw"),
        (";;,", "en"),
    ],
)
def test_a_browser_is_answered_in_a_language_it_names(header: str, language: str) -> None:
    assert preferred(header).language == language


@pytest.mark.parametrize(
    ("typed", "country", "number"),
    [
        ("0712 345 678", "ke", "+254712345678"),
        ("+254 712-345-678", "us", "+254712345678"),
        ("+254712345678", "", "+254712345678"),
        ("0712345678", "", ""),
        ("12", "ke", ""),
        ("<b>0712345678", "ke", "+254712345678"),
        ("call me", "ke", ""),
        ("0712345678", "xx", ""),
    ],
)
def test_phone_numbers_are_understood_as_people_type_them(
    typed: str, country: str, number: str
) -> None:
    assert e164(typed, country) == number


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://pay.example/x?y=1", True),
        ("http://127.0.0.1:8001/pay", True),
        ("javascript:alert(1)", False),
        ("data:text/html,x", False),
        ("//pay.example", False),
        ("https:///x", False),
        ("https://[", False),
        ("", False),
    ],
)
def test_only_pages_on_the_web_are_linked(url: str, *, kept: bool) -> None:
    assert web_address(url) == (url if kept else "")


def test_a_page_that_waits_looks_less_and_less_often() -> None:
    waits = [patience(timedelta(seconds=seconds)) for seconds in (0, 119, 120, 599, 600, 9999)]
    assert waits == [4, 4, 10, 10, 30, 30]


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("SAFARICOM", "Safaricom"),
        ("AIRTEL", "Airtel"),
        ("MTN", "MTN"),
        ("Airtel Money", "Airtel Money"),
        ("ORANGE MONEY", "Orange Money"),
        ("", ""),
    ],
)
def test_choices_that_a_provider_shouts_are_written_as_people_write_them(
    sent: str, read: str
) -> None:
    assert spelled(sent) == read


@pytest.mark.parametrize(
    ("code", "locale", "name"),
    [
        ("ke", "en", "Kenya"),
        ("US", "fr", "États-Unis"),
        ("us", "sw-KE", "Marekani"),
        ("ke", "tlh", "Kenya"),
        ("ke", "", "Kenya"),
        ("zy", "en", "ZY"),
    ],
)
def test_countries_are_called_by_their_names(code: str, locale: str, name: str) -> None:
    assert country_name(code, locale) == name


def test_countries_stand_in_the_order_of_their_names() -> None:
    assert by_name(["us", "KE"], "en") == [("ke", "Kenya"), ("us", "United States")]
