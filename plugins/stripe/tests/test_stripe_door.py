"""Whom the webhook door lets in, and what it makes of an event."""

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from stripe import WebhookSignature

from tests.support.stripe_peer import CREATED, Peer
from tradewind import Accepted, Item, PaymentReport, ProviderFault, Refused, WebhookRequest
from tradewind.testing.context import STORE, Accounts
from tradewind_stripe import StripeProvider, StripeSettings
from tradewind_stripe.door import EVENTS

Make = Callable[..., Any]
Sign = Callable[..., Mapping[str, str]]
FIXTURES = Path(__file__).parent.parent / "fixtures"
PAYMENT = UUID("018f5b2e-0000-7000-8000-000000000001")
OURS = {"payment_id": str(PAYMENT), "operation_id": str(PAYMENT), "store_id": str(STORE.id)}
INTENT = {"id": "pi_0", "object": "payment_intent", "metadata": OURS}


def event(kind: str = "payment_intent.succeeded", subject: Any = INTENT, **more: Any) -> bytes:
    usual = {"id": "evt_1", "object": "event", "type": kind, "livemode": False}
    return json.dumps({**usual, "data": {"object": subject}, **more}).encode()


class Door:
    """The door of one store."""

    def __init__(self, provider: StripeProvider) -> None:
        self._provider = provider

    async def __call__(self, request: WebhookRequest, settings: StripeSettings) -> Any:
        return await self._provider.accept(request, Accounts({"": settings}))

    async def items(self, request: WebhookRequest, settings: StripeSettings) -> list[Item]:
        decision = await self(request, settings)
        assert isinstance(decision, Accepted), decision
        assert decision.answer.status == 200
        return list(decision.items)


@pytest.fixture
def door(provider: StripeProvider) -> Door:
    return Door(provider)


# --- who is let in -------------------------------------------------------------------------------


async def test_a_signed_event_is_let_in_as_it_came(
    door: Door, settings: Make, signed: Make
) -> None:
    [item] = await door.items(signed(event()), settings())
    assert (item.store_id, item.body) == (STORE.id, event())
    assert (item.dedupe_key, item.lane) == ("evt_1", "pi_0")


async def test_what_the_sdk_signs_is_let_in(door: Door, settings: Make, signed: Make) -> None:
    made = WebhookSignature.generate_signature_header(event().decode(), "whsec_sdk")
    request = signed(event(), headers={"stripe-signature": made})
    assert await door.items(request, settings(webhook_secrets=("whsec_sdk",)))


async def test_a_body_changed_by_one_byte_is_refused(
    door: Door, settings: Make, signed: Make, sign: Sign
) -> None:
    request = signed(event() + b" ", headers=sign(event()))
    assert await door(request, settings()) == Refused(
        status=400, reason="no, wrong or old signature"
    )


@pytest.mark.parametrize("secret", ["whsec_new", "whsec_old"])
async def test_every_secret_of_the_list_is_good(
    secret: str, door: Door, settings: Make, signed: Make, sign: Sign
) -> None:
    request = signed(event(), headers=sign(event(), secret))
    assert await door.items(request, settings(webhook_secrets=("whsec_new", "whsec_old")))
    assert isinstance(await door(request, settings(webhook_secrets=("whsec_third",))), Refused)


async def test_any_of_several_signatures_may_fit(
    door: Door, settings: Make, signed: Make, sign: Sign
) -> None:
    good = sign(event())["stripe-signature"]
    moment, _, one = good.partition(",")
    header = f"{moment},v1={'0' * 64},v0=whatever, {one}"
    assert await door.items(signed(event(), headers={"stripe-signature": header}), settings())
    old_scheme = good.replace("v1=", "v0=")
    refused = await door(signed(event(), headers={"stripe-signature": old_scheme}), settings())
    assert isinstance(refused, Refused)


