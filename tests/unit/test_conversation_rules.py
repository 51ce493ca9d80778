"""Ids of buttons, remembered state, addresses and texts: the pure half of a conversation."""

import re
import string
from collections.abc import Mapping
from importlib.resources import files
from uuid import UUID

import msgspec
import pytest

from tradewind.contracts.channel import LocationContent, Row
from tradewind.contracts.errors import NotFound, OutOfStock, ProviderFault
from tradewind.conversations.countries import country_name
from tradewind.conversations.rules import (
    Again,
    CityLine,
    Declined,
    Outside,
    Place,
    State,
    Tap,
    clean,
    dump_state,
    example_phone,
    fit_lines,
    from_address,
    is_email,
    load_state,
    parse_tap,
    place_from_form,
    place_from_pin,
    read_city,
    read_phone,
    read_street,
    tap,
    to_address,
)
from tradewind.conversations.rules.taps import FIELDS
from tradewind.conversations.script.turn import paged
from tradewind.conversations.service import COMMANDS, TAPS
from tradewind.conversations.texts import LANGUAGES, Words

ID = UUID("018f3a4e-0000-7000-8000-000000000001")
OTHER = UUID("018f3a4e-0000-7000-8000-000000000002")
GROUPS = (
    "home browse stock cart ask wrong review checkout pay order notice label row footer "
    "code why credits".split()
)
SQL = "queries.py"


# --- taps ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("made", "read"),
    [
        (tap("cart"), Tap(kind="cart")),
        (tap("menu", 3), Tap(kind="menu", number=3)),
        (tap("p", ID), Tap(kind="p", id=ID)),
        (tap("v", ID, OTHER), Tap(kind="v", id=ID, other=OTHER)),
        (tap("in", ID, ""), Tap(kind="in", id=ID)),
        (tap("find", "9", "tea: green"), Tap(kind="find", cursor="9", text="tea: green")),
        (tap("way", 1001, "gate:wallet"), Tap(kind="way", number=1001, text="gate:wallet")),
        (tap("give", 0, "+254712345678"), Tap(kind="give", text="+254712345678")),
        (tap("retry", ID), Tap(kind="retry", id=ID)),
        (tap("ship", "plugin:slow:1"), Tap(kind="ship", text="plugin:slow:1")),
        (tap("add", 2, "TEA-500"), Tap(kind="add", number=2, text="TEA-500")),
    ],
)
def test_an_id_is_read_back_as_it_was_made(made: str, read: Tap) -> None:
    assert parse_tap(made) == read


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "p:",
        "p",
        "p:1",
        f"p:{ID}:more",
        f"p:{{{ID}}}",
        f"p:{str(ID).upper()}",
        "menu:-1",
        "menu:one",
        "menu:" + "9" * 16,
        "cart:1",
        "find:0:te\x00a",
        "ship:" + "x" * 200,
    ],
)
def test_a_forged_id_means_nothing(text: str) -> None:
    assert parse_tap(text) is None


def test_an_id_that_could_not_be_read_back_is_not_made() -> None:
    with pytest.raises(ValueError, match="not an id"):
        tap("ship", "x" * 200)


# --- state ---------------------------------------------------------------------------------------


def test_a_state_survives_the_database() -> None:
    state = State(step="city", name="Jane", place=Place(street="Moi Avenue 12"), cart=ID, total=5)
    assert load_state(dump_state(state)) == state
    again = Again(number=1001, session=OTHER, payment="gate:wallet", inputs={"network": "Blue"})
    paying = State(step="fill", asked="phone", inputs={"phone": "+254712345678"}, again=again)
    assert load_state(dump_state(paying)) == paying


@pytest.mark.parametrize(
    "stored", [None, "", "{}", "null", "[]", '{"version": 7}', '{"step": 4}', "{", b"\xff"]
)
def test_a_state_that_is_not_understood_begins_anew(stored: str | bytes | None) -> None:
    assert load_state(stored) == State()


def test_fields_of_a_later_release_do_not_matter() -> None:
    assert load_state('{"step": "name", "tomorrow": 1}') == State(step="name")


@pytest.mark.parametrize(
    "error", [NotFound("gone"), OutOfStock("TEA", 1), ProviderFault("down", permanent=True)]
)
async def test_an_effect_that_is_refused_becomes_a_value(error: Exception) -> None:
    async def effect() -> None:
        raise error

    outcome = await Outside("key", effect).settle()
    assert isinstance(outcome, Declined)
    assert outcome.error is error


async def test_an_effect_that_fails_unexpectedly_raises() -> None:
    async def effect() -> None:
        raise RuntimeError("defect")

    with pytest.raises(RuntimeError):
        await Outside("key", effect).settle()


# --- what people type ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line"),
    [("  a \t b\n", "a b"), ("a\x00b", "ab"), ("\u200bhi\u200d", "hi"), ("ﬁne", "fine")],
)
def test_a_line_is_cleaned_of_what_cannot_be_seen(text: str, line: str) -> None:
    assert clean(text) == line


