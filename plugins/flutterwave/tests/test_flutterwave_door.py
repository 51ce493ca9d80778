"""Whom the webhook door lets in, and what it makes of a body."""

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from tradewind import Accepted, Account, Item, PaymentReport, Refused, WebhookRequest
from tradewind.testing.context import STORE, Accounts
from tradewind_flutterwave import FlutterwaveProvider, FlutterwaveSettings

PAYMENT = UUID("018f5b2e-0000-7000-8000-000000000001")
MPESA = "v3-webhook-charge.completed-mpesa"

Settings = Callable[..., FlutterwaveSettings]
Signed = Callable[..., WebhookRequest]
Captured = Callable[[str], bytes]


def changed(body: bytes, **data: Any) -> bytes:
    tree = json.loads(body)
    tree["data"].update(data)
    return json.dumps(tree).encode()


class Door:
    """The door of one store, or of several."""

    def __init__(self, provider: FlutterwaveProvider) -> None:
        self._provider = provider

    async def __call__(self, request: WebhookRequest, settings: FlutterwaveSettings) -> Any:
        return await self._provider.accept(request, Accounts({"": settings}))

    async def items(self, request: WebhookRequest, settings: FlutterwaveSettings) -> list[Item]:
        decision = await self(request, settings)
        assert isinstance(decision, Accepted), decision
        assert decision.answer.status == 200
        return list(decision.items)


@pytest.fixture
def door(provider: FlutterwaveProvider) -> Door:
    return Door(provider)


@pytest.fixture
def reports(provider: FlutterwaveProvider, context: Callable[..., Any]) -> Any:
    async def parsed(item: Item) -> list[PaymentReport]:
        asked = context()
        found = await provider.parse_webhook(item, asked)
        assert not asked.world.requests
        return list(found)

    return parsed


# --- who is let in -------------------------------------------------------------------------------


async def test_a_body_signed_with_the_secret_hash_is_let_in(
    door: Door, settings: Settings, signed: Signed, captured: Captured
) -> None:
    (item,) = await door.items(signed(captured(MPESA)), settings())
    assert item.store_id == STORE.id
    assert item.body == captured(MPESA)


async def test_a_body_changed_by_one_byte_is_refused(
    door: Door, settings: Settings, signed: Signed, captured: Captured
) -> None:
    genuine = signed(captured(MPESA))
    tampered = signed(captured(MPESA) + b" ", headers=genuine.headers)
    assert await door(tampered, settings()) == Refused(status=401, reason="no or wrong signature")


@pytest.mark.parametrize("secret", ["new", "old"])
async def test_both_secrets_are_good_while_the_hash_is_replaced(
    secret: str, door: Door, settings: Settings, signed: Signed, captured: Captured
) -> None:
    rotating = settings(secret_hash="new", previous_secret_hash="old")
    assert await door.items(signed(captured(MPESA), secret), rotating)
    plain = signed(captured(MPESA), headers={"verif-hash": secret})
    assert await door.items(plain, rotating)


async def test_a_replaced_secret_opens_nothing_any_more(
    door: Door, settings: Settings, signed: Signed, captured: Captured
) -> None:
    request = signed(captured(MPESA), "old")
    assert isinstance(await door(request, settings(secret_hash="new")), Refused)


async def test_the_plain_hash_counts_where_there_is_no_signature(
    door: Door, settings: Settings, signed: Signed, captured: Captured
) -> None:
    good = signed(captured(MPESA), headers={"verif-hash": "word"})
    bad = signed(captured(MPESA), headers={"verif-hash": "sword"})
    assert await door.items(good, settings(secret_hash="word"))
    assert isinstance(await door(bad, settings(secret_hash="word")), Refused)


async def test_a_wrong_signature_is_not_made_good_by_the_plain_hash(
    door: Door, settings: Settings, signed: Signed, captured: Captured
) -> None:
    headers = {"verif-hash": "word", "flutterwave-signature": "AAAA"}
    request = signed(captured(MPESA), headers=headers)
    assert isinstance(await door(request, settings(secret_hash="word")), Refused)


@pytest.mark.parametrize(("allowed", "taken"), [(True, Accepted), (False, Refused)])
async def test_a_signature_that_is_the_hash_itself_needs_permission(
    *,
    allowed: bool,
    taken: type,
    door: Door,
    settings: Settings,
    signed: Signed,
    captured: Captured,
) -> None:
    request = signed(captured(MPESA), headers={"flutterwave-signature": "word"})
    found = await door(request, settings(secret_hash="word", allow_plain_signature=allowed))
    assert isinstance(found, taken)


@pytest.mark.parametrize(
    "headers", [{}, {"verif-hash": ""}, {"flutterwave-signature": ""}, {"verif-hash": "\udcff"}]
)
async def test_an_account_without_a_secret_hash_lets_nobody_in(
    headers: dict[str, str], door: Door, settings: Settings, signed: Signed, captured: Captured
) -> None:
    open_door = settings(secret_hash="", allow_plain_signature=True)
    for request in (signed(captured(MPESA), headers=headers), signed(captured(MPESA), "")):
        assert isinstance(await door(request, open_door), Refused)


async def test_another_stores_door_is_closed_to_this_stores_secret(
    door: Door, settings: Settings, signed: Signed, captured: Captured
) -> None:
    request = signed(captured(MPESA), store_slug="another")
    assert isinstance(await door(request, settings()), Refused)


