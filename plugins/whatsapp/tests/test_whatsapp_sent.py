"""What goes out: bodies as Meta documents them, answers, and what errors mean."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from tradewind import (
    AskAddress,
    AskLocation,
    Button,
    Card,
    Choice,
    Document,
    Email,
    Link,
    MarkRead,
    Media,
    Menu,
    Outbound,
    OutboundBody,
    PermanentFailure,
    Products,
    Recipient,
    Row,
    Section,
    Sent,
    StoreContext,
    Template,
    Text,
)
from tradewind_whatsapp import WhatsApp, WhatsAppSettings
from tradewind_whatsapp.outbound import body_of

Sample = Callable[[str], Any]
Contexts = Callable[..., StoreContext[WhatsAppSettings]]

ID = UUID("018f0000-0000-7000-8000-000000000001")
PABLO = Recipient(identity="16505551234", phone="+16505551234")
BSUID = "US.13491208655302741918"


def outbound(
    body: OutboundBody, recipient: Recipient = PABLO, reply_to: str | None = None
) -> Outbound:
    return Outbound(id=ID, recipient=recipient, body=body, reply_to=reply_to)


def documented(sample: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Meta's sample, with our own id in it."""
    return {**sample, "biz_opaque_callback_data": str(ID), **changes}


def test_a_text_with_a_link(sample: Sample) -> None:
    text = (
        "As requested, here's the link to our latest product: https://www.meta.com/quest/quest-3/"
    )
    assert body_of(outbound(Text(text=text))) == documented(sample("meta-send-text-request.json"))


def test_a_text_without_a_link_asks_for_no_preview() -> None:
    assert body_of(outbound(Text(text="Hello")))["text"] == {"body": "Hello"}


def test_a_picture(sample: Sample) -> None:
    request = documented(sample("meta-send-image-request.json"))
    request["image"] = {"link": "https://x/1.png", "caption": request["image"]["caption"]}
    media = Media(kind="image", url="https://x/1.png", caption="The best succulent ever?")
    assert body_of(outbound(media)) == request


def test_sound_has_no_caption() -> None:
    media = Media(kind="audio", url="https://x/1.mp3", caption="Listen")
    assert body_of(outbound(media))["audio"] == {"link": "https://x/1.mp3"}


def test_a_document() -> None:
    body = body_of(outbound(Document(url="https://x/1.pdf", filename="Receipt.pdf")))
    assert body["type"] == "document"
    assert body["document"] == {"link": "https://x/1.pdf", "filename": "Receipt.pdf"}


BUTTONS = (Button("change-button", "Change"), Button("cancel-button", "Cancel"))


def test_a_card(sample: Sample) -> None:
    request = documented(sample("meta-send-interactive-buttons-request.json"))
    interactive = request["interactive"]
    interactive["header"]["image"] = {"link": "https://x/1.png"}
    card = Card(
        text=interactive["body"]["text"],
        buttons=BUTTONS,
        image_url="https://x/1.png",
        footer=interactive["footer"]["text"],
    )
    assert body_of(outbound(card)) == request


def test_a_choice(sample: Sample) -> None:
    request = documented(sample("meta-send-interactive-buttons-request.json"))
    interactive = request["interactive"]
    del interactive["header"], interactive["footer"]
    assert body_of(outbound(Choice(text=interactive["body"]["text"], buttons=BUTTONS))) == request


def test_a_card_without_buttons_is_a_picture_or_a_text() -> None:
    picture = body_of(outbound(Card(text="T", footer="F", buttons=(), image_url="https://x/1.png")))
    assert picture["image"] == {"link": "https://x/1.png", "caption": "T\n\nF"}
    assert body_of(outbound(Card(text="T", buttons=())))["text"] == {"body": "T"}


def test_a_menu(sample: Sample) -> None:
    request = documented(sample("meta-send-interactive-list-request.json"))
    interactive = request["interactive"]
    sections = [
        Section(title=section["title"], rows=[Row(**row) for row in section["rows"]])
        for section in interactive["action"]["sections"]
    ]
    menu = Menu(
        text=interactive["body"]["text"],
        label=interactive["action"]["button"],
        sections=sections,
        header=interactive["header"]["text"],
        footer=interactive["footer"]["text"],
    )
    assert body_of(outbound(menu)) == request


