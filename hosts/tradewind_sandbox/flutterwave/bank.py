"""What happens to money: links, charges, payers who decide, time that runs out, refunds."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Literal

from tradewind_sandbox.deliveries import Deliveries, Webhook
from tradewind_sandbox.flutterwave import responses, webhooks
from tradewind_sandbox.flutterwave.errors import Refused
from tradewind_sandbox.flutterwave.methods import Method
from tradewind_sandbox.flutterwave.state import (
    Checkout,
    FlutterwaveState,
    Refund,
    Status,
    Store,
    Transaction,
    new_id,
)

PROMPT_LASTS = timedelta(seconds=120)

_LOOK_EVERY_SECONDS = 1.0

Outcome = Literal["successful", "failed"]


class Bank:
    """Decides transactions as payers do, and tells the stores."""

    def __init__(self, state: FlutterwaveState, deliveries: Deliveries) -> None:
        self.state = state
        self.deliveries = deliveries

    def open(self, checkout: Checkout) -> None:
        """Put a hosted link where its payer finds it."""
        self.state.pages[checkout.id] = checkout

    def add(self, transaction: Transaction) -> None:
        """Note a new transaction; a phone that is to approve it has until its deadline."""
        transaction.store.transactions.append(transaction)
        if transaction.page:
            self.state.pages[transaction.page] = transaction

    def ask(self, transaction: Transaction, phone: str) -> None:
        """Push a prompt to a phone (digits); it stays for two minutes."""
        transaction.phone = phone
        transaction.deadline = self.state.now() + PROMPT_LASTS

    def attempt(self, checkout: Checkout, method: Method) -> Transaction:
        """A payer's new try to pay on a hosted link."""
        transaction = Transaction(
            id=self.state.new_number(),
            store=checkout.store,
            tx_ref=checkout.tx_ref,
            flw_ref=new_id("FLW-MOCK-"),
            amount=checkout.amount,
            currency=checkout.currency,
            method=method,
            payer=checkout.payer,
            created_at=self.state.now(),
            meta=checkout.meta,
            redirect_url=checkout.redirect_url,
            checkout=checkout,
        )
        checkout.tries.append(transaction)
        self.add(transaction)
        return transaction

    def repeat(self, transaction: Transaction) -> Transaction:
        """A further transaction like an earlier one, under the same reference."""
        new = self.state.new_number() if transaction.charge is None else new_id("chg_")
        again = replace(
            transaction,
            id=new,
            flw_ref=new_id("FLW-MOCK-"),
            created_at=self.state.now(),
            status="pending",
            deadline=None,
            page="",
            refunds=[],
        )
        if again.checkout:
            again.checkout.tries.append(again)
        self.add(again)
        return again

    def decide(
        self, transaction: Transaction, outcome: Outcome, why: str = "", *, tell: bool = True
    ) -> None:
        """End a transaction; its webhook follows unless `tell` is off."""
        transaction.status = outcome
        transaction.processor_response = why or _usual_words(transaction.method, outcome)
        transaction.deadline = None
        if transaction.charge:
            transaction.charge.next_action = None
        if tell:
            self.tell(transaction)

    def tell(self, transaction: Transaction) -> None:
        """Send the webhook about a transaction, in the background."""
        self.deliveries.later(
            self._deliver(webhooks.about_transaction(transaction, self.state.now()))
        )

    def tell_refund(self, refund: Refund) -> None:
        """Send v4's webhook about a refund, in the background."""
        self.deliveries.later(self._deliver(webhooks.about_refund(refund, self.state.now())))

    def prompts(self, phone: str) -> list[Transaction]:
        """What a phone (digits) is asked to approve now, oldest first."""
        self.expire()
        return [t for t in self.state.transactions() if t.deadline and t.phone == phone]

    def respond(self, phone: str, transaction_id: str, *, approved: bool) -> None:
        """Approve or reject a prompt on a phone; raises Refused when it is not there any more."""
        for transaction in self.prompts(phone):
            if str(transaction.id) == transaction_id:
                outcome: Outcome = "successful" if approved else "failed"
                self.decide(transaction, outcome, "" if approved else responses.REJECTED)
                return
        raise Refused("There is no such request on this phone", 404)

    def expire(self) -> None:
        """Let prompts that nobody answered in time fail."""
        now = self.state.now()
        for transaction in list(self.state.transactions()):
            if transaction.deadline and transaction.deadline <= now:
                self.decide(transaction, "failed", responses.TIMED_OUT)

    async def watch(self) -> None:
        """Let prompts run out while nobody asks; runs until canceled."""
        while True:
            await asyncio.sleep(_LOOK_EVERY_SECONDS)
            self.expire()

    def refund(self, transaction: Transaction, amount: Decimal | None, reason: str) -> Refund:
        """Give money back, by default all that is left; raises Refused where that cannot be."""
        left = transaction.refundable
        amount = left if amount is None else amount
        if transaction.status != "successful":
            raise Refused("Transaction is not in a refundable state")
        if not 0 < amount <= left:
            raise Refused("Refund amount cannot be more than what is left of the transaction")
        store = transaction.store
        if amount > store.balance(transaction.currency):
            raise Refused("Insufficient balance to process this refund")
        refund = Refund(
            new_id("rfd_") if transaction.charge else self.state.new_number(),
            transaction,
            amount,
            reason,
            _refund_status(transaction),
            f"URF_{self.state.new_number()}_{store.number}",
            self.state.now(),
        )
        transaction.refunds.append(refund)
        store.refunds.append(refund)
        return refund

    def pay_out(self, store: Store, currency: str) -> Decimal:
        """Empty a store's balance in a currency; the amount."""
        amount = store.balance(currency)
        store.paid_out[currency] += amount
        return amount

    async def _deliver(self, webhook: Webhook) -> None:
        await self.deliveries.deliver(webhook)


def _usual_words(method: Method, outcome: Status) -> str:
    if outcome == "failed":
        return responses.DECLINED
    return responses.CARD_APPROVED if method.payment_type == "card" else responses.APPROVED


def _refund_status(transaction: Transaction) -> str:
    if transaction.charge or transaction.method.payment_type == "card":
        return "completed"
    return "completed-momo"