@pytest.mark.parametrize(
    ("age", "taken"), [(0, True), (290, True), (310, False), (86_400, False), (-86_400, True)]
)
async def test_only_old_signatures_are_refused(
    age: int, *, taken: bool, door: Door, settings: Make, signed: Make, sign: Sign
) -> None:
    headers = sign(event(), at=int(time.time()) - age)
    decision = await door(signed(event(), headers=headers), settings())
    assert isinstance(decision, Accepted) == taken


@pytest.mark.parametrize(
    "header",
    [
        "",
        "t=",
        "t=now,v1=00",
        "v1=00",
        "t=1,t=2,v1=00",
        "t=²,v1=00",
        "t=" + "9" * 5_000,
        "\udce9=,,",
    ],
    ids=range(8),
)
async def test_a_header_that_is_none_is_refused(
    header: str, door: Door, settings: Make, signed: Make
) -> None:
    request = signed(event(), headers={"stripe-signature": header})
    assert isinstance(await door(request, settings()), Refused)
    assert isinstance(await door(signed(event(), headers={}), settings()), Refused)


@pytest.mark.parametrize("secrets", [(), ("",)])
async def test_without_a_secret_nobody_is_let_in(
    secrets: tuple[str, ...], door: Door, settings: Make, signed: Make, sign: Sign
) -> None:
    request = signed(event(), headers=sign(event(), ""))
    assert isinstance(await door(request, settings(webhook_secrets=secrets)), Refused)


async def test_a_store_that_is_none_and_another_method_are_refused(
    door: Door, settings: Make, signed: Make
) -> None:
    assert isinstance(await door(signed(event(), store_slug="nobody"), settings()), Refused)
    refused = await door(signed(event(), method="GET"), settings())
    assert refused.status == 405
    assert await door.items(signed(event(), store_slug=None), settings())


# --- what is let in ------------------------------------------------------------------------------


async def test_a_thin_event_is_refused_and_the_log_says_what_to_do(
    door: Door, settings: Make, signed: Make
) -> None:
    body = b'{"id":"evt_1","object":"v2.core.event","related_object":{"id":"x"},"data":7}'
    refused = await door(signed(body), settings())
    assert refused.status == 400
    assert "snapshot events" in refused.reason


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"7", b"\xff\xfe", b"[" * 5_000])
async def test_what_is_no_event_is_refused(
    body: bytes, door: Door, settings: Make, signed: Make
) -> None:
    assert await door(signed(body), settings()) == Refused(status=400, reason="not an event")


@pytest.mark.parametrize(
    ("key", "livemode", "taken"),
    [
        ("sk_live_1", True, True),
        ("sk_live_1", False, False),
        ("rk_test_1", True, False),
        ("sk_1", True, True),
        ("sk_live_1", None, True),
    ],
)
async def test_live_and_test_are_kept_apart(
    key: str, *, livemode: bool | None, taken: bool, door: Door, settings: Make, signed: Make
) -> None:
    decision = await door(signed(event(livemode=livemode)), settings(secret_key=key))
    assert isinstance(decision, Accepted) == taken


@pytest.mark.parametrize("kind", ["customer.created", "payout.paid", "", 7])
async def test_other_events_are_acknowledged_and_forgotten(
    kind: Any, door: Door, settings: Make, signed: Make
) -> None:
    assert await door.items(signed(event(kind)), settings()) == []


async def test_everything_about_one_payment_goes_into_one_lane(
    door: Door, settings: Make, signed: Make
) -> None:
    subjects = [
        INTENT,
        {"id": "ch_1", "payment_intent": "pi_0"},
        {"id": "cs_1", "payment_intent": "pi_0"},
    ]
    for subject in subjects:
        [item] = await door.items(signed(event(subject=subject)), settings())
        assert item.lane == "pi_0"


