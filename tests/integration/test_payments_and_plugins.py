"""Payments beside plugins that change prices, refuse, fail or hang."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from decimal import Decimal
from typing import Any, cast

import pytest

from tests.support.moneybooks import PRICE, PUSH, cases_of
from tests.support.tills import Till, open_till
from tradewind import Adjustment, Plugin, RiskAnswer, TaxLine, TaxQuote, hookimpl
from tradewind.checkout.rules import StartRequest
from tradewind.checkout.service import (
    place,
    providers,
    quote,
    start_payment,
)
from tradewind.contracts.errors import Conflict, InvalidInput, NotFound, ProviderFault
from tradewind.contracts.payment import PaymentResult
from tradewind.contracts.pricing import QuoteRequest, RiskQuestion
from tradewind.database import Database
from tradewind.stores.service import StoreSettings, save_settings


@pytest.fixture
async def till(database: Database) -> AsyncIterator[Till]:
    async with open_till(database) as opened:
        await opened.stock("MUG", PRICE)
        yield opened


class Meddler(Plugin):
    """Answers whatever it was told to, or raises it."""

    name = "meddler"
    requires = ">=0.1"

    def __init__(self) -> None:
        self.tax: Any = None
        self.adjustments: Any = []
        self.risk: Any = None

    @hookimpl
    async def quote_tax(self, request: QuoteRequest, context: Any) -> TaxQuote | None:
        return cast("TaxQuote | None", answer(self.tax))

    @hookimpl
    async def price_adjustments(self, request: QuoteRequest, context: Any) -> Sequence[Adjustment]:
        made = self.adjustments
        found = answer([made(request)] if callable(made) else made)
        return cast("Sequence[Adjustment]", found)

    @hookimpl
    async def assess_risk(self, question: RiskQuestion, context: Any) -> RiskAnswer | None:
        return cast("RiskAnswer | None", answer(self.risk))


def answer(value: Any) -> Any:
    if isinstance(value, Exception):
        raise value
    return value


async def test_a_price_plugin_takes_something_off_and_is_named_on_the_line(
    database: Database,
) -> None:
    meddler = Meddler()
    meddler.adjustments = lambda request: Adjustment(
        line_id=request.lines[0].line_id, code="CLUB", title="Club", amount=-29_900
    )
    async with open_till(database, meddler) as till:
        await till.stock("MUG", PRICE)
        cart = await quote(till.engine, till.store, (await till.cart(("MUG", 1))).id)
        assert (cart.discount_total, cart.total) == (29_900, 100_000)
        order = await place(till.engine, till.store, cart.id, "manual")
    [entry] = order.lines[0].adjustments
    assert (entry.source, entry.code, entry.amount) == ("meddler", "CLUB", -29_900)
    assert order.total == 100_000


async def test_failing_price_and_tax_plugins_are_flagged_and_the_shop_goes_on(
    database: Database,
) -> None:
    meddler = Meddler()
    meddler.adjustments, meddler.tax = RuntimeError("no"), RuntimeError("no")
    async with open_till(database, meddler, tax="16") as till:
        await till.stock("MUG", 10_000)
        cart = await quote(till.engine, till.store, (await till.cart(("MUG", 1))).id)
        order = await place(till.engine, till.store, cart.id, "manual")
    assert cart.tax_total == 1600
    assert set(cart.quote_flags) == {"adjustments_failed:meddler", "tax_failed:meddler"}
    assert set(order.quote_flags) == set(cart.quote_flags)


async def test_a_tax_plugin_wins_over_the_stores_rates(database: Database) -> None:
    meddler = Meddler()
    async with open_till(database, meddler, tax="16") as till:
        await till.stock("MUG", 10_000)
        cart = await till.cart(("MUG", 1))
        line_id = str(cart.lines[0].id)
        meddler.tax = TaxQuote(
            lines=[TaxLine(line_id=line_id, name="City tax", rate=Decimal("0.05"), amount=500)]
        )
        cart = await quote(till.engine, till.store, cart.id)
    assert cart.tax_total == 500
    assert cart.lines[0].adjustments[0].source == "meddler"


async def test_a_veto_stops_the_payment_and_a_doubt_opens_a_case(database: Database) -> None:
    meddler = Meddler()
    async with open_till(database, meddler) as till:
        await till.stock("MUG", PRICE)
        cart = await till.cart(("MUG", 1))
        meddler.risk = RiskAnswer(verdict="veto", reason="velocity")
        with pytest.raises(Conflict) as refused:
            await start_payment(till.engine, till.store, cart.id, PUSH)
        assert refused.value.reason == "payment_refused"
        assert till.push.started == []
        meddler.risk = RiskAnswer(verdict="review", reason="new customer")
        await start_payment(till.engine, till.store, cart.id, PUSH)
        assert await cases_of(till) == ["risk_review"]


@pytest.mark.parametrize("on_failure", ["allow", "veto"])
async def test_the_store_says_what_a_failing_risk_plugin_means(
    database: Database, on_failure: str
) -> None:
    meddler = Meddler()
    meddler.risk = RuntimeError("no")
    async with open_till(database, meddler) as till:
        await till.stock("MUG", PRICE)
        async with database.transaction(till.store.id) as tx:
            await save_settings(tx, StoreSettings(currency="KES", risk_on_failure=on_failure))
        cart = await till.cart(("MUG", 1))
        if on_failure == "allow":
            await start_payment(till.engine, till.store, cart.id, PUSH)
        else:
            with pytest.raises(Conflict):
                await start_payment(till.engine, till.store, cart.id, PUSH)


async def test_a_provider_that_hangs_is_tried_again_with_the_same_operation_id(
    till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(providers, "SECONDS", 0.02)
    real = till.push.start
    calls: list[str] = []

    async def start(context: Any, payment: Any) -> PaymentResult:
        calls.append(payment.operation_id)
        if len(calls) == 1:
            await asyncio.Event().wait()
        return await real(context, payment)

    monkeypatch.setattr(till.push, "start", start)
    cart = await till.cart(("MUG", 1))
    session = await start_payment(till.engine, till.store, cart.id, PUSH)
    assert session.status == "open"
    assert len(calls) == 2
    assert len(set(calls)) == 1


async def test_a_provider_that_breaks_is_a_passing_fault_and_the_cart_stays(
    till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def start(context: Any, payment: Any) -> PaymentResult:
        raise KeyError("bug")

    monkeypatch.setattr(till.push, "start", start)
    cart = await till.cart(("MUG", 1))
    with pytest.raises(ProviderFault) as fault:
        await start_payment(till.engine, till.store, cart.id, PUSH)
    assert not fault.value.permanent
    order = await place(till.engine, till.store, cart.id, "manual")
    assert order.status == "processing"


async def test_inputs_a_method_needs_are_asked_for(till: Till) -> None:
    cart = await till.cart(("MUG", 1))
    with pytest.raises(InvalidInput) as refused:
        await start_payment(till.engine, till.store, cart.id, StartRequest(provider="push"))
    assert refused.value.errors[0].path == "inputs.phone"
    with pytest.raises(NotFound):
        await start_payment(till.engine, till.store, cart.id, StartRequest(provider="nobody"))
    wrong = StartRequest(provider="manual", method="gold")
    with pytest.raises(NotFound):
        await start_payment(till.engine, till.store, cart.id, wrong)