async def test_without_a_slug_the_items_go_to_the_store_whose_secret_it_is(
    provider: FlutterwaveProvider, settings: Settings, signed: Signed, captured: Captured
) -> None:
    class Everyone(Accounts[FlutterwaveSettings]):
        async def everyone(self) -> list[Account[FlutterwaveSettings]]:
            return [
                Account(store_id=UUID(int=n), store_slug=str(n), address="", settings=one)
                for n, one in enumerate([settings(secret_hash="a"), settings(secret_hash="b")])
            ]

    decision = await provider.accept(signed(captured(MPESA), "b", store_slug=None), Everyone({}))
    assert isinstance(decision, Accepted)
    assert [item.store_id for item in decision.items] == [UUID(int=1)]


async def test_only_posts_are_taken(door: Door, settings: Settings, signed: Signed) -> None:
    assert await door(signed(b"", method="GET"), settings()) == Refused(
        status=405, reason="method GET"
    )


# --- what a body is ------------------------------------------------------------------------------


async def test_what_cannot_be_read_is_refused_once_it_is_known_to_be_genuine(
    door: Door, settings: Settings, signed: Signed
) -> None:
    assert await door(signed(b"{broken"), settings()) == Refused(status=400, reason="not JSON")


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b"[]",
        b'{"event": "transfer.completed", "data": {"id": 1, "status": "SUCCESSFUL"}}',
        b'{"event": "subscription.cancelled", "data": {"id": 1}}',
        b'{"type": "transfer.disburse", "data": {"id": "trf_1"}}',
        b'{"event": "charge.completed", "data": "nothing"}',
    ],
)
async def test_events_that_are_no_matter_of_ours_are_acknowledged_and_dropped(
    body: bytes, door: Door, settings: Settings, signed: Signed
) -> None:
    assert not await door.items(signed(body), settings())


async def test_the_key_of_a_v3_event_is_what_happened_to_what(
    door: Door, settings: Settings, signed: Signed, captured: Captured
) -> None:
    (paid,) = await door.items(signed(captured(MPESA)), settings())
    (again,) = await door.items(signed(captured(MPESA) + b"\n"), settings())
    failed = changed(captured(MPESA), status="failed")
    (other,) = await door.items(signed(failed), settings())
    assert paid.dedupe_key == again.dedupe_key == "charge.completed:1902562078:successful"
    assert other.dedupe_key == "charge.completed:1902562078:failed"
    assert paid.lane == other.lane == "generated_secure_id"


@pytest.mark.parametrize("value", [None, "", [], {}, True, "x" * 300, "a\x00b"])
async def test_an_event_whose_id_is_odd_still_has_a_key_that_can_be_stored(
    value: Any, door: Door, settings: Settings, signed: Signed, captured: Captured
) -> None:
    body = changed(captured(MPESA), id=value, tx_ref=value)
    (item,) = await door.items(signed(body), settings())
    assert len(item.dedupe_key) == len(item.lane) == 64


# --- what it means: a hint, never more ----------------------------------------------------------


@pytest.mark.parametrize("status", ["successful", "failed", "anything"])
async def test_a_v3_event_makes_the_engine_look_the_payment_up(
    status: str,
    door: Door,
    settings: Settings,
    signed: Signed,
    captured: Captured,
    reports: Any,
) -> None:
    body = changed(captured(MPESA), status=status, tx_ref=str(PAYMENT), amount=999_999)
    (item,) = await door.items(signed(body), settings())
    (report,) = await reports(item)
    assert report.payment_id == PAYMENT
    assert not report.result.trusted
    assert not report.result.facts


async def test_the_flat_body_of_v2_is_a_hint_as_well(
    door: Door, settings: Settings, signed: Signed, captured: Captured, reports: Any
) -> None:
    tree = json.loads(captured("v3-webhook-legacy-mpesa"))
    body = json.dumps({**tree, "txRef": str(PAYMENT)}).encode()
    (item,) = await door.items(signed(body), settings())
    assert item.dedupe_key == "charge.legacy:130438:successful"
    assert item.lane == str(PAYMENT)
    (report,) = await reports(item)
    assert (report.payment_id, report.result.trusted) == (PAYMENT, False)


async def test_a_v4_event_names_our_reference_and_the_charge(
    door: Door, settings: Settings, signed: Signed, captured: Captured, reports: Any
) -> None:
    body = captured("v4-webhook-charge.completed-mobile_money")
    (item,) = await door.items(signed(body), settings())
    assert item.dedupe_key == "charge.completed:chg_xdSlPfGXSp:succeeded"
    (report,) = await reports(item)
    assert report.payment_id == UUID("69a26371-53d1-4b34-8dfa-ae7a33092b9b")
    assert report.provider_ref == "chg_xdSlPfGXSp"
    assert not report.result.trusted


async def test_a_v4_refund_is_found_by_its_charge(
    door: Door, settings: Settings, signed: Signed, reports: Any
) -> None:
    data = {"id": "rfd_1", "status": "succeeded", "charge_id": "chg_1"}
    body = json.dumps({"type": "refund.completed", "data": data}).encode()
    (item,) = await door.items(signed(body), settings())
    (report,) = await reports(item)
    assert (report.payment_id, report.provider_ref) == (None, "chg_1")
    assert not report.result.trusted


@pytest.mark.parametrize("written", ["{0.hex}", "{{{0}}}", "urn:uuid:{0}"])
async def test_a_reference_that_only_resembles_one_of_ours_is_none(
    written: str, door: Door, settings: Settings, signed: Signed, captured: Captured, reports: Any
) -> None:
    body = changed(captured(MPESA), tx_ref=written.format(PAYMENT))
    (item,) = await door.items(signed(body), settings())
    assert not await reports(item)


@pytest.mark.parametrize("fixture", [MPESA, "v3-webhook-legacy-mpesa"])
async def test_a_payment_that_others_made_through_this_account_is_none_of_ours(
    fixture: str, door: Door, settings: Settings, signed: Signed, captured: Captured, reports: Any
) -> None:
    (item,) = await door.items(signed(captured(fixture)), settings())
    assert not await reports(item)