@pytest.mark.parametrize("text", ["a@b.co", "jane.doe+shop@mail.example.com", "o'neil@example.org"])
def test_an_email_address_is_recognized(text: str) -> None:
    assert is_email(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "jane",
        "jane@",
        "@example.com",
        "jane@example",
        "jane doe@example.com",
        "jane@exa mple.com",
        "jane@@example.com",
        "jane..doe@example.com",
        ".jane@example.com",
        "jane.@example.com",
        "jane@-example.com",
        "jane@example.c",
        "x" * 65 + "@example.com",
        "jane@" + "x" * 260 + ".com",
        "jane@example.com\nBcc: all@example.com",
    ],
)
def test_what_mail_cannot_reach_is_no_email_address(text: str) -> None:
    assert not is_email(text)


@pytest.mark.parametrize(
    ("text", "country", "city"),
    [
        ("Nairobi", "ke", CityLine("Nairobi")),
        ("Nairobi 00100", "ke", CityLine("Nairobi", "", "00100")),
        ("00100 Nairobi.", "ke", CityLine("Nairobi", "", "00100")),
        ("Portland, OR 97205", "us", CityLine("Portland", "OR", "97205")),
        ("portland or", "us", CityLine("portland", "OR")),
        ("La Paz", "us", CityLine("La Paz")),
        ("New York, NY 10001-1234", "us", CityLine("New York", "NY", "10001-1234")),
        ("London sw1a 1aa", "gb", CityLine("London", "", "SW1A 1AA")),
        ("São Paulo 01310-100", "br", CityLine("São Paulo", "", "01310-100")),
        ("12 Moi Avenue", "ke", None),
        ("!!!", "ke", None),
        ("", "ke", None),
        ("x" * 101, "ke", None),
    ],
)
def test_a_city_is_told_from_what_is_none(text: str, country: str, city: CityLine | None) -> None:
    assert read_city(text, country) == city


@pytest.mark.parametrize(
    ("text", "country", "place"),
    [
        ("12 Moi Avenue", "ke", Place(street="12 Moi Avenue")),
        ("12 Moi Avenue, Nairobi", "ke", Place(street="12 Moi Avenue", city="Nairobi")),
        ("Flat 4, 12 Moi Avenue", "ke", Place(street="Flat 4, 12 Moi Avenue")),
        ("12 Moi Avenue\nNairobi\nKenya", "ke", Place(street="12 Moi Avenue", city="Nairobi")),
        (
            "1 Main St, Apt 4, Portland, OR 97205, USA",
            "us",
            Place(street="1 Main St, Apt 4", city="Portland", province="OR", postal_code="97205"),
        ),
        ("1 Main St, Austin TX", "us", Place(street="1 Main St", city="Austin", province="TX")),
        ("...", "ke", None),
        ("x" * 201, "ke", None),
    ],
)
def test_a_street_may_bring_its_city(text: str, country: str, place: Place | None) -> None:
    assert read_street(text, country, country_name(country)) == place


def test_a_pin_gives_the_courier_its_coordinates() -> None:
    bare = LocationContent(latitude=-1.283253, longitude=36.817246)
    assert place_from_pin(bare, "ke").detail == "Map: -1.28325, 36.81725"
    named = LocationContent(
        latitude=1, longitude=2, name="Sarit Centre", address="Karuna Road, Nairobi"
    )
    found = place_from_pin(named, "ke")
    assert (found.street, found.city) == ("Karuna Road", "Nairobi")
    assert found.detail == "Sarit Centre (1.00000, 2.00000)"


def test_a_form_is_read_by_the_names_such_forms_use() -> None:
    values: Mapping[str, str] = {
        "name": "Asha",
        "in_pin_code": "400051",
        "house_number": "12",
        "building_name": "Sea View",
        "address": "Hill Road",
        "landmark_area": "opposite the bakery",
        "city": "Mumbai",
        "state": "Maharashtra",
    }
    assert place_from_form(values) == Place(
        street="12, Sea View, Hill Road",
        detail="opposite the bakery",
        city="Mumbai",
        province="Maharashtra",
        postal_code="400051",
    )


def test_an_address_is_remembered_as_it_was_given() -> None:
    place = Place(street="12 Moi Avenue", detail="Gate B", city="Nairobi", country="ke")
    address = to_address(place, "Jane Doe", "+254700000001")
    assert (address.first_name, address.last_name) == ("Jane", "Doe")
    assert from_address(address) == place


@pytest.mark.parametrize(
    ("text", "countries", "number"),
    [
        ("0712 345 678", ["ke"], "+254712345678"),
        ("712345678", ["ke"], "+254712345678"),
        ("+254 (712) 345-678", ["us"], "+254712345678"),
        ("00254712345678", ["ke"], "+254712345678"),
        ("254712345678", ["ke"], "+254712345678"),
        ("it is 0712345678", ["ke"], "+254712345678"),
        ("0772 123 456", ["us", "ug"], "+256772123456"),
        ("+254712345678", [], "+254712345678"),
        ("0712345678", [], ""),
        ("12345", ["ke"], ""),
        ("07123456789", ["ke"], ""),
        ("07l2345678", ["ke"], ""),
        ("call me", ["ke"], ""),
        ("", ["ke"], ""),
        ("0712345678 ext 9", ["ke"], ""),
        ("0712345678" * 9, ["ke"], ""),
    ],
)
def test_a_phone_number_is_read_as_its_country_writes_it(
    text: str, countries: list[str], number: str
) -> None:
    assert read_phone(text, countries) == number


