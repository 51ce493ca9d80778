"""The conformance kit: our plugins and somebody else's pass it, and each of its rules bites."""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.support.thirdparty.broken import Nonsense
from tests.support.thirdparty.pager import (
    SIGNATURE,
    Network,
    Pager,
    PagerSettings,
    signature,
)
from tests.support.thirdparty.till import Book, Till, TillSettings
from tradewind import (
    Accepted,
    Capabilities,
    Fact,
    Inbound,
    InboundMessage,
    Item,
    Method,
    Money,
    NoSettings,
    PaymentCapabilities,
    PaymentResult,
    Sender,
    TextContent,
)
from tradewind.testing.conformance import Finding, Payments, check_channel, check_provider
from tradewind.testing.conformance.bodies import odd_bodies
from tradewind.testing.context import BareContext, NotHere
from tradewind_email import EmailChannel, EmailSettings
from tradewind_manual import ManualProvider, ManualSettings
from tradewind_whatsapp import WhatsApp, WhatsAppSettings

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
META_SECRET, KEY = "secret-of-the-meta-app", "key-of-the-line"
NUMBER = "106540352242922"
PAGER = PagerSettings(line="4455", signing_key=KEY)
TILL = TillSettings(till_number="5566", passkey="key-of-the-till")
PHONE = {"phone": "+254700000101"}
WHATSAPP = WhatsAppSettings(
    phone_number_id=NUMBER,
    access_token="token",
    app_secret=META_SECRET,
    verify_token="word",
    waba_id="102290129340398",
)


def meta_deliveries() -> list[bytes]:
    paths = sorted((ROOT / "plugins/whatsapp/fixtures").glob("meta-*.json"))
    bodies = [path.read_bytes() for path in paths]
    return [body for body in bodies if b"phone_number_id" in body and b'"entry"' in body]


def sign_as_meta(body: bytes) -> Mapping[str, str]:
    made = hmac.new(META_SECRET.encode(), body, hashlib.sha256).hexdigest()
    return {"x-hub-signature-256": f"sha256={made}"}


def sign_as_pager(body: bytes) -> Mapping[str, str]:
    return {SIGNATURE: signature(body, KEY)}


def pages(*found: Any) -> bytes:
    return msgspec.json.encode({"line": PAGER.line, "pages": found})


PAGE = {"kind": "page", "id": "1", "subscriber": "77", "text": "hi", "at": NOW}
RECEIPT = {
    "kind": "receipt",
    "id": "2",
    "subscriber": "77",
    "page": "p-1",
    "status": "delivered",
    "at": NOW,
}
PAGES = [pages(PAGE), pages(PAGE | {"id": "3"}, RECEIPT)]


def rules(findings: Sequence[Finding]) -> set[str]:
    return {one.rule for one in findings}


# --- they pass -----------------------------------------------------------------------------------


async def test_whatsapp_conforms() -> None:
    deliveries = meta_deliveries()
    assert len(deliveries) > 10
    found = await check_channel(WhatsApp(), WHATSAPP, deliveries=deliveries, sign=sign_as_meta)
    assert not found


async def test_a_channel_of_somebody_else_conforms() -> None:
    found = await check_channel(Pager(Network()), PAGER, deliveries=PAGES, sign=sign_as_pager)
    assert not found


async def test_e_mail_conforms() -> None:
    settings = EmailSettings(host="mail.example", sender="orders@shop.example")
    assert not await check_channel(EmailChannel(), settings)


@pytest.mark.parametrize("details", ["", "Account 0123456789"])
async def test_manual_payments_conform(details: str) -> None:
    assert not await check_provider(ManualProvider(), ManualSettings(bank_details=details))


async def test_a_provider_of_somebody_else_conforms_and_brings_every_amount_exactly() -> None:
    book = Book()
    paid: list[str] = []

    async def pay(operation_id: str) -> None:
        paid.append(operation_id)
        book.decide(operation_id, "approved", NOW)

    found = await check_provider(Till(book), TILL, payments=Payments(inputs=PHONE, pay=pay))
    assert not found
    assert len(paid) == len(book.requests) == 6


# --- channels that do not ------------------------------------------------------------------------


async def pager_findings(pager: Pager) -> set[str]:
    found = await check_channel(pager, PAGER, deliveries=PAGES, sign=sign_as_pager)
    return rules(found)


async def test_a_channel_that_believes_anybody_is_found() -> None:
    class Trusting(Pager):
        async def accept(self, request: Any, directory: Any) -> Any:
            headers = sign_as_pager(request.body)
            return await super().accept(
                msgspec.structs.replace(request, headers=headers), directory
            )

    assert await pager_findings(Trusting(Network())) == {"forged"}


