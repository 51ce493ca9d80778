"""One test for each webhook body Meta documents: what it means to the engine."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest

from tradewind import (
    AddressContent,
    ConsentChange,
    ContactContent,
    Content,
    DeliveryError,
    Echo,
    IdentityChange,
    Inbound,
    InboundMessage,
    LocationContent,
    MediaContent,
    Notice,
    OrderContent,
    OrderItem,
    ReactionContent,
    ReplyContent,
    Sender,
    StatusChange,
    TextContent,
    Unsupported,
    UnsupportedContent,
)

Read = Callable[[str], Awaitable[Any]]
Said = Callable[..., Awaitable[Any]]
SHEENA = Sender(identity="16505551234", phone="+16505551234", name="Sheena Nelson")
BSUID = "US.13491208655302741918"


@pytest.fixture
def read(
    captured: Callable[[str], bytes], delivered: Callable[[bytes], Awaitable[list[Inbound]]]
) -> Read:
    """The only thing a captured body means."""

    async def only(name: str) -> Inbound:
        (found,) = await delivered(captured(name))
        return found

    return only


@pytest.fixture
def said(delivered: Callable[[bytes], Awaitable[list[Inbound]]]) -> Said:
    """The only meaning of a change of a field that has these parts."""

    async def only(field: str = "messages", **parts: Any) -> Inbound:
        metadata = {"phone_number_id": "106540352242922"}
        change = {"field": field, "value": {"metadata": metadata, **parts}}
        entry = [{"id": "102290129340398", "changes": [change]}]
        post = {"object": "whatsapp_business_account", "entry": entry}
        (found,) = await delivered(msgspec.json.encode(post))
        return found

    return only


def message(**node: Any) -> list[dict[str, Any]]:
    (kind,) = node
    shared = {"from": "254700000101", "id": "wamid.1", "timestamp": "1749416383", "type": kind}
    return [{**shared, **node}]


async def test_a_text(read: Read) -> None:
    assert await read("meta-in-text.json") == InboundMessage(
        sender=SHEENA,
        ref="wamid.HBgLMTY1MDM4Nzk0MzkVAgASGBQzQTRBNjU5OUFFRTAzODEwMTQ0RgA=",
        sent_at=datetime(2025, 6, 8, 20, 59, 43, tzinfo=UTC),
        content=TextContent(text="Does it come in another color?"),
    )


async def test_a_text_from_somebody_without_a_phone_number(read: Read) -> None:
    found = await read("meta-bsuid-in-text-no-phone.json")
    assert found.sender == Sender(identity=BSUID, name="Sheena Nelson", country="us")
    assert found.content == TextContent(text="Does it come in another color?")


async def test_a_text_with_both_names_escaped_as_meta_escapes(read: Read) -> None:
    found = await read("signature-vector.body")
    assert found.sender == Sender(
        identity="16505551234",
        phone="+16505551234",
        name="Zoë محمد",
        country="us",
        aliases=(BSUID,),
    )
    assert found.content == TextContent(text="café 👍 https://shop.example/p/1")


async def test_a_text_after_an_ad(read: Read) -> None:
    found = await read("meta-in-text-ctwa-referral.json")
    assert found.referral["source_type"] == "ad"
    assert found.referral["ctwa_clid"].startswith("Aff-n8ZTODiE79d22")


async def test_a_text_about_a_product(read: Read) -> None:
    found = await read("meta-in-text-product-inquiry.json")
    product = {"catalog_id": "194836987003835", "product_retailer_id": "di9ozbzfi4"}
    assert found.referral == {"referred_product": product}
    assert found.reply_to == "wamid.HBgLMTY1MDM4Nzk0MzkVAgARGA9wcm9kdWN0X2lucXVpcnkA"


async def test_a_forwarded_text(said: Said) -> None:
    forwarded = message(text={"body": "Look"})
    forwarded[0]["context"] = {"forwarded": True}
    found = await said(messages=forwarded)
    assert found.referral == {"forwarded": True}
    assert found.reply_to is None


async def test_a_tapped_row(read: Read) -> None:
    found = await read("meta-in-interactive-list-reply.json")
    assert found.content == ReplyContent(id="priority_express", title="Priority Mail Express")
    assert found.reply_to == "wamid.HBgLMTQxMjU1NTA4MjkVAgASGBQzQUNCNjk5RDUwNUZGMUZEM0VBRAA="


async def test_a_tapped_button(read: Read) -> None:
    found = await read("meta-in-interactive-button-reply.json")
    assert found.content == ReplyContent(id="cancel-button", title="Cancel")


async def test_a_tapped_button_of_a_template(read: Read) -> None:
    found = await read("meta-in-template-button.json")
    assert found.content == ReplyContent(id="Unsubscribe", title="Unsubscribe")


async def test_an_address_from_the_form(sample: Callable[[str], Any], said: Said) -> None:
    found = await said(**sample("meta-in-address-nfm-reply-fragment.json"))
    assert isinstance(found.content, AddressContent)
    assert found.content.values["city"] == "Mumbai"
    assert found.content.values["in_pin_code"] == "400063"
    assert found.content.values["saved_address_id"] == "address1"


@pytest.mark.parametrize(
    ("response", "values"),
    [
        (
            '{"flow_token":"t","size":42,"gift":true}',
            {"flow_token": "t", "size": "42", "gift": "true"},
        ),
        ("[1,2]", {"response": "[1,2]"}),
        ("sent", {"response": "sent"}),
        ('{"values":"none"}', {"values": "none"}),
    ],
)
async def test_a_filled_form(said: Said, response: str, values: dict[str, str]) -> None:
    reply = {"name": "flow", "body": "Sent", "response_json": response}
    found = await said(messages=message(interactive={"type": "nfm_reply", "nfm_reply": reply}))
    assert found.content == AddressContent(values=values)


async def test_a_picture(read: Read) -> None:
    assert (await read("meta-in-image.json")).content == MediaContent(
        kind="image", ref="1003383421387256", mime_type="image/jpeg", caption="Taj Mahal"
    )


@pytest.mark.parametrize("kind", ["video", "audio", "document", "sticker"])
async def test_other_media(said: Said, kind: str) -> None:
    node = {"id": 99, "mime_type": "x/y", "filename": "a.pdf"}
    found = await said(messages=message(**{kind: node}))
    assert found.content == MediaContent(
        kind=kind,  # type: ignore[arg-type]
        ref="99",
        mime_type="x/y",
        filename="a.pdf",
    )


async def test_a_place(read: Read) -> None:
    assert (await read("meta-in-location.json")).content == LocationContent(
        latitude=37.44221496582,
        longitude=-122.16165924072,
        name="Philz Coffee",
        address="101 Forest Ave, Palo Alto, CA 94301",
    )


async def test_a_contact_card(read: Read) -> None:
    assert (await read("meta-in-contacts.json")).content == ContactContent(
        phones=["+14125550829"], names=["Barbara J. Johnson"], own=False
    )


async def test_the_own_number_on_request(said: Said) -> None:
    card = {"origin": "contact_request", "phones": [{"phone": "+254 700 000 199"}]}
    found = await said(messages=message(contacts=[card]))
    assert found.content == ContactContent(phones=["+254 700 000 199"], names=[], own=True)


async def test_a_cart_filled_in_the_catalog(read: Read) -> None:
    assert (await read("meta-in-order.json")).content == OrderContent(
        items=[OrderItem(sku="di9ozbzfi4", quantity=2), OrderItem(sku="nqryix03ez", quantity=1)],
        text="Love these!",
    )


async def test_lines_of_a_cart_without_a_positive_quantity_are_left_out(said: Said) -> None:
    lines = [{"product_retailer_id": sku, "quantity": n} for sku, n in [("a", -1), ("b", 3)]]
    found = await said(messages=message(order={"product_items": lines}))
    assert found.content == OrderContent(items=[OrderItem(sku="b", quantity=3)])


async def test_a_reaction(read: Read) -> None:
    assert (await read("meta-in-reaction.json")).content == ReactionContent(
        message_ref="wamid.HBgLMTQxMjU1NTA4MjkVAgASGBQzQUNCNjk5RDUwNUZGMUZEM0VBRAA=", emoji="👍"
    )


async def test_a_reaction_taken_back(read: Read) -> None:
    assert (await read("meta-in-reaction-removed.json")).content.emoji == ""


async def test_a_changed_number(read: Read) -> None:
    assert await read("meta-in-system-user-changed-number.json") == IdentityChange(
        old="16505551234",
        new=Sender(identity="12195555358", phone="+12195555358"),
        at=datetime(2025, 6, 18, 17, 55, 42, tzinfo=UTC),
    )


async def test_a_changed_number_with_its_changed_user_id(
    delivered: Callable[[bytes], Awaitable[list[Inbound]]], captured: Callable[[str], bytes]
) -> None:
    body = captured("meta-in-system-user-changed-number.json").replace(
        b'"type": "user_changed_number"',
        b'"type": "user_changed_number", "user_id": "US.2", "previous_user_id": "US.1"',
    )
    changes = await delivered(body)
    assert all(isinstance(change, IdentityChange) for change in changes)
    assert [change.old for change in changes if isinstance(change, IdentityChange)] == [
        "16505551234",
        "US.1",
    ]
    assert {change.new.aliases for change in changes if isinstance(change, IdentityChange)} == {
        ("US.2",)
    }


async def test_a_changed_user_id_of_somebody_without_a_number(said: Said) -> None:
    system = {"type": "user_changed_user_id", "user_id": "KE.2", "previous_user_id": "KE.1"}
    found = await said(messages=message(system=system))
    assert (found.old, found.new) == ("KE.1", Sender(identity="KE.2", country="ke"))


async def test_a_changed_user_id_as_its_own_field(said: Said) -> None:
    update = {"user_id": {"previous": "KE.1", "current": "KE.2"}, "timestamp": "1749416383"}
    found = await said("user_id_update", user_id_update=[update])
    assert (found.old, found.new.identity) == ("KE.1", "KE.2")


async def test_a_changed_phone_of_the_same_person(said: Said) -> None:
    system = {"type": "customer_identity_changed", "body": "Changed", "identity": {"hash": "h"}}
    assert await said(messages=message(system=system)) == Notice(
        kind="customer_identity_changed",
        detail="Changed",
        values={"hash": "h", "identity": "254700000101"},
    )


@pytest.mark.parametrize(
    ("name", "kind"), [("meta-in-unsupported-edit.json", "edit"), ("meta-in-edit.json", "edit")]
)
async def test_an_edit_is_told_but_not_understood(read: Read, name: str, kind: str) -> None:
    assert (await read(name)).content == UnsupportedContent(kind=kind)


async def test_a_message_taken_back(read: Read) -> None:
    original = "wamid.HBgLMTQxMjU1NTA4MjkVAgASGBQzQUNCNjk5RDUwNUZGMUZEM0VBRAA="
    assert await read("meta-in-revoke.json") == Notice(
        kind="message_revoked", detail="", values={"original_message_id": original}
    )


@pytest.mark.parametrize(
    ("node", "content"),
    [
        ({"hologram": {}}, UnsupportedContent(kind="hologram")),
        ({"text": {"body": 7}}, UnsupportedContent(kind="text")),
        ({"image": {}}, UnsupportedContent(kind="image")),
        ({"location": {"latitude": "x"}}, UnsupportedContent(kind="location")),
        ({"order": {"product_items": []}}, UnsupportedContent(kind="order")),
        ({"interactive": {"type": "call_reply"}}, UnsupportedContent(kind="call_reply")),
        ({"unsupported": None}, UnsupportedContent(kind="unsupported")),
    ],
)
async def test_unknown_content(said: Said, node: dict[str, Any], content: Content) -> None:
    assert (await said(messages=message(**node))).content == content


async def test_the_old_opener_is_ignored(said: Said) -> None:
    assert await said(messages=message(request_welcome={})) == Unsupported(kind="request_welcome")


async def test_a_user_id_in_the_place_of_a_number_is_told_by_its_shape(said: Said) -> None:
    odd = message(text={"body": "hi"})
    odd[0]["from"] = BSUID
    assert (await said(messages=odd)).sender == Sender(identity=BSUID, country="us")


async def test_a_message_without_a_time_is_of_now(said: Said) -> None:
    timeless = message(text={"body": "hi"})
    del timeless[0]["timestamp"]
    found = await said(messages=timeless)
    assert found.sent_at == datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


async def test_a_sent_status_with_its_price(read: Read) -> None:
    assert await read("meta-status-sent-v23-conversation.json") == StatusChange(
        ref="wamid.HBgLMTY1MDM4Nzk0MzkVAgASGBQzQUFERjg0NDEzNDdFODU3MUMxMAA=",
        status="sent",
        at=datetime(2025, 6, 15, 23, 27, 53, tzinfo=UTC),
        identity="16505551234",
        pricing={
            "billable": True,
            "pricing_model": "PMP",
            "type": "regular",
            "category": "marketing",
        },
    )


async def test_a_status_of_a_newer_version(read: Read) -> None:
    found = await read("meta-status-read-v24.json")
    assert (found.status, found.pricing) == ("sent", None)


async def test_a_delivered_status_by_user_id(read: Read) -> None:
    found = await read("meta-bsuid-status-delivered-no-phone.json")
    assert (found.status, found.identity) == ("delivered", BSUID)


async def test_a_delivered_status_by_both_names(read: Read) -> None:
    found = await read("meta-bsuid-status-delivered-phone-and-bsuid.json")
    assert (found.status, found.identity) == ("delivered", "16505551234")


@pytest.mark.parametrize(
    "name", ["meta-bsuid-status-failed-no-contacts.json", "meta-status-failed-131049.json"]
)
async def test_a_failed_status_comes_without_contacts(read: Read, name: str) -> None:
    found = await read(name)
    assert (found.status, found.identity) == ("failed", "16505551234")
    assert found.error == DeliveryError(
        code="131049",
        detail="In order to maintain a healthy ecosystem engagement, the message failed to be "
        "delivered.",
        meaning="permanent_failure",
    )


async def test_our_own_id_comes_back_with_a_status(said: Said) -> None:
    ours = UUID("018f0000-0000-7000-8000-000000000001")
    status = {"id": "wamid.1", "status": "played", "biz_opaque_callback_data": str(ours)}
    found = await said(statuses=[status])
    assert (found.message_id, found.status) == (ours, "read")


async def test_an_unknown_status_is_ignored(said: Said) -> None:
    found = await said(statuses=[{"id": "wamid.1", "status": "warning"}])
    assert found == Unsupported(kind="status:warning")


async def test_an_error_without_a_message(read: Read) -> None:
    found = await read("meta-value-errors-130429.json")
    assert (found.kind, found.values) == ("error", {"code": "130429", "meaning": "retry"})


async def test_marketing_is_welcome_again(read: Read) -> None:
    assert await read("meta-user-preferences-resume.json") == ConsentChange(
        identity="16505551234",
        category="marketing",
        allowed=True,
        at=datetime(2024, 11, 15, 21, 22, 1, tzinfo=UTC),
    )


async def test_marketing_is_refused(said: Said) -> None:
    choice = {"user_id": BSUID, "category": "marketing_messages", "value": "stop"}
    found = await said("user_preferences", user_preferences=[choice])
    assert (found.identity, found.allowed) == (BSUID, False)


async def test_staff_answered_from_the_phone_app(read: Read) -> None:
    found = await read("meta-smb-message-echo.json")
    assert isinstance(found, Echo)
    assert found.recipient == "16505551234"
    assert isinstance(found.content, TextContent)


@pytest.mark.parametrize(
    ("name", "kind", "detail"),
    [
        (
            "meta-template-status-approved.json",
            "template_status",
            "order_confirmation (en_US): APPROVED",
        ),
        (
            "meta-template-status-rejected.json",
            "template_status",
            (
                "abandoned_cart (en): REJECTED, Your template has parameters placed next to each "
                "other (like {{1}}{{2}}) without text or punctuation between them."
            ),
        ),
        (
            "meta-template-quality-update.json",
            "template_quality",
            "welcome_template (en_US): YELLOW",
        ),
        (
            "meta-template-category-impending.json",
            "template_category",
            "welcome_template (en_US): MARKETING",
        ),
        (
            "meta-template-category-done.json",
            "template_category",
            "welcome_template (en_US): MARKETING",
        ),
        ("meta-phone-number-quality-update.json", "number_quality", "THROUGHPUT_UPGRADE"),
        ("meta-business-capability-update.json", "account_limits", "business_capability_update"),
    ],
)
async def test_news_of_the_account(
    captured: Callable[[str], bytes],
    delivered: Callable[[bytes], Awaitable[list[Inbound]]],
    name: str,
    kind: str,
    detail: str,
) -> None:
    body = captured(name).replace(b"524126980791429", b"102290129340398")
    (found,) = await delivered(body)
    assert isinstance(found, Notice)
    assert (found.kind, found.detail) == (kind, detail)


async def test_an_alert_tells_what_it_is_about(read: Read) -> None:
    found = await read("meta-account-alerts.json")
    assert found.kind == "account_alert"
    assert found.detail.startswith("Limits cannot be increased for your business")


async def test_template_news_has_values_without_meta_s_names(read: Read) -> None:
    found = await read("meta-template-category-impending.json")
    assert found.values == {
        "template_id": "278077987957091",
        "name": "welcome_template",
        "language": "en_US",
        "category": "UTILITY",
        "next_category": "MARKETING",
        "next_category_at": "1746169200",
    }


async def test_an_unknown_field_is_kept(said: Said) -> None:
    assert await said("calls", calls=[{"id": "1"}]) == Unsupported(kind="calls")