def test_an_example_is_a_number_of_the_country() -> None:
    assert read_phone(example_phone(["ke"]), ["ke"]).startswith("+2547")
    assert example_phone([]) == example_phone(["zz"]) == ""


# --- texts and pages -----------------------------------------------------------------------------


def test_as_many_lines_as_fit_are_shown_and_the_others_counted() -> None:
    lines = ["first", "second", "third"]
    assert fit_lines(lines, 100, "+{n}") == lines
    assert fit_lines(lines, 12, "+{n}") == ["first", "+2"]
    assert fit_lines(lines, 0, "+{n}") == ["+3"]


@pytest.mark.parametrize("count", range(25))
@pytest.mark.parametrize("size", [2, 3, 10])
def test_every_row_is_on_exactly_one_page(count: int, size: int) -> None:
    rows = [Row(str(n), str(n)) for n in range(count)]
    seen: list[Row] = []
    page: int | None = 0
    while page is not None:
        shown = paged(rows, page, size, lambda n: Row(f"page {n}", "More"))
        assert len(shown) <= size
        seen += [row for row in shown if row.title != "More"]
        page = page + 1 if shown and shown[-1].title == "More" else None
    assert seen == rows


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("locale", LANGUAGES)
def test_every_language_says_the_same_things(locale: str) -> None:
    english = LANGUAGES["en"].texts
    assert LANGUAGES[locale].texts.keys() == english.keys()
    for key, text in LANGUAGES[locale].texts.items():
        assert text.strip()
        assert placeholders(text) == placeholders(english[key])


@pytest.mark.parametrize("locale", LANGUAGES)
def test_buttons_fit_on_a_phone(locale: str) -> None:
    for key, text in LANGUAGES[locale].texts.items():
        if key.startswith(("button.", "label.")):
            assert 0 < len(text) <= 20, key


def test_an_unknown_language_is_answered_in_english() -> None:
    assert Words("tlh")("button.help") == Words("en")("button.help") == "Help"
    assert Words("en_US").language is Words("en").language


@pytest.mark.parametrize(
    ("locale", "pay", "products"),
    [
        ("en", "Pay online", "0 products"),
        ("fr-CI", "Payer en ligne", "0 produit"),
        ("sw_KE", "Lipa mtandaoni", "bidhaa 0"),
    ],
)
def test_three_languages_are_spoken(locale: str, pay: str, products: str) -> None:
    assert Words(locale)("button.pay_online") == pay
    assert Words(locale).count("browse.products_count", 0) == products


def test_a_reason_nobody_knows_is_still_told_in_plain_words() -> None:
    assert Words("en").reason("insufficient_funds") == "there was not enough money in the account"
    assert Words("sw").reason("E-1037") == Words("sw").reason("") == Words("sw")("failed.other")


def test_numbers_have_their_forms_and_money_its_currency() -> None:
    words = Words("en")
    assert words.count("browse.products_count", 1) == "1 product"
    assert words.count("browse.products_count", 0) == "0 products"
    assert words.money(123456, "KES") == "KES 1,234.56"
    assert words.money(5000, "UGX") == "UGX 5,000"


def test_every_text_the_script_asks_for_exists(every_key: set[str]) -> None:
    english = LANGUAGES["en"].texts
    assert every_key
    for key in every_key:
        assert key in english or f"{key}.one" in english, key


def test_no_text_is_left_that_nobody_says(every_key: set[str]) -> None:
    spoken = {key.removesuffix(".one").removesuffix(".other") for key in LANGUAGES["en"].texts}
    ours = tuple(f"{group}." for group in (*GROUPS, "button"))
    assert {key for key in spoken if key.startswith(ours)} - every_key == set()


def test_every_tap_and_every_command_is_answered() -> None:
    assert set(TAPS) == set(FIELDS)
    assert set(COMMANDS) == {
        *("add", "remove", "cart", "checkout", "status"),
        *("track", "stop", "start", "help", "menu", "code", "code_off"),
    }
    for language in LANGUAGES.values():
        assert set(language.aliases.values()) <= set(COMMANDS)


@pytest.fixture
def every_key() -> set[str]:
    """The keys that appear as plain text in the sources of the script."""
    sources = files("tradewind.conversations")
    paths = [*sources.joinpath("script").iterdir(), *sources.iterdir()]
    text = "\n".join(
        path.read_text() for path in paths if path.name.endswith(".py") and path.name != SQL
    )
    buttons = {f"button.{name}" for name in re.findall(r'\.button\(\s*"([a-z_]+)"', text)}
    return buttons | set(re.findall(rf"[\"']((?:button|{'|'.join(GROUPS)})\.[a-z_]+)[\"']", text))


def test_a_state_says_nothing_that_is_not_needed() -> None:
    assert msgspec.json.decode(dump_state(State())) == {}