async def test_a_channel_whose_keys_change_from_time_to_time_is_found() -> None:
    class Forgetful(Pager):
        calls = 0

        async def accept(self, request: Any, directory: Any) -> Any:
            Forgetful.calls += 1
            decision = await super().accept(request, directory)
            if not isinstance(decision, Accepted):
                return decision
            return Accepted(
                items=[
                    msgspec.structs.replace(one, dedupe_key=f"{Forgetful.calls}:{one.dedupe_key}")
                    for one in decision.items
                ]
            )

    assert await pager_findings(Forgetful(Network())) == {"duplicates"}


@pytest.mark.parametrize(
    "change",
    [{"dedupe_key": ""}, {"lane": ""}, {"address": ""}, {"dedupe_key": "always the same"}],
    ids=str,
)
async def test_items_that_cannot_be_told_apart_or_belong_to_nobody_are_found(
    change: dict[str, str],
) -> None:
    class Careless(Pager):
        async def accept(self, request: Any, directory: Any) -> Any:
            decision = await super().accept(request, directory)
            if not isinstance(decision, Accepted):
                return decision
            items = [msgspec.structs.replace(one, **change) for one in decision.items]
            return Accepted(items=items)

    assert await pager_findings(Careless(Network())) == {"items"}


async def test_a_channel_that_trips_over_what_it_does_not_know_is_found() -> None:
    class Strict(Pager):
        async def receive(self, item: Item, context: Any) -> Sequence[Inbound]:
            json.loads(item.body)["kind"].upper()
            return await super().receive(item, context)

    assert await pager_findings(Strict(Network())) == {"unknown"}


@pytest.mark.parametrize(
    "message",
    [
        InboundMessage(
            sender=Sender(identity=""), ref="1", sent_at=NOW, content=TextContent(text="x")
        ),
        InboundMessage(
            sender=Sender(identity="77"),
            ref="1",
            sent_at=NOW.replace(tzinfo=None),
            content=TextContent(text="x"),
        ),
        InboundMessage(
            sender=Sender(identity="77"),
            ref="1",
            sent_at=NOW,
            content=TextContent(text=7),  # type: ignore[arg-type]
        ),
    ],
    ids=["from nobody", "without a time zone", "of the wrong type"],
)
async def test_a_channel_that_means_nonsense_is_found(message: InboundMessage) -> None:
    class Confused(Pager):
        async def receive(self, item: Item, context: Any) -> Sequence[Inbound]:
            return [message]

    assert await pager_findings(Confused(Network())) == {"meaning"}


@pytest.mark.parametrize(
    "wrong",
    [
        Capabilities(text_length=0),
        Capabilities(buttons=-1),
        Capabilities(buttons=3, button_title_length=0),
        Capabilities(menu_rows=10, row_title_length=0),
        Capabilities(card_images=True),
        Capabilities(media=frozenset({"hologram"})),
        Capabilities(addresses=frozenset({"KE"})),
        Capabilities(messages_per_second=0),
        Capabilities(reply_window=timedelta(0)),
        Capabilities(text_length="long"),  # type: ignore[arg-type]
    ],
)
async def test_capabilities_that_cannot_be_are_found(wrong: Capabilities) -> None:
    pager = Pager(Network())
    pager.capabilities = wrong
    assert await pager_findings(pager) == {"capabilities"}


@pytest.mark.parametrize("answer", [None, "ok", [None]], ids=repr)
async def test_a_channel_that_talks_nonsense_is_found(answer: Any) -> None:
    nonsense: Any = Nonsense("nonsense", answer, Capabilities())
    found = await check_channel(nonsense, NoSettings(), deliveries=[b"{}"], sign=lambda _: {})
    assert rules(found) == {"genuine", "duplicates", "forged", "unknown"}


async def test_a_channel_that_hears_cannot_be_checked_without_a_signature() -> None:
    assert rules(await check_channel(Pager(Network()), PAGER)) == {"genuine"}


# --- providers that do not -----------------------------------------------------------------------


class Flawed(Till):
    """A till whose results are passed through `change`."""

    def __init__(self, change: Any) -> None:
        self.book = Book()
        self.change = change
        super().__init__(self.book)

    async def start(self, context: Any, payment: Any) -> PaymentResult:
        result: PaymentResult = self.change(await super().start(context, payment))
        return result

    async def fetch(self, context: Any, operation_id: Any, provider_ref: Any) -> PaymentResult:
        result: PaymentResult = self.change(
            await super().fetch(context, operation_id, provider_ref)
        )
        return result


async def till_findings(till: Till, book: Book) -> set[str]:
    async def pay(operation_id: str) -> None:
        book.decide(operation_id, "approved", NOW)

    return rules(await check_provider(till, TILL, payments=Payments(inputs=PHONE, pay=pay)))


def captured(amount: int, currency: str) -> Any:
    def change(result: PaymentResult) -> PaymentResult:
        money = Money(amount, currency)
        fact = Fact(kind="capture", object_id="1", status="succeeded", amount=money, at=NOW)
        return msgspec.structs.replace(result, facts=[fact] if result.facts else [])

    return change


