"""A provider whose own script takes the card inside the shop's page, and one way to be sent off."""

from collections.abc import Sequence
from typing import Any

from tests.support.banks import BankProvider, BankSettings, Books, Charge, Context
from tradewind import (
    ClientSecret,
    Method,
    MethodsQuery,
    PaymentResult,
    Plugin,
    Redirect,
    StartPayment,
    hookimpl,
)

CARD = Method(id="card", title="Card", flow="client_secret")
PAGE = Method(id="page", title="Card on another page", flow="redirect")
KEY = "pk_elements"


def secret_of(charge: Charge) -> str:
    """What opens a charge to whoever has it."""
    return f"{charge.ref}_secret_swordfish"


class ElementsProvider(BankProvider):
    """The bank, with a script for the shop's page. `declines`: every card is refused at once."""

    def __init__(self, books: Books) -> None:
        super().__init__(books, "elements", capture=True)
        self.declines = False

    async def methods(self, context: Context, query: MethodsQuery) -> Sequence[Method]:
        return [CARD, PAGE]

    async def start(self, context: Context, payment: StartPayment) -> PaymentResult:
        if self.declines:
            return PaymentResult(status="failed", code="card_declined", message="No money.")
        result = await super().start(context, payment)
        if payment.method == "page" and isinstance(result, PaymentResult):
            page = Redirect(url=f"https://elements.example/pay?back={payment.return_url}")
            return PaymentResult(
                status="pending", provider_ref=result.provider_ref, action=page, facts=result.facts
            )
        return result

    def _result(self, charge: Charge) -> PaymentResult:
        secret = secret_of(charge)
        return PaymentResult(
            status="action_required",
            provider_ref=charge.ref,
            action=ClientSecret(client_secret=secret, publishable_key=KEY),
            facts=self.books.facts(charge),
            data={"client_secret": secret, "payment_intent_id": charge.ref},
        )


class ElementsPlugin(Plugin):
    """Brings it."""

    name = "elements"
    requires = ">=0.1"
    settings_type = BankSettings

    def __init__(self, books: Books, **_: Any) -> None:
        self.provider = ElementsProvider(books)

    @hookimpl
    def payment_providers(self) -> Sequence[ElementsProvider]:
        return [self.provider]