def test_empty_titles_and_descriptions_are_left_out() -> None:
    menu = Menu(text="T", label="L", sections=[Section(title="", rows=[Row("1", "One")])])
    assert body_of(outbound(menu))["interactive"] == {
        "type": "list",
        "body": {"text": "T"},
        "action": {"button": "L", "sections": [{"rows": [{"id": "1", "title": "One"}]}]},
    }


def test_a_link(sample: Sample) -> None:
    request = documented(sample("meta-send-interactive-cta-url-request.json"))
    interactive = request["interactive"]
    del interactive["header"]
    link = Link(
        text=interactive["body"]["text"],
        label="See Dates",
        url=interactive["action"]["parameters"]["url"],
        footer=interactive["footer"]["text"],
    )
    assert body_of(outbound(link)) == request


def test_one_product(sample: Sample) -> None:
    request = documented(sample("meta-send-product-request.json"), to="+16505551234")
    del request["interactive"]["footer"]
    products = Products(text="BODY_TEXT", header="", catalog_id="", skus=("ID_TEST_ITEM_1",))
    assert body_of(outbound(products), "CATALOG_ID") == request


def test_several_products() -> None:
    products = Products(text="T", header="New", catalog_id="7", skus=("a", "b"))
    items = [{"product_retailer_id": "a"}, {"product_retailer_id": "b"}]
    assert body_of(outbound(products), "8")["interactive"] == {
        "type": "product_list",
        "header": {"type": "text", "text": "New"},
        "body": {"text": "T"},
        "action": {"catalog_id": "7", "sections": [{"title": "New", "product_items": items}]},
    }


def test_the_request_for_a_place(sample: Sample) -> None:
    request = documented(sample("meta-send-location-request-request.json"))
    ask = AskLocation(text=request["interactive"]["body"]["text"])
    assert body_of(outbound(ask)) == request


def test_the_address_form_is_for_india_alone() -> None:
    assert body_of(outbound(AskAddress(text="T", country="in")))["interactive"]["action"] == {
        "name": "address_message",
        "parameters": {"country": "IN"},
    }
    with pytest.raises(PermanentFailure):
        body_of(outbound(AskAddress(text="T", country="ke")))


def test_a_template_with_named_values(sample: Sample) -> None:
    request = documented(sample("meta-template-utility-request.json"), to="+16505551234")
    header, body = request["template"]["components"]
    header["parameters"][0]["image"] = {"link": "https://x/1.png"}
    template = Template(
        name="reservation_confirmation",
        language="en_US",
        values=[parameter["text"] for parameter in body["parameters"]],
        names=[parameter["parameter_name"] for parameter in body["parameters"]],
        header_image_url="https://x/1.png",
    )
    assert body_of(outbound(template)) == request


def test_a_template_with_values_in_order(sample: Sample) -> None:
    request = sample("meta-template-coupon-request.json")
    template = Template(
        name="coupon_code_fall2023_25off", language="en_US", values=["25OFF", "25%"]
    )
    assert (
        body_of(outbound(template))["template"]["components"]
        == request["template"]["components"][:1]
    )


def test_a_template_with_a_link_and_untidy_values() -> None:
    template = Template(
        name="n", language="en", values=["a\n\tb     c"], button_values={0: "orders/42"}
    )
    body, button = body_of(outbound(template))["template"]["components"]
    assert body["parameters"] == [{"type": "text", "text": "a b c"}]
    assert button == {
        "type": "button",
        "sub_type": "url",
        "index": "0",
        "parameters": [{"type": "text", "text": "orders/42"}],
    }


def test_a_template_without_values() -> None:
    assert body_of(outbound(Template(name="hello", language="en")))["template"] == {
        "name": "hello",
        "language": {"code": "en"},
    }


