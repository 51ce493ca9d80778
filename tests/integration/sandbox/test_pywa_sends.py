"""pywa, written by others against Meta's own API, talks to the sandbox as if it were Meta."""

import importlib
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, cast

import httpx
import pytest
from pywa.errors import (
    InvalidParameter,
    ReEngagementMessage,
    TemplateNotExists,
    TemplateParamCountMismatch,
    TooManyMessages,
    WhatsAppError,
)

from tests.integration.sandbox.world import (
    APP_SECRET,
    PHONE_NUMBER_ID,
    SHOPPER,
    TOKEN,
    WABA_ID,
    World,
    open_world,
)

# pywa's annotations do not pass strict checks (unexported names, handlers without self).
pywa_async: Any = importlib.import_module("pywa_async")
kinds: Any = importlib.import_module("pywa_async.types")
t: Any = importlib.import_module("pywa_async.types.templates")

PICTURE = "https://shop.test/tea.png"
LIST = kinds.SectionList(
    "Open", [kinds.Section("Teas", [kinds.SectionRow("Black", "tea-1", "250 g")])]
)
BODY = t.BodyText("Hi {{name}}, order {{order}} is sent.", name="Ann", order="42")
THANKS = t.QuickReplyButton(text="Thanks")
TRACK = t.URLButton(text="Track", url="https://shop.test/{{1}}", example="42")
TEMPLATE = t.Template(
    name="order_sent",
    language=t.TemplateLanguage.ENGLISH_US,
    category=t.TemplateCategory.UTILITY,
    parameter_format=t.ParamFormat.NAMED,
    components=[BODY, t.FooterText(text="Lucky Shrub"), t.Buttons(buttons=[THANKS, TRACK])],
)
FILLED = [
    BODY.params(name="Ann", order="42"),
    THANKS.params(callback_data="THANKS:42", index=0),
    TRACK.params(url_variable="42", index=1),
]

type_send = Callable[[Any, str], Coroutine[Any, Any, Any]]

SENDS: dict[str, type_send] = {
    "text": lambda pywa, _: pywa.send_message(SHOPPER, "Hello", preview_url=True, tracker="out:1"),
    "answer": lambda pywa, asked: pywa.send_message(SHOPPER, "Yes", reply_to_message_id=asked),
    "image": lambda pywa, _: pywa.send_image(SHOPPER, PICTURE, caption="Tea"),
    "uploaded image": lambda pywa, _: pywa.send_image(SHOPPER, b"picture", mime_type="image/png"),
    "document": lambda pywa, _: pywa.send_document(SHOPPER, PICTURE, filename="bill.pdf"),
    "video": lambda pywa, _: pywa.send_video(SHOPPER, PICTURE, caption="Tea"),
    "audio": lambda pywa, _: pywa.send_audio(SHOPPER, PICTURE),
    "voice": lambda pywa, _: pywa.send_voice(SHOPPER, PICTURE),
    "sticker": lambda pywa, _: pywa.send_sticker(SHOPPER, PICTURE),
    "reply buttons": lambda pywa, _: pywa.send_message(
        SHOPPER, "Sure?", header="Order", footer="42", buttons=[kinds.Button("Yes", "y")]
    ),
    "card": lambda pywa, _: pywa.send_image(
        SHOPPER, PICTURE, caption="Tea", buttons=[kinds.Button("Add to cart", "add")]
    ),
    "list": lambda pywa, _: pywa.send_message(SHOPPER, "Choose", header="Tea", buttons=LIST),
    "link button": lambda pywa, _: pywa.send_message(
        SHOPPER, "Pay here", buttons=kinds.URLButton("Pay now", "https://shop.test/pay")
    ),
    "reaction": lambda pywa, asked: pywa.send_reaction(SHOPPER, "👍", asked),
    "removed reaction": lambda pywa, asked: pywa.remove_reaction(SHOPPER, asked),
    "location": lambda pywa, _: pywa.send_location(SHOPPER, -1.28, 36.8, "Shop", "Nairobi"),
    "location request": lambda pywa, _: pywa.request_location(SHOPPER, "Where to?"),
    "contact request": lambda pywa, _: pywa.request_contact_info(SHOPPER, "Your number?"),
    "contact": lambda pywa, _: pywa.send_contact(
        SHOPPER, kinds.Contact(name=kinds.Contact.Name(formatted_name="Shop", first_name="Shop"))
    ),
    "catalog": lambda pywa, _: pywa.send_catalog(SHOPPER, "Our teas", thumbnail_product_sku="1"),
    "product": lambda pywa, _: pywa.send_product(SHOPPER, "1", "TEA-250", "Tea", "42"),
    "products": lambda pywa, _: pywa.send_products(
        SHOPPER, "1", [kinds.ProductsSection("Teas", ["TEA-250", "TEA-500"])], "Teas", "Choose"
    ),
}


@pytest.fixture
async def pywa(world: World) -> AsyncIterator[Any]:
    session, client = client_of(world)
    yield client
    await session.aclose()


def client_of(world: World) -> tuple[httpx.AsyncClient, Any]:
    """A pywa client for the sandbox; pywa sets the address of Meta itself, so ours comes after."""
    session = httpx.AsyncClient(transport=httpx.ASGITransport(app=cast("Any", world.app)))
    client = pywa_async.WhatsApp(
        phone_id=PHONE_NUMBER_ID,
        token=TOKEN,
        session=session,
        waba_id=WABA_ID,
        app_secret=APP_SECRET,
        verify_token="verify-me",
        server=None,
    )
    session.base_url = httpx.URL("http://sandbox.test/v26.0")
    return session, client


