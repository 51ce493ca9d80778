"""What the provider `manual` offers, says and records."""

import json
from datetime import UTC, datetime
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import msgspec
import pytest

from tradewind import (
    Change,
    Instructions,
    Intent,
    Item,
    MethodsQuery,
    Money,
    Payer,
    PaymentProvider,
    Refused,
    StartPayment,
    StoreContext,
    WebhookRequest,
)
from tradewind.plugins import load
from tradewind_manual import ManualProvider, ManualSettings

FIXTURES = Path(__file__).parents[1] / "fixtures"
PAYMENT = UUID("018f5b2e-0000-7000-8000-000000000001")
NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
BANK = "Baobab Bank, Market Street\nAccount 0123456789"
PRICE = Money(125_000, "KES")

provider: PaymentProvider[ManualSettings] = ManualProvider()


class FixedClock:
    def now(self) -> datetime:
        return NOW


class Shop:
    """The two things of a store context that this provider reads."""

    def __init__(self, settings: ManualSettings) -> None:
        self.settings = settings
        self.clock = FixedClock()


def store(**settings: Any) -> StoreContext[ManualSettings]:
    return cast("StoreContext[ManualSettings]", Shop(ManualSettings(**settings)))


def payment(method: str, intent: Intent = "pay") -> StartPayment:
    return StartPayment(
        operation_id="op-1",
        payment_id=PAYMENT,
        method=method,
        intent=intent,
        amount=PRICE,
        payer=Payer(),
        description="Order K7-1042",
        return_url="https://shop.example/return",
        cancel_url="https://shop.example/cancel",
    )


def change(operation_id: str, amount: Money = PRICE) -> Change:
    return Change(operation_id=operation_id, payment_id=PAYMENT, provider_ref="op-1", amount=amount)


async def titles(**settings: Any) -> list[str]:
    query = MethodsQuery(amount=PRICE, country="ke", channel="whatsapp")
    return [method.id for method in await provider.methods(store(**settings), query)]


async def test_cash_on_delivery_comes_first_and_bank_transfer_needs_details() -> None:
    assert await titles() == ["cash_on_delivery"]
    assert await titles(bank_details="  ") == ["cash_on_delivery"]
    assert await titles(bank_details=BANK) == ["cash_on_delivery", "bank_transfer"]
    assert await titles(bank_details=BANK, cash_on_delivery=False) == ["bank_transfer"]
    assert await titles(bank_details=BANK, bank_transfer=False) == ["cash_on_delivery"]


async def test_every_method_gives_instructions_and_lets_the_order_be_placed() -> None:
    query = MethodsQuery(amount=PRICE, country="ke", channel="whatsapp")
    for method in await provider.methods(store(bank_details=BANK), query):
        assert (method.flow, method.pays_later, method.inputs) == ("instructions", True, ())


@pytest.mark.parametrize("method", ["cash_on_delivery", "bank_transfer"])
async def test_the_shopper_is_told_the_amount_the_reference_and_how_to_pay(method: str) -> None:
    context = store(bank_details=BANK, instructions="Please have the exact amount ready.")
    result = await provider.start(context, payment(method))
    expected = json.loads((FIXTURES / "instructions.json").read_text())[method]
    assert result.action == Instructions(text=expected)
    assert (result.status, result.provider_ref, result.facts) == ("pending", "op-1", ())


async def test_starting_again_with_the_same_operation_gives_the_same() -> None:
    first = await provider.start(store(), payment("cash_on_delivery"))
    assert await provider.start(store(), payment("cash_on_delivery")) == first


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (payment("bank_transfer"), "method_not_offered"),
        (payment("barter"), "method_not_offered"),
        (payment("cash_on_delivery", intent="save_only"), "not_supported"),
    ],
)
async def test_what_is_not_offered_is_declined_as_a_value(asked: StartPayment, code: str) -> None:
    result = await provider.start(store(), asked)
    assert (result.status, result.code, result.action) == ("failed", code, None)


async def test_a_payment_stays_pending_until_the_merchant_confirms_it() -> None:
    assert (await provider.fetch(store(), "op-1", None)).provider_ref == "op-1"
    found = await provider.fetch(store(), "op-2", "op-1")
    assert (found.status, found.provider_ref, found.facts) == ("pending", "op-1", ())


async def test_a_refund_is_one_succeeded_fact_per_operation() -> None:
    manual = ManualProvider()
    half = Money(62_500, "KES")
    results = [await manual.refund(store(), change(key, half)) for key in ("r-1", "r-1", "r-2")]
    facts = [fact for result in results for fact in result.facts]
    assert {result.status for result in results} == {"succeeded"}
    assert [fact.object_id for fact in facts] == ["r-1", "r-1", "r-2"]
    assert facts[0] == facts[1]
    assert (facts[2].kind, facts[2].status, facts[2].amount, facts[2].at) == (
        "refund",
        "succeeded",
        half,
        NOW,
    )


async def test_canceling_moves_no_money() -> None:
    result = await ManualProvider().cancel(store(), change("c-1"))
    assert (result.status, result.provider_ref, result.facts) == ("canceled", "op-1", ())


async def test_the_webhook_door_is_closed() -> None:
    request = WebhookRequest(method="POST", query={}, headers={}, body=b"{}")
    decision = await provider.accept(request, cast("Any", None))
    assert isinstance(decision, Refused)
    assert decision.status == 404
    item = Item(dedupe_key="1", lane="1", body=b"{}")
    assert not await provider.parse_webhook(item, store())


async def test_the_check_tells_when_bank_details_are_missing() -> None:
    lacking = {one.name: one.passed for one in await provider.check(store())}
    assert lacking == {"methods": True, "bank_details": False}
    complete = {one.name: one.passed for one in await provider.check(store(bank_details=BANK))}
    assert complete == {"methods": True, "bank_details": True}
    nothing = store(cash_on_delivery=False, bank_transfer=False)
    assert not (await provider.check(nothing))[0].passed


def test_unknown_settings_are_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="unknown field"):
        msgspec.convert({"iban": "KE00"}, ManualSettings)


def test_the_entry_point_loads_without_a_fault() -> None:
    point = EntryPoint(name="manual", value="tradewind_manual:plugin", group="tradewind")
    plugins = load(entry_points=[point], strict=True)
    assert plugins.provider("manual").settings_type is ManualSettings
    assert plugins.plugin_of("manual") == "manual"