async def test_an_event_without_an_id_is_known_by_its_body(
    door: Door, settings: Make, signed: Make
) -> None:
    bare = [event(id=None), event(id="\u0000"), event("payment_intent.canceled", id=None)]
    keys = [(await door.items(signed(body), settings()))[0].dedupe_key for body in bare]
    assert len(set(keys)) == 3
    assert {len(key) for key in keys} == {64}


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("*.json")), ids=lambda path: path.stem)
async def test_every_captured_body_may_come_to_the_door(
    path: Path, provider: StripeProvider, door: Door, settings: Make, signed: Make, context: Make
) -> None:
    items = await door.items(signed(path.read_bytes()), settings())
    heard = path.stem.startswith("event-") and path.stem != "event-plan.created"
    assert len(items) == heard
    for item in items:
        assert list(await provider.parse_webhook(item, context())) == []


# --- what it means -------------------------------------------------------------------------------


@pytest.fixture
def reports(provider: StripeProvider, context: Make, as_item: Make) -> Any:
    async def parsed(body: bytes) -> list[PaymentReport]:
        return list(await provider.parse_webhook(as_item(body), context()))

    return parsed


@pytest.mark.parametrize("kind", sorted(EVENTS))
async def test_every_event_is_a_pointer_to_its_payment_and_nothing_more(
    kind: str, reports: Any, peer: Peer
) -> None:
    [report] = await reports(event(kind))
    assert report.payment_id == PAYMENT
    assert not report.result.trusted
    assert list(report.result.facts) == []
    assert not peer.calls


@pytest.mark.parametrize(
    "subject",
    [
        {"id": "re_1", "object": "refund", "payment_intent": "pi_0", "metadata": {}},
        {"id": "dp_1", "object": "dispute", "payment_intent": "pi_0"},
        {"id": "ch_1", "object": "charge", "payment_intent": "pi_0", "metadata": {"x": "y"}},
        {"id": "pi_0", "object": "payment_intent"},
    ],
    ids=lambda subject: subject["object"],
)
async def test_what_says_nothing_of_ours_is_found_by_its_payment_intent(
    subject: Any, reports: Any, peer: Peer
) -> None:
    peer.add(1_999, "usd", metadata=OURS, created=CREATED)
    [report] = await reports(event("charge.refunded", subject))
    assert report.payment_id == PAYMENT
    assert [call.path for call in peer.calls] == ["/v1/payment_intents/pi_0"]


async def test_a_page_that_nobody_paid_on_is_found_as_well(
    provider: StripeProvider, context: Make, payment: Make, reports: Any
) -> None:
    await provider.start(context(), payment("checkout"))
    [report] = await reports(event("checkout.session.expired", {"id": "cs_test_0"}))
    assert report.payment_id == PAYMENT


@pytest.mark.parametrize(
    "metadata",
    [
        {**OURS, "store_id": "018f5b2e-0000-7000-8000-00000000beef"},
        {"payment_id": str(PAYMENT)},
        {**OURS, "payment_id": "42"},
        {},
    ],
)
async def test_payments_of_others_are_left_alone(metadata: Any, reports: Any, peer: Peer) -> None:
    peer.add(1_999, "usd", metadata=metadata)
    for subject in (
        {**INTENT, "metadata": metadata},
        {"id": "re_1", "payment_intent": "pi_0"},
        {"id": "re_1", "payment_intent": "pi_nobodys"},
        {"id": "cs_test_nobodys"},
        {"id": "ch_without"},
        {},
    ):
        assert await reports(event("refund.updated", subject)) == []


async def test_an_item_that_cannot_be_looked_into_now_is_tried_again(
    reports: Any, peer: Peer
) -> None:
    peer.instead = lambda _: (500, b"")
    with pytest.raises(ProviderFault) as caught:
        await reports(event("refund.updated", {"id": "re_1", "payment_intent": "pi_0"}))
    assert not caught.value.permanent


@pytest.mark.parametrize("body", [b"{", b"[]", event("customer.created"), event(subject=7)])
async def test_an_item_of_another_kind_means_nothing(body: bytes, reports: Any) -> None:
    assert await reports(body) == []
