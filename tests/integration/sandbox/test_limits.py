"""Every limit of the messages endpoint: accepted at the limit, refused one above, with its code."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.integration.sandbox.world import World, error_code
from tradewind_sandbox.whatsapp.limits import check_message, check_receipt

PAYLOADS = Path(__file__).parents[2] / "payloads" / "whatsapp"

Json = dict[str, Any]


def message(**fields: Any) -> Json:
    return {"messaging_product": "whatsapp", "to": "+16505551234", **fields}


def text(body: str, **fields: Any) -> Json:
    return message(type="text", text={"body": body}, **fields)


def interactive(kind: str, action: Json, **fields: Any) -> Json:
    body = {"type": kind, "body": {"text": "Choose"}, "action": action, **fields}
    return message(type="interactive", interactive=body)


def rows(count: int, start: int = 0) -> list[Json]:
    return [{"id": f"row-{n}", "title": f"Row {n}"} for n in range(start, start + count)]


def list_of(sections: list[Json], button: str = "Open", **fields: Any) -> Json:
    return interactive("list", {"button": button, "sections": sections}, **fields)


def list_row(**row: Any) -> Json:
    return list_of([{"rows": [{"id": "1", "title": "One", **row}]}])


def two_sections(title: str) -> Json:
    return list_of([{"title": "A", "rows": rows(1)}, {"title": title, "rows": rows(1, 1)}])


def split_rows(count: int) -> Json:
    return list_of(
        [{"title": "A", "rows": rows(5)}, {"title": "B", "rows": rows(count - 5, start=5)}]
    )


def sections(count: int) -> Json:
    return list_of([{"title": f"S{n}", "rows": rows(1, start=n)} for n in range(count)])


def buttons(*replies: Json) -> Json:
    return interactive("button", {"buttons": [{"type": "reply", "reply": r} for r in replies]})


def button(**reply: Any) -> Json:
    return buttons({"id": "1", "title": "One", **reply})


def button_count(count: int) -> Json:
    return buttons(*({"id": f"b{n}", "title": f"Button {n}"} for n in range(count)))


def link(**parameters: Any) -> Json:
    action = {
        "name": "cta_url",
        "parameters": {"display_text": "Pay", "url": "https://shop.test/pay", **parameters},
    }
    return interactive("cta_url", action)


def flow(label: str) -> Json:
    parameters = {"flow_message_version": "3", "flow_id": "1", "flow_cta": label}
    return interactive("flow", {"name": "flow", "parameters": parameters})


def products(section_count: int, items_each: int, title: str = "Tea") -> Json:
    items = [{"product_retailer_id": f"SKU-{n}"} for n in range(items_each)]
    return interactive(
        "product_list",
        {
            "catalog_id": "1",
            "sections": [{"title": title, "product_items": items} for _ in range(section_count)],
        },
        header={"type": "text", "text": "Our teas"},
    )


def image(**media: Any) -> Json:
    return message(type="image", image={"link": "https://shop.test/tea.png", **media})


def document(**media: Any) -> Json:
    return message(type="document", document={"link": "https://shop.test/bill.pdf", **media})


def location_request(body: str) -> Json:
    return interactive("location_request_message", {"name": "send_location"}, body={"text": body})


def catalog(body: str) -> Json:
    return interactive("catalog_message", {"name": "catalog_message"}, body={"text": body})


def contacts(count: int) -> Json:
    return message(type="contacts", contacts=[{"name": {"formatted_name": "Ann"}}] * count)


def user(length: int) -> Json:
    return {**text("Hi"), "to": None, "recipient": "US." + "1" * length}


def listed(**fields: Any) -> Json:
    return list_of([{"rows": rows(1)}], **fields)


LIMITS: list[tuple[str, Callable[[int], Json], int, int]] = [
    ("text body", lambda n: text("x" * n), 4096, 100),
    ("callback data", lambda n: text("x", biz_opaque_callback_data="x" * n), 512, 100),
    ("phone number digits", lambda n: {**text("x"), "to": "+" + "1" * n}, 15, 100),
    ("user id", user, 128, 100),
    ("image caption", lambda n: image(caption="x" * n), 1024, 100),
    ("document caption", lambda n: document(caption="x" * n), 1024, 100),
    ("list body", lambda n: listed(body={"text": "x" * n}), 1024, 131009),
    ("list header", lambda n: listed(header={"type": "text", "text": "x" * n}), 60, 131009),
    ("list footer", lambda n: listed(footer={"text": "x" * n}), 60, 131009),
    ("list button", lambda n: listed(button="x" * n), 20, 131009),
    ("list sections", sections, 10, 131009),
    ("list rows in one section", lambda n: list_of([{"rows": rows(n)}]), 10, 131009),
    ("list rows in two sections", split_rows, 10, 131009),
    ("list section title", lambda n: two_sections("x" * n), 24, 131009),
    ("list row id", lambda n: list_row(id="x" * n), 200, 131009),
    ("list row title", lambda n: list_row(title="x" * n), 24, 131009),
    ("list row description", lambda n: list_row(description="x" * n), 72, 131009),
    ("reply buttons", button_count, 3, 131009),
    ("reply button id", lambda n: button(id="x" * n), 256, 131009),
    ("reply button title", lambda n: button(title="x" * n), 20, 131009),
    ("link label", lambda n: link(display_text="x" * n), 20, 131009),
    ("location request body", lambda n: location_request("x" * n), 1024, 131009),
    ("catalog body", lambda n: catalog("x" * n), 1024, 131009),
    ("flow label", lambda n: flow("x" * n), 30, 131009),
    ("products in all", lambda n: products(1, n), 30, 131009),
    ("product sections", lambda n: products(n, 1), 10, 131009),
    ("product section title", lambda n: products(2, 1, "x" * n), 24, 131009),
    ("contacts", contacts, 5, 100),
]


@pytest.mark.parametrize(
    ("make", "most", "code"), [x[1:] for x in LIMITS], ids=[x[0] for x in LIMITS]
)
async def test_a_body_is_accepted_at_the_limit_and_refused_above(
    world: World, make: Callable[[int], Json], most: int, code: int
) -> None:
    accepted = await world.send(**make(most))
    assert accepted.status_code == 200, accepted.text
    refused = await world.send(**make(most + 1))
    assert (refused.status_code, error_code(refused)) == (400, code)


def without(body: Json, *path: str) -> Json:
    changed = copy.deepcopy(body)
    node = changed
    for key in path[:-1]:
        node = node[key]
    del node[path[-1]]
    return changed


REFUSED: list[tuple[str, Json, int]] = [
    ("no recipient", without(text("x"), "to"), 131008),
    ("no messaging product", without(text("x"), "messaging_product"), 131008),
    ("another messaging product", text("x") | {"messaging_product": "sms"}, 100),
    ("a group", text("x", recipient_type="group"), 100),
    ("letters as phone number", text("x") | {"to": "PHONE_NUMBER"}, 100),
    ("a phone number with a leading zero", text("x") | {"to": "0712345678"}, 100),
    ("a user id as phone number", text("x") | {"to": "US.123"}, 100),
    ("a phone number as user id", without(text("x"), "to") | {"recipient": "16505551234"}, 100),
    ("an unknown type", message(type="telegram", telegram={}), 131051),
    ("a type without its content", message(type="text"), 131008),
    ("an empty text", text(""), 100),
    ("a number as text", message(type="text", text={"body": 5}), 100),
    ("an unknown key in a text", message(type="text", text={"body": "x", "bold": True}), 100),
    (
        "a preview that is no boolean",
        message(type="text", text={"body": "x", "preview_url": 1}),
        100,
    ),
    ("direct send", text("x", category="utility"), 100),
    ("media without id and link", message(type="image", image={"caption": "x"}), 100),
    ("media with id and link", image(id="1"), 100),
    ("media with a broken link", image(link="tea.png"), 100),
    ("media that was never uploaded", message(type="image", image={"id": "5"}), 100),
    ("a reply without its message", text("x", context={}), 131008),
    ("an unknown interactive type", interactive("poll", {}), 131009),
    ("a list without body", without(listed(), "interactive", "body"), 131008),
    ("a list without action", without(listed(), "interactive", "action"), 131008),
    ("a list with an image header", listed(header={"type": "image", "image": {"id": "1"}}), 131009),
    ("a list without rows", list_of([{"rows": []}]), 131009),
    ("two sections, one untitled", list_of([{"rows": rows(1)}, {"rows": rows(1, 1)}]), 131008),
    ("two rows with one id", list_of([{"rows": rows(1) + rows(1)}]), 131009),
    (
        "two rows of two sections with one id",
        list_of([{"title": "A", "rows": rows(1)}, {"title": "B", "rows": rows(1)}]),
        131009,
    ),
    ("a row without title", list_of([{"rows": [{"id": "1"}]}]), 131008),
    ("a row with an unknown key", list_row(price=5), 100),
    ("no buttons", button_count(0), 131009),
    (
        "two buttons with one id",
        buttons({"id": "1", "title": "A"}, {"id": "1", "title": "B"}),
        131009,
    ),
    (
        "two buttons with one title",
        buttons({"id": "1", "title": "A"}, {"id": "2", "title": "A"}),
        131009,
    ),
    ("a button id with a space at its end", button(id="1 "), 131009),
    ("an empty button title", button(title=""), 131009),
    ("a link without address", link(url=None), 131008),
    ("a link that is no address", link(url="shop.test/pay"), 131009),
    (
        "a location request with a wrong name",
        interactive("location_request_message", {"name": "x"}),
        131009,
    ),
    (
        "a location request with a header",
        interactive(
            "location_request_message",
            {"name": "send_location"},
            header={"type": "text", "text": "x"},
        ),
        131009,
    ),
    ("products without header", without(products(1, 1), "interactive", "header"), 131008),
    ("a product without catalog", interactive("product", {"product_retailer_id": "1"}), 131008),
    ("a flow label with emoji", flow("Go 🚀"), 131009),
    (
        "a native address form outside India",
        interactive(
            "address_message", {"name": "address_message", "parameters": {"country": "KE"}}
        ),
        131009,
    ),
    ("a carousel of one card", interactive("carousel", {"cards": [{}]}), 131009),
    ("a reaction without message", message(type="reaction", reaction={"emoji": "👍"}), 131008),
    (
        "a location off the globe",
        message(type="location", location={"latitude": 91, "longitude": 0}),
        100,
    ),
    (
        "a template without language",
        message(type="template", template={"name": "order_update"}),
        131008,
    ),
    ("the business itself", text("x") | {"to": "+15550783881"}, 131021),
]


@pytest.mark.parametrize(("body", "code"), [x[1:] for x in REFUSED], ids=[x[0] for x in REFUSED])
async def test_a_malformed_body_is_refused_and_not_kept(
    world: World, body: Json, code: int
) -> None:
    answer = await world.graph("POST", "106540352242922/messages", json=body)
    assert (answer.status_code, error_code(answer)) == (400, code)
    assert (await world.client.get("/whatsapp/messages")).json() == []


SAMPLES = sorted(PAYLOADS.glob("meta-send-*-request.json"))


@pytest.mark.parametrize("sample", SAMPLES, ids=[path.stem for path in SAMPLES])
def test_metas_own_samples_are_accepted(sample: Path) -> None:
    body = json.loads(sample.read_text())
    body["to"] = body["to"].replace("PHONE_NUMBER", "+16505551234")
    assert check_message(body) is None


def test_characters_outside_the_basic_plane_count_twice() -> None:
    assert check_message(button(title="😀" * 10)) is None
    assert check_message(button(title="😀" * 11)) is not None


def test_a_phone_number_may_be_written_with_spaces_and_brackets() -> None:
    assert check_message(text("x") | {"to": "+1 (650) 555-1234"}) is None


def test_with_phone_and_user_id_the_phone_wins() -> None:
    assert check_message(text("x") | {"recipient": "not a user id"}) is None


@pytest.mark.parametrize(
    "body",
    [
        {"messaging_product": "whatsapp", "status": "read"},
        {"messaging_product": "whatsapp", "status": "unread", "message_id": "wamid.1"},
        {
            "messaging_product": "whatsapp",
            "status": "read",
            "message_id": "wamid.1",
            "typing_indicator": {"type": "audio"},
        },
    ],
)
def test_a_malformed_receipt_is_refused(body: Json) -> None:
    assert check_receipt(body) is not None