@pytest.mark.parametrize("kind", SENDS)
async def test_what_pywa_sends_is_accepted_and_delivered(
    world: World, pywa: Any, kind: str
) -> None:
    await world.inbound(text="Hi")
    sent = await SENDS[kind](pywa, world.business.messages[0]["id"])
    await world.settle()
    assert [(s["id"], s["status"]) for s in world.business.statuses] == [
        (sent.id, "sent"),
        (sent.id, "delivered"),
    ]
    assert len(await world.received()) == 1


async def test_pywa_writes_to_a_user_id(world: World, pywa: Any) -> None:
    await pywa.send_message("US.134", "Hello")
    assert (await world.received("US.134"))[0]["recipient"] == "US.134"


async def test_pywa_creates_a_template_and_sends_it(world: World, pywa: Any) -> None:
    created = await pywa.create_template(TEMPLATE)
    await world.settle()
    listed = {template.name: template for template in await pywa.get_templates()}
    assert listed["order_sent"].id == created.id
    await pywa.send_template(SHOPPER, "order_sent", t.TemplateLanguage.ENGLISH_US, FILLED)
    await world.settle()
    assert world.business.statuses[-1]["status"] == "delivered"


async def test_pywa_marks_as_read_and_types(world: World, pywa: Any) -> None:
    await world.inbound(text="Hi")
    wamid = world.business.messages[0]["id"]
    assert (await pywa.mark_message_as_read(wamid)).success
    assert (await pywa.indicate_typing(wamid)).success


async def test_pywa_reads_numbers_profile_and_media(world: World, pywa: Any) -> None:
    assert (await pywa.get_business_phone_number()).verified_name == "Lucky Shrub"
    assert [number.id for number in await pywa.get_business_phone_numbers()] == [PHONE_NUMBER_ID]
    await pywa.update_business_profile(about="Plants")
    assert (await pywa.get_business_profile()).about == "Plants"
    media = await pywa.upload_media(b"picture", "image/png", "tea.png")
    assert await media.get_bytes() == b"picture"
    assert (await pywa.delete_media(media.id)).success


async def test_pywa_moves_the_callback(world: World, pywa: Any) -> None:
    await pywa.override_waba_callback_url("http://waba.test/hook", "verify-me")
    await pywa.override_phone_callback_url("http://phone.test/hook", "verify-me")
    await world.inbound(text="Hi")
    await pywa.delete_phone_callback_url()
    await world.inbound(text="Hi")
    assert [r.url.host for r in world.business.requests] == ["phone.test", "waba.test"]


REFUSALS: dict[str, tuple[type_send, type[WhatsAppError], int]] = {
    "too long": (lambda pywa, _: pywa.send_message(SHOPPER, "x" * 4097), WhatsAppError, 100),
    "bad label": (
        lambda pywa, _: pywa.send_message(SHOPPER, "x", buttons=[kinds.Button("x" * 21, "1")]),
        InvalidParameter,
        131009,
    ),
    "unknown template": (
        lambda pywa, _: pywa.send_template(SHOPPER, "unknown", t.TemplateLanguage.ENGLISH_US, []),
        TemplateNotExists,
        132001,
    ),
    "too few parameters": (
        lambda pywa, _: pywa.send_template(
            SHOPPER, "order_update", t.TemplateLanguage.ENGLISH_US, []
        ),
        TemplateParamCountMismatch,
        132000,
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
async def test_pywa_understands_refusals(world: World, pywa: Any, case: str) -> None:
    send, error, code = REFUSALS[case]
    with pytest.raises(error) as refused:
        await send(pywa, "")
    assert refused.value.code == code


async def test_pywa_understands_rate_and_window_errors() -> None:
    async with open_world(pair_burst=1, delivery_errors_synchronous=True) as world:
        session, pywa = client_of(world)
        with pytest.raises(ReEngagementMessage):
            await pywa.send_message(SHOPPER, "Hello")
        with pytest.raises(TooManyMessages):
            await pywa.send_message(SHOPPER, "Hello")
        await session.aclose()


async def test_pywa_reads_what_the_sandbox_sends(world: World, pywa: Any) -> None:
    seen: list[Any] = []

    async def note(_: Any, update: Any) -> None:
        seen.append(update)

    pywa.on_message()(note)
    pywa.on_callback_button()(note)
    pywa.on_callback_selection()(note)
    pywa.on_message_status()(note)

    await world.inbound(text="café 👍")
    await _tap(world, await SENDS["list"](pywa, ""), "list_reply", "tea-1")
    await _tap(world, await SENDS["reply buttons"](pywa, ""), "button_reply", "y")
    await world.settle()
    for request in world.business.requests:
        header = request.headers["X-Hub-Signature-256"]
        assert await pywa.webhook_update_validator(request.content, header) is None
        assert await pywa.webhook_update_handler(request.content) == ("ok", 200)
    text, selection, button = (
        next(x for x in seen if isinstance(x, kind))
        for kind in (kinds.Message, kinds.CallbackSelection, kinds.CallbackButton)
    )
    assert (text.text, selection.data, button.data) == ("café 👍", "tea-1", "y")
    assert sum(isinstance(x, kinds.MessageStatus) for x in seen) == 4


async def _tap(world: World, sent: Any, kind: str, option_id: str) -> None:
    tap = {"account": PHONE_NUMBER_ID, "shopper": SHOPPER, "message_id": sent.id}
    answer = await world.client.post("/phone/tap", json={**tap, "kind": kind, "id": option_id})
    assert answer.json() == {"status": 200}
