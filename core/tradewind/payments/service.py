"""Payments: facts in, totals out. Who owes what for which order is decided further up."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from tradewind.contracts.errors import NotFound
from tradewind.contracts.payment import Fact
from tradewind.database import Transaction
from tradewind.ledger import service as ledger
from tradewind.payments import capture_queries, queries, refund_queries
from tradewind.payments.rules import (
    Capture,
    Payment,
    PaymentSession,
    Quarrel,
    Refund,
    Totals,
    fold,
    quarrels,
    status_of,
    strange_money,
)


class Folded(msgspec.Struct, frozen=True, kw_only=True):
    """A payment before and after facts came in, and all `facts` that are known of it.

    `strange` are the currencies in which money came that was not asked for, as far as it is new;
    `quarrels` the disputes that are not as they were before.
    """

    before: Payment
    after: Payment
    facts: Sequence[Fact]
    strange: Sequence[str]
    quarrels: Sequence[Quarrel] = ()

    @property
    def changed(self) -> bool:
        """Whether the facts said anything new."""
        return self.before.version != self.after.version


async def get_payment(tx: Transaction, payment_id: UUID) -> Payment:
    """One payment. Raises NotFound."""
    payment = await queries.payment(tx, payment_id)
    if payment is None:
        raise NotFound("There is no such payment.")
    return payment


async def lock_payment(tx: Transaction, payment_id: UUID) -> Payment:
    """One payment, nobody else changes it until the transaction ends. Raises NotFound."""
    payment = await queries.payment(tx, payment_id, lock=True)
    if payment is None:
        raise NotFound("There is no such payment.")
    return payment


async def quarrels_of(tx: Transaction, payment: Payment) -> list[Quarrel]:
    """A payment's disputes, the oldest first."""
    return list(quarrels(await queries.facts(tx, payment.id), payment.currency).values())


async def given_back(tx: Transaction, payments: Sequence[Payment]) -> int:
    """What the shop has decided to give back of locked payments, whether it went already or not."""
    asked = {one.id: one.currency for one in payments}
    refunds = [
        one
        for one in await refund_queries.refunds_of(tx, list(asked))
        if one.status != "failed" and one.currency == asked[one.payment_id]
    ]
    return sum(one.amount for one in refunds)


async def payment_by_ref(tx: Transaction, provider: str, provider_ref: str) -> Payment | None:
    """The payment that a provider calls by this reference, or None."""
    return await queries.payment_by_ref(tx, provider, provider_ref)


async def payments_of(tx: Transaction, order_id: UUID) -> list[Payment]:
    """An order's payments, oldest first."""
    return await queries.payments_of_order(tx, order_id)


async def get_session(tx: Transaction, session_id: UUID) -> PaymentSession:
    """One attempt to pay. Raises NotFound."""
    session = await queries.session(tx, session_id)
    if session is None:
        raise NotFound("There is no such payment session.")
    return session


async def session_of_order(tx: Transaction, order_id: UUID) -> PaymentSession | None:
    """An order's newest payment session, or None."""
    found = await queries.sessions_of_order(tx, order_id)
    return found[0] if found else None


async def session_of_cart(tx: Transaction, cart_id: UUID) -> PaymentSession | None:
    """The newest attempt to pay a cart, or None."""
    sessions = await queries.sessions_of_cart(tx, cart_id)
    return sessions[0] if sessions else None


async def session_data(
    tx: Transaction, payments: Sequence[Payment]
) -> dict[UUID, Mapping[str, Any]]:
    """What the payers' clients were given, by payment."""
    return await queries.session_data(tx, [one.id for one in payments])


async def refunds_of(tx: Transaction, payments: Sequence[Payment]) -> list[Refund]:
    """The refunds of payments, oldest first."""
    return await refund_queries.refunds_of(tx, [one.id for one in payments])


async def captures_of(tx: Transaction, payments: Sequence[Payment]) -> list[Capture]:
    """The captures of payments, oldest first."""
    return await capture_queries.captures_of(tx, [one.id for one in payments])


async def take_in(tx: Transaction, payment: Payment, facts: Sequence[Fact], source: str) -> Folded:
    """Add facts to a locked payment and fold them all; the ledger follows the totals.

    `source` says who told: "provider", "poll", "merchant".
    """
    new = await queries.add_facts(tx, payment.id, facts, source)
    known = await queries.facts(tx, payment.id)
    totals = fold(known, payment.currency)
    status = status_of(totals, payment.amount)
    error_code = next((fact.code for fact in reversed(known) if fact.code), "")
    strange = strange_money(new, payment.currency)
    moved = _moved(known, new, payment.currency)
    if (totals, status) == (payment.totals, payment.status):
        return Folded(before=payment, after=payment, facts=known, strange=strange, quarrels=moved)
    await queries.save_totals(tx, payment, totals, status, error_code)
    after = msgspec.structs.replace(
        payment,
        authorized=totals.authorized,
        captured=totals.captured,
        refunded=totals.refunded,
        disputed=totals.disputed,
        status=status,
        error_code=error_code,
        version=payment.version + 1,
    )
    await _book(tx, payment, after)
    return Folded(before=payment, after=after, facts=known, strange=strange, quarrels=moved)


def _moved(known: Sequence[Fact], new: Sequence[Fact], currency: str) -> list[Quarrel]:
    """The disputes that what is new has changed, as they are now."""
    if not any(fact.kind == "dispute" for fact in new):
        return []
    before = quarrels([fact for fact in known if fact not in new], currency)
    now = quarrels(known, currency)
    return [found for name, found in now.items() if before.get(name) != found]


async def _book(tx: Transaction, before: Payment, after: Payment) -> None:
    """Transfer what the totals moved by; the payment's version makes each transfer unique."""
    clearing = f"provider:{after.provider}"
    moves = (
        ("capture", clearing, "sales", after.captured - before.captured),
        ("refund", "refunds", clearing, after.refunded - before.refunded),
    )
    for kind, debit, credit, amount in moves:
        if amount:
            pair = (debit, credit) if amount > 0 else (credit, debit)
            await ledger.transfer(
                tx,
                ledger.Entry(
                    kind=kind,
                    debit=pair[0],
                    credit=pair[1],
                    amount=after.money(abs(amount)),
                    dedupe_key=f"{kind}:{after.id}:{after.version}",
                    payment_id=after.id,
                    order_id=after.order_id,
                ),
            )


def totals_of(payments: Sequence[Payment]) -> Totals:
    """What several payments come to together."""
    if not payments:
        return Totals()
    first, *others = [one.totals for one in payments]
    for other in others:
        first += other
    return first