@pytest.mark.parametrize(
    "change",
    [
        captured(1, "KES"),
        captured(10**12, "KES"),
        captured(10_000, "EUR"),
        lambda result: msgspec.structs.replace(result, trusted=False),
        lambda result: msgspec.structs.replace(result, status="wonderful"),
        lambda _result: None,
    ],
    ids=["a part", "too much", "another currency", "untrusted", "a strange status", "nothing"],
)
async def test_a_provider_that_does_not_bring_exactly_what_was_asked_is_found(change: Any) -> None:
    till = Flawed(change)
    assert "money" in await till_findings(till, till.book)


async def test_a_provider_that_starts_anew_on_every_repetition_is_found() -> None:
    book = Book()

    class Forgetful(Till):
        async def start(self, context: Any, payment: Any) -> PaymentResult:
            result = await super().start(context, payment)
            ref = f"{result.provider_ref}-{len(book.asked)}"
            book.asked.append(ref)
            return msgspec.structs.replace(result, provider_ref=ref)

    assert "repetition" in await till_findings(Forgetful(book), book)


@pytest.mark.parametrize(
    "wrong",
    [
        PaymentCapabilities(refund=True),
        PaymentCapabilities(settlements=True),
        PaymentCapabilities(poll_plan=[timedelta(0)]),
        PaymentCapabilities(session_ttl=timedelta(seconds=1), poll_plan=[timedelta(minutes=1)]),
    ],
)
async def test_a_promise_without_its_call_and_impossible_times_are_found(
    wrong: PaymentCapabilities,
) -> None:
    till = Till(Book())
    till.capabilities = wrong
    found = await check_provider(till, TILL, payments=Payments(inputs=PHONE))
    assert "capabilities" in rules(found)


async def test_a_call_without_its_promise_is_found() -> None:
    class Modest(ManualProvider):
        capabilities = PaymentCapabilities(cancel=True)

    (found,) = await check_provider(Modest(), ManualSettings())
    assert found == Finding("capabilities", "refund is False and `refund` is there")


async def test_methods_that_call_the_outside_or_cannot_be_used_are_found() -> None:
    class Chatty(Till):
        async def methods(self, context: Any, query: Any) -> Sequence[Method]:
            try:
                await context.http.get("https://till.example/methods")
            except OSError:
                return []
            except Exception:  # noqa: BLE001 - nobody answers in this test
                return [Method(id="a", title="A", flow="push", step=0, minimum=9, maximum=3)] * 2
            return []

    found = await check_provider(Chatty(Book()), TILL, payments=Payments(inputs=PHONE))
    told = {one.detail for one in found if one.rule == "methods"}
    assert told == {
        "methods makes an outgoing call",
        "ids repeat: ['a', 'a']",
        "a: step 0",
        "a: limits",
    }


async def test_a_provider_without_webhooks_that_lets_one_in_is_found() -> None:
    class Open(Till):
        async def accept(self, request: Any, directory: Any) -> Any:
            return Accepted(items=[])

    found = await check_provider(Open(Book()), TILL, payments=Payments(inputs=PHONE))
    assert rules(found) == {"closed door"}


async def test_a_provider_that_trips_over_a_webhook_is_found() -> None:
    class Strict(Till):
        async def parse_webhook(self, item: Item, context: Any) -> Any:
            return json.loads(item.body)["reports"]

    found = await check_provider(Strict(Book()), TILL, payments=Payments(inputs=PHONE))
    assert rules(found) == {"unknown"}


@pytest.mark.parametrize("answer", [None, "ok", [None]], ids=repr)
async def test_a_provider_that_talks_nonsense_is_found(answer: Any) -> None:
    nonsense: Any = Nonsense("nonsense", answer, PaymentCapabilities())
    found = await check_provider(nonsense, NoSettings())
    assert {"methods", "closed door", "unknown"} <= rules(found)


# --- the ground they stand on --------------------------------------------------------------------


def test_odd_bodies_change_every_place_of_a_sample_and_are_the_same_every_time() -> None:
    sample = b'{"a": [1, {"b": "x"}], "c": null}'
    first = list(odd_bodies([sample]))
    assert first == list(odd_bodies([sample]))
    assert b'{"c": null}' in first
    assert b'{"a": [1, {}], "c": null}' in first
    assert sample not in first


async def test_a_bare_context_has_no_database_and_reaches_nobody() -> None:
    context = BareContext(TILL)
    with pytest.raises(NotHere):
        context.tx()
    with pytest.raises(NotHere):
        _ = context.shop
    assert [await context.first_time("a"), await context.first_time("a")] == [True, False]
    with pytest.raises(Exception, match="nobody answers"):
        await context.http.get("https://till.example/")
    assert [str(one.url) for one in context.world.requests] == ["https://till.example/"]
