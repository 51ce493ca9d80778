"""The phone page: what it shows, and what tapping and typing send."""

from typing import Any

import pytest

from tests.integration.sandbox.world import FIRST, PHONE_NUMBER_ID, SHOPPER, World, signature
from tradewind_sandbox.whatsapp.markup import chat_text

LIST = {
    "type": "list",
    "body": {"text": "Choose"},
    "action": {
        "button": "Open",
        "sections": [
            {
                "title": "Teas",
                "rows": [
                    {"id": "tea-1", "title": "Black tea", "description": "250 g"},
                    {"id": "tea-2", "title": "Green tea"},
                ],
            }
        ],
    },
}
CARD = {
    "type": "button",
    "header": {"type": "image", "image": {"link": "https://shop.test/tea.png?a=1&b=2"}},
    "body": {"text": "Black *tea*"},
    "footer": {"text": "In stock"},
    "action": {"buttons": [{"type": "reply", "reply": {"id": "add", "title": "Add to cart"}}]},
}


async def thread(world: World, after: int = 0, **params: str) -> dict[str, Any]:
    query = {"account": PHONE_NUMBER_ID, "shopper": SHOPPER, "after": str(after), **params}
    answer = await world.client.get("/phone/thread", params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def post(world: World, path: str, **fields: str) -> Any:
    body = {"account": PHONE_NUMBER_ID, "shopper": SHOPPER, **fields}
    return await world.client.post(f"/phone/{path}", json=body)


async def asked(world: World, interactive: dict[str, Any]) -> str:
    """Let the business send something interactive; its message id."""
    await world.inbound(text="Hi")
    answer = await world.send(type="interactive", interactive=interactive)
    wamid: str = answer.json()["messages"][0]["id"]
    await world.settle()
    return wamid


async def test_the_page_offers_every_store_and_the_prepared_shoppers(world: World) -> None:
    page = await world.client.get("/phone")
    assert page.status_code == 200
    for shown in ("Lucky Shrub", "Second Shrub", "Amina", "Zoë", 'role="log"'):
        assert shown in page.text
    for test_id in ("account", "shopper", "composer", "send", "thread"):
        assert f'data-testid="{test_id}"' in page.text
    assert "script-src" in page.headers["Content-Security-Policy"] or (
        "default-src 'self'" in page.headers["Content-Security-Policy"]
    )


async def test_a_typed_number_is_the_shopper(world: World) -> None:
    page = await world.client.get("/phone", params={"other": "+254 711 111 111"})
    assert 'data-shopper="254711111111"' in page.text
    assert (await world.client.get("/phone", params={"other": "12"})).status_code == 400


@pytest.mark.parametrize("name", ["phone.css", "phone.js", "icon.svg"])
async def test_the_files_of_the_page_are_served(world: World, name: str) -> None:
    assert (await world.client.get(f"/phone/static/{name}")).status_code == 200


async def test_typing_sends_a_signed_text(world: World) -> None:
    assert (await post(world, "send", text="  Hi ")).json() == {"status": 200}
    assert world.business.messages[0]["text"] == {"body": "Hi"}
    assert world.business.messages[0]["from"] == SHOPPER
    request = world.business.requests[0]
    assert request.headers["X-Hub-Signature-256"] == signature(request.content)
    assert (await post(world, "send", text=" ")).status_code == 400


async def test_tapping_a_row_sends_its_reply_in_context(world: World) -> None:
    wamid = await asked(world, LIST)
    await post(world, "tap", message_id=wamid, kind="list_reply", id="tea-1")
    message = world.business.messages[-1]
    assert message["context"] == {"from": "15550783881", "id": wamid}
    reply = {"id": "tea-1", "title": "Black tea", "description": "250 g"}
    assert message["interactive"] == {"type": "list_reply", "list_reply": reply}


async def test_tapping_a_button_sends_its_reply_in_context(world: World) -> None:
    wamid = await asked(world, CARD)
    await post(world, "tap", message_id=wamid, kind="button_reply", id="add")
    message = world.business.messages[-1]
    assert message["context"] == {"from": "15550783881", "id": wamid}
    reply = {"id": "add", "title": "Add to cart"}
    assert message["interactive"] == {"type": "button_reply", "button_reply": reply}


async def test_what_the_message_does_not_offer_cannot_be_tapped(world: World) -> None:
    wamid = await asked(world, CARD)
    missing = await post(world, "tap", message_id=wamid, kind="button_reply", id="remove")
    assert missing.status_code == 404
    other = await post(
        world, "tap", message_id=wamid, kind="button_reply", id="add", shopper="254700000101"
    )
    assert other.status_code == 404
    assert len(world.business.messages) == 1


async def test_sharing_the_location_answers_its_request(world: World) -> None:
    request = {
        "type": "location_request_message",
        "body": {"text": "Where to?"},
        "action": {"name": "send_location"},
    }
    wamid = await asked(world, request)
    await post(world, "tap", message_id=wamid, kind="location", id="send_location")
    message = world.business.messages[-1]
    assert message["type"] == "location"
    assert message["location"].keys() >= {"latitude", "longitude"}
    assert message["context"]["id"] == wamid


async def test_tapping_a_templates_button_sends_its_payload(world: World) -> None:
    components = [
        {"type": "body", "parameters": [{"type": "text", "text": t} for t in ("Ann", "42")]},
        {
            "type": "button",
            "sub_type": "quick_reply",
            "index": 0,
            "parameters": [{"type": "payload", "payload": "THANKS:42"}],
        },
        {
            "type": "button",
            "sub_type": "url",
            "index": 1,
            "parameters": [{"type": "text", "text": "42"}],
        },
    ]
    template = {"name": "order_update", "language": {"code": "en_US"}, "components": components}
    answer = await world.send(type="template", template=template)
    wamid = answer.json()["messages"][0]["id"]
    html = (await thread(world))["messages"][0]["html"]
    assert "Hi Ann, your order 42 is on its way." in html
    assert 'href="https://shop.test/orders/42"' in html
    await post(world, "tap", message_id=wamid, kind="quick_reply", id="THANKS:42")
    assert world.business.messages[-1]["button"] == {"payload": "THANKS:42", "text": "Thanks"}


async def test_a_card_shows_image_text_and_buttons(world: World) -> None:
    await asked(world, CARD)
    html = (await thread(world))["messages"][-1]["html"]
    assert 'src="https://shop.test/tea.png?a=1&amp;b=2"' in html
    assert "Black <strong>tea</strong>" in html
    assert "In stock" in html
    assert 'data-testid="message-button"' in html


async def test_a_list_shows_its_rows(world: World) -> None:
    await asked(world, LIST)
    html = (await thread(world))["messages"][-1]["html"]
    assert html.count('data-testid="message-row"') == 2
    assert 'data-testid="open-list"' in html


async def test_a_link_button_leads_to_its_address(world: World) -> None:
    parameters = {"display_text": "Pay now", "url": "https://shop.test/pay"}
    action = {"name": "cta_url", "parameters": parameters}
    await asked(world, {"type": "cta_url", "body": {"text": "Pay"}, "action": action})
    html = (await thread(world))["messages"][-1]["html"]
    assert 'href="https://shop.test/pay"' in html
    assert 'data-testid="message-link"' in html


async def test_uploaded_pictures_are_shown(world: World) -> None:
    upload = await world.graph(
        "POST",
        f"{PHONE_NUMBER_ID}/media",
        data={"messaging_product": "whatsapp", "type": "image/png"},
        files={"file": ("tea.png", b"picture", "image/png")},
    )
    media_id = upload.json()["id"]
    await world.inbound(text="Hi")
    await world.send(type="image", image={"id": media_id, "caption": "Tea"})
    assert f'src="/phone/media/{media_id}"' in (await thread(world))["messages"][-1]["html"]
    assert (await world.client.get(f"/phone/media/{media_id}")).content == b"picture"


async def test_nothing_a_message_says_becomes_markup(world: World) -> None:
    attack = '<script>alert(1)</script><img src=x onerror="alert(2)">'
    await world.inbound(text=attack)
    await world.send_text(attack)
    await world.send(
        type="interactive",
        interactive={
            **CARD,
            "header": {"type": "image", "image": {"link": 'http://x/"onerror="alert(1)'}},
            "body": {"text": attack},
            "action": {"buttons": [{"type": "reply", "reply": {"id": '"><b', "title": "<b>x"}}]},
        },
    )
    for message in (await thread(world))["messages"]:
        assert "<script" not in message["html"]
        assert "<img src=x" not in message["html"]
        assert '"onerror=' not in message["html"]
        assert "<b>x" not in message["html"]


async def test_only_what_changed_is_sent_again(world: World) -> None:
    await world.inbound(text="Hi")
    first = await thread(world)
    assert (await thread(world, after=first["revision"]))["messages"] == []
    receipt = {
        "messaging_product": "whatsapp",
        "status": "read",
        "message_id": world.business.messages[0]["id"],
        "typing_indicator": {"type": "text"},
    }
    await world.graph("POST", f"{PHONE_NUMBER_ID}/messages", json=receipt)
    second = await thread(world, after=first["revision"])
    assert 'class="tick read"' in second["messages"][0]["html"]
    assert second["typing"] is True
    await world.send_text()
    assert (await thread(world))["typing"] is False


async def test_typing_ends_after_25_seconds(world: World) -> None:
    await world.inbound(text="Hi")
    receipt = {
        "messaging_product": "whatsapp",
        "status": "read",
        "message_id": world.business.messages[0]["id"],
        "typing_indicator": {"type": "text"},
    }
    await world.graph("POST", f"{PHONE_NUMBER_ID}/messages", json=receipt)
    world.clock.advance(25)
    assert (await thread(world))["typing"] is False


async def test_a_webhook_that_was_not_accepted_leaves_one_tick(world: World) -> None:
    world.business.answers = [500] * 9
    await world.inbound(text="Hi")
    assert 'class="tick sent"' in (await thread(world))["messages"][0]["html"]


async def test_looking_at_the_thread_reads_what_was_delivered(world: World) -> None:
    await world.inbound(text="Hi")
    await world.send_text()
    await world.settle()
    await thread(world)
    await thread(world)
    await world.settle()
    statuses = [status["status"] for status in world.business.statuses]
    assert statuses == ["sent", "delivered", "read"]


async def test_looking_before_delivery_reads_after_it(world: World) -> None:
    await world.inbound(text="Hi")
    await world.send_text()
    await thread(world)
    await world.settle()
    statuses = [status["status"] for status in world.business.statuses]
    assert statuses == ["sent", "delivered", "read"]


async def test_an_undelivered_message_says_why_and_offers_nothing(world: World) -> None:
    await world.send(type="interactive", interactive=CARD)
    html = (await thread(world))["messages"][0]["html"]
    assert "Re-engagement message (131047)" in html
    assert "data-tap" not in html


async def test_a_shopper_without_number_writes_under_the_user_id(world: World) -> None:
    zoe = "KE.20260000000000000104"
    body = {"account": FIRST.phone_number_id, "shopper": zoe, "text": "Hi"}
    await world.client.post("/phone/send", json=body)
    message = world.business.messages[0]
    assert message["from_user_id"] == zoe
    assert "from" not in message
    assert world.business.values[0]["contacts"][0]["profile"]["username"] == "@zoe.shops"


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("*a* _b_ ~c~", "<strong>a</strong> <em>b</em> <s>c</s>"),
        ("```x < *y*```", "<code>x &lt; *y*</code>"),
        ("2*3*4 snake_case_name", "2*3*4 snake_case_name"),
        ("*bold _both_*", "<strong>bold <em>both</em></strong>"),
        (
            "See https://a.test/?b=1&c=2.",
            (
                'See <a href="https://a.test/?b=1&amp;c=2" target="_blank"'
                ' rel="noopener noreferrer">https://a.test/?b=1&amp;c=2</a>.'
            ),
        ),
        ("javascript:alert(1)", "javascript:alert(1)"),
    ],
)
def test_text_marks_become_elements(text: str, html: str) -> None:
    assert chat_text(text) == html
