"""What people type, in a table: which command it is, with which arguments."""

import pytest

from tradewind.contracts.channel import OrderItem
from tradewind.conversations.rules import Command, parse_command
from tradewind.conversations.texts import ENGLISH, LANGUAGES


def add(sku: str, quantity: int = 1) -> Command:
    return Command(name="add", sku=sku, quantity=quantity)


def track(number: int) -> Command:
    return Command(name="track", number=number)


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("ADD TEA-500 2", add("TEA-500", 2)),
        ("add tea-500 2", add("TEA-500", 2)),
        ("Add  tea-500", add("TEA-500")),
        ("  add\u00a0tea-500\n2  ", add("TEA-500", 2)),
        ("ADD 2 TEA-500", add("TEA-500", 2)),
        ("add 2 x tea-500", add("TEA-500", 2)),
        ("add 2× tea-500", add("TEA-500", 2)),
        ("ADD tea-500 x2", add("TEA-500", 2)),
        ("ADD: TEA-500, 2.", add("TEA-500", 2)),
        ("*ADD TEA-500 2*", add("TEA-500", 2)),
        ("add tea - 500 2", add("TEA-500", 2)),
        ("add tea\u2013500 2", add("TEA-500", 2)),
        ("add tea 500 2", add("TEA-500", 2)),
        ("please add tea-500", None),
        ("add tea-500 to my cart please", add("TEA-500")),
        ("add 12345", add("12345")),
        ("add 12345 2", add("12345", 2)),
        ("add x2 3", add("X2", 3)),
        ("add a/b_c.d 3", add("A/B_C.D", 3)),
        ("\uff21\uff24\uff24 TEA-500 \uff12", add("TEA-500", 2)),
        ("REMOVE tea-500", Command(name="remove", sku="TEA-500", quantity=0)),
        ("remove tea-500 from cart", Command(name="remove", sku="TEA-500", quantity=0)),
        ("remove 2 tea-500", Command(name="remove", sku="TEA-500", quantity=2)),
        ("TRACK 1001", track(1001)),
        ("track #1001", track(1001)),
        ("Track order no. 1001!", track(1001)),
        ("TRACK1001", track(1001)),
        ("order 1001", track(1001)),
        ("status 1001", track(1001)),
        ("STATUS", Command(name="status")),
        ("cart", Command(name="cart")),
        ("Cart?", Command(name="cart")),
        ("my cart", Command(name="cart")),
        ("/menu", Command(name="menu")),
        ("“Menu”", Command(name="menu")),
        ("CheckOut", Command(name="checkout")),
        ("check out", Command(name="checkout")),
        ("HELP!!", Command(name="help")),
        ("help me please", Command(name="help")),
        ("?", Command(name="help")),
        ("stop.", Command(name="stop")),
        ("STOP ALL", Command(name="stop")),
        ("stop sending me messages", Command(name="stop")),
        ("Unsubscribe", Command(name="stop")),
        ("start", Command(name="start")),
        ("my orders", Command(name="status")),
        ("Shop", Command(name="menu")),
        ("hello", None),
        ("I would like to add something", None),
        ("cart wheels", None),
        ("start the day with tea", None),
        ("status of the nation", None),
        ("", None),
        ("...", None),
        ("😀", None),
    ],
)
def test_a_command_is_understood_however_it_is_typed(text: str, command: Command | None) -> None:
    assert parse_command(text, ENGLISH.aliases) == command


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("ADD", "no_sku"),
        ("add ???", "no_sku"),
        ("add ½", "no_sku"),
        ("ADD TEA-500 0", "bad_quantity"),
        ("ADD TEA-500 -2", "bad_quantity"),
        ("ADD TEA-500 1.5", "bad_quantity"),
        ("ADD TEA-500 100000", "bad_quantity"),
        ("ADD TEA-500 " + "9" * 4000, "bad_quantity"),
        ("REMOVE", "no_sku"),
        ("TRACK", "no_number"),
        ("track my parcel", "no_number"),
        ("track 1e3", "no_number"),
    ],
)
def test_a_command_used_wrongly_says_what_is_wrong(text: str, wrong: str) -> None:
    command = parse_command(text, ENGLISH.aliases)
    assert command is not None
    assert command.wrong == wrong


@pytest.mark.parametrize(
    "text",
    [
        "ADD TEA-500 2\nADD MUG",
        "Hello! I have a question about my cart:\n\nadd tea-500 2\r\nadd mug 1\n",
    ],
)
def test_a_whole_cart_is_one_add_to_each_line(text: str) -> None:
    items = [OrderItem(sku="TEA-500", quantity=2), OrderItem(sku="MUG", quantity=1)]
    for answering in (False, True):
        command = parse_command(text, ENGLISH.aliases, answering=answering)
        assert command == Command(name="add", items=items)


@pytest.mark.parametrize(
    "text",
    [
        "ADD TEA-500 2\nhow much is it?",
        "Moi Avenue 1\nNairobi",
        "one\ntwo\nADD MUG 1",
        "a\nADD MUG 0",
    ],
)
def test_lines_of_which_some_are_no_items_are_no_cart(text: str) -> None:
    command = parse_command(text, ENGLISH.aliases, answering=True)
    assert command is None or not command.items


@pytest.mark.parametrize("text", ["shop", "orders", "pay", "buy now"])
def test_while_a_question_is_open_only_real_commands_count(text: str) -> None:
    assert parse_command(text, ENGLISH.aliases) is not None
    assert parse_command(text, ENGLISH.aliases, answering=True) is None


@pytest.mark.parametrize("text", ["menu", "HELP", "cart", "stop", "unsubscribe", "add tea-500 2"])
def test_real_commands_work_at_any_moment(text: str) -> None:
    assert parse_command(text, ENGLISH.aliases, answering=True) is not None


@pytest.mark.parametrize(
    ("text", "name", "code"),
    [
        ("CODE SUMMER10", "code", "SUMMER10"),
        ("code: summer10.", "code", "summer10"),
        ("Promo code “SUMMER-10”", "code", "SUMMER-10"),
        ("my code is summer10!", "code", "summer10"),
        ("code de réduction ÉTÉ10", "", ""),
        ("code de réduction ETE10", "code", "ETE10"),
        ("msimbo wa punguzo SUMMER10", "code", "SUMMER10"),
        ("code", "code", ""),
        ("remove code SUMMER10", "code_off", "SUMMER10"),
        ("retirer le code SUMMER10", "code_off", "SUMMER10"),
        ("ondoa msimbo", "code_off", ""),
        ("code postal 75001 Paris", "", ""),
        ("what is my code SUMMER10", "", ""),
    ],
)
def test_a_code_is_one_word_behind_a_phrase_that_leads_it_in(
    text: str, name: str, code: str
) -> None:
    phrases = {key: one for language in LANGUAGES.values() for key, one in language.codes.items()}
    command = parse_command(text, codes=phrases)
    assert (command.name if command else "", command.code if command else "") == (name, code)


@pytest.mark.parametrize(("text", "counts"), [("code 75001", False), ("code A75001", True)])
def test_while_a_question_is_open_digits_alone_are_its_answer(text: str, *, counts: bool) -> None:
    found = parse_command(text, answering=True, codes=ENGLISH.codes)
    assert (found is not None) == counts
    assert parse_command("code", answering=True, codes=ENGLISH.codes) is None