def test_a_read_mark_with_typing() -> None:
    assert body_of(outbound(MarkRead(ref="wamid.1", typing=True))) == {
        "messaging_product": "whatsapp",
        "status": "read",
        "message_id": "wamid.1",
        "typing_indicator": {"type": "text"},
    }
    assert "typing_indicator" not in body_of(outbound(MarkRead(ref="wamid.1")))


def test_a_letter_is_not_carried() -> None:
    with pytest.raises(PermanentFailure):
        body_of(outbound(Email(subject="S", text="T", html="H")))


def test_a_reply_names_what_it_answers() -> None:
    body = body_of(outbound(Text(text="Yes"), reply_to="wamid.1"))
    assert body["context"] == {"message_id": "wamid.1"}


def test_somebody_without_a_number_is_addressed_by_user_id() -> None:
    body = body_of(outbound(Text(text="Hi"), Recipient(identity=BSUID, phone="+16505551234")))
    assert body["recipient"] == BSUID
    assert "to" not in body


def test_a_sign_in_code_goes_to_the_number() -> None:
    template = Template(name="code", language="en", values=["1"], category="authentication")
    body = body_of(outbound(template, Recipient(identity=BSUID, phone="+16505551234")))
    assert body["to"] == "+16505551234"
    assert "recipient" not in body


def test_an_identity_of_another_channel_cannot_be_reached() -> None:
    with pytest.raises(PermanentFailure):
        body_of(outbound(Text(text="Hi"), Recipient(identity="zoe@example.com")))


# --- the call --------------------------------------------------------------------------------


async def test_a_send_is_one_authorized_call(sample: Sample, context: Contexts) -> None:
    calls: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        calls.append(request)
        return httpx.Response(200, json=sample("meta-send-text-response.json"))

    sent = await WhatsApp().send(outbound(Text(text="Hi")), context(answer))
    assert sent == Sent(ref="wamid.HBgLMTY0NjcwNDM1OTUVAgARGBI1RjQyNUE3NEYxMzAzMzQ5MkEA")
    (call,) = calls
    assert str(call.url) == "https://graph.facebook.com/v25.0/106540352242922/messages"
    assert call.headers["authorization"] == "Bearer EAAG-token"
    assert json.loads(call.content) == body_of(outbound(Text(text="Hi")))
    assert set(call.extensions["timeout"].values()) == {10.0}


async def test_a_send_to_a_user_id(sample: Sample, context: Contexts) -> None:
    recipient = Recipient(identity=BSUID)
    there = context(httpx.Response(200, json=sample("meta-bsuid-send-response.json")))
    sent = await WhatsApp().send(outbound(Text(text="Hi"), recipient), there)
    assert sent == Sent(ref="wamid.HBgLMTY0NjcwNDM1OTUVAgARGBI1RjQyNUE3NEYxMzAzMzQ5MkEA")


async def test_a_template_is_taken(sample: Sample, context: Contexts) -> None:
    there = context(httpx.Response(200, json=sample("meta-template-utility-response.json")))
    template = Template(name="reservation_confirmation", language="en_US")
    assert (await WhatsApp().send(outbound(template), there)).ref.startswith("wamid.")


async def test_meta_s_name_for_the_person_is_handed_back(context: Contexts) -> None:
    """Brazilian numbers have a ninth digit that WhatsApp may not use."""
    answer = {
        "contacts": [{"input": "+5511987654321", "wa_id": "551187654321"}],
        "messages": [{"id": "wamid.1"}],
    }
    there = context(httpx.Response(200, json=answer))
    sent = await WhatsApp().send(
        outbound(Text(text="Oi"), Recipient(identity="5511987654321")), there
    )
    assert sent == Sent(ref="wamid.1", identity="551187654321")


async def test_a_read_mark_has_no_ref(context: Contexts) -> None:
    there = context(httpx.Response(200, json={"success": True}))
    assert await WhatsApp().send(outbound(MarkRead(ref="wamid.1")), there) == Sent(ref="")


def test_the_reply_window_is_a_day() -> None:
    assert WhatsApp.capabilities.reply_window == timedelta(hours=24)
