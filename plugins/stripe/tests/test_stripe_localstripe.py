"""The plugin, through its real HTTP client, against a Stripe that nobody here wrote."""

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest

from tests.support.localstripe import KEY, NO_WORDS, SECRET, LocalStripe, open_localstripe
from tradewind import Accepted, ClientSecret, Money, PaymentResult, ProviderFault
from tradewind.testing.context import STORE, Accounts, BareContext
from tradewind_stripe import StripeProvider, StripeSettings
from tradewind_stripe.client import Clients

Make = Callable[..., Any]
USD = 1_999


@pytest.fixture(scope="module")
def stripe() -> Iterator[LocalStripe]:
    with open_localstripe() as opened:
        yield opened


class Till:
    """One payment, through the plugin and seen from the payer's side."""

    def __init__(self, provider: StripeProvider, context: Any, payment: Make, change: Make) -> None:
        self.provider, self.context, self._payment, self._change = (
            provider,
            context,
            payment,
            change,
        )
        self.id = uuid4()
        self.ref = ""

    async def begins(self, **more: Any) -> ClientSecret:
        asked = self._payment(operation_id=str(self.id), payment_id=self.id, **more)
        result = await self.provider.start(self.context, asked)
        assert result.provider_ref is not None
        assert isinstance(result.action, ClientSecret)
        self.ref = result.provider_ref
        return result.action

    async def reads(self) -> PaymentResult:
        return await self.provider.fetch(self.context, str(self.id), self.ref)

    async def does(self, verb: str, amount: int = USD) -> PaymentResult:
        asked = self._change(self.ref, amount, payment_id=self.id, operation_id=str(uuid4()))
        result: PaymentResult = await getattr(self.provider, verb)(self.context, asked)
        return result


@pytest.fixture
async def till(
    stripe: LocalStripe, settings: Make, payment: Make, change: Make
) -> AsyncIterator[Till]:
    own = settings(
        secret_key=KEY, api_base=stripe.url, webhook_secrets=("whsec_older", SECRET), **NO_WORDS
    )
    clients, context = Clients(), BareContext[StripeSettings](own)
    yield Till(StripeProvider(clients), context, payment, change)
    await clients.close(context.http)
    await context.http.aclose()


def sums(result: PaymentResult) -> dict[str, int]:
    found: dict[str, int] = {}
    for fact in result.facts:
        if fact.status == "succeeded":
            found[fact.kind] = found.get(fact.kind, 0) + fact.amount.amount
    return found


async def test_created_confirmed_and_given_back_in_parts(till: Till, stripe: LocalStripe) -> None:
    action = await till.begins()
    assert action.client_secret.startswith(till.ref)
    assert (await till.reads()).status == "pending"
    stripe.pays(till.ref)
    paid = await till.reads()
    assert (paid.status, sums(paid)) == ("succeeded", {"capture": USD})
    first = await till.does("refund", 500)
    assert (first.status, sums(first)) == ("succeeded", {"refund": 500})
    await till.does("refund", 400)
    assert sums(await till.reads()) == {"capture": USD, "refund": 900}


async def test_held_and_taken(till: Till, stripe: LocalStripe) -> None:
    await till.begins(intent="authorize")
    stripe.pays(till.ref)
    held = await till.reads()
    assert (held.status, sums(held)) == ("authorized", {"authorization": USD})
    taken = await till.does("capture")
    assert (taken.status, sums(taken)) == ("succeeded", {"authorization": USD, "capture": USD})
    again = await till.does("capture")
    assert sums(again) == sums(taken)


async def test_held_and_taken_in_part(till: Till, stripe: LocalStripe) -> None:
    """This peer books the rest as a refund, so what stays is told by the difference."""
    await till.begins(intent="authorize")
    stripe.pays(till.ref)
    found = sums(await till.does("capture", 1_200))
    assert found["capture"] - found["refund"] == 1_200


async def test_held_and_let_go(till: Till, stripe: LocalStripe) -> None:
    await till.begins(intent="authorize")
    stripe.pays(till.ref)
    gone = await till.does("cancel")
    assert gone.status == "canceled"
    assert [one.status for one in gone.facts] == ["canceled"]
    assert stripe.get(f"/v1/payment_intents/{till.ref}")["status"] == "canceled"


async def test_declined_and_still_open(till: Till, stripe: LocalStripe) -> None:
    await till.begins()
    refused = stripe.pays(till.ref, "pm_card_chargeCustomerFail")
    assert refused["error"]["code"] == "card_declined"
    result = await till.reads()
    assert (result.status, result.code) == ("pending", "declined")
    assert {one.status for one in result.facts} == {"pending", "failed"}


@pytest.mark.parametrize("success", [True, False])
async def test_the_bank_asks_the_payer_first(
    *, success: bool, till: Till, stripe: LocalStripe
) -> None:
    secret = (await till.begins()).client_secret
    stripe.pays(till.ref, stripe.card("4000002500003155"))
    assert (await till.reads()).status == "action_required"
    path = f"/v1/payment_intents/{till.ref}/_authenticate"
    stripe.post(path, client_secret=secret, success=str(success).lower())
    result = await till.reads()
    expected = ("succeeded", "") if success else ("pending", "authentication_failed")
    assert (result.status, result.code) == expected


async def test_a_currency_that_is_counted_otherwise_comes_back_as_it_went(
    till: Till, stripe: LocalStripe
) -> None:
    await till.begins(amount=5_000, currency="UGX")
    stripe.pays(till.ref)
    assert stripe.get(f"/v1/payment_intents/{till.ref}")["amount"] == 500_000
    assert (await till.reads()).facts[0].amount == Money(5_000, "UGX")


async def test_a_key_that_is_none_is_a_lasting_fault(till: Till) -> None:
    till.context.settings = StripeSettings(
        secret_key="nonsense",
        publishable_key="pk_test_key",
        api_base=till.context.settings.api_base,
    )
    with pytest.raises(ProviderFault) as caught:
        await till.begins()
    assert caught.value.permanent


async def test_nobody_there_is_a_fault_that_passes(till: Till) -> None:
    till.context.settings = StripeSettings(
        secret_key=KEY, publishable_key="pk_test_key", api_base="http://127.0.0.1:9"
    )
    with pytest.raises(ProviderFault) as caught:
        await till.begins()
    assert not caught.value.permanent


async def test_its_webhooks_open_the_door_and_name_the_payment(
    till: Till, stripe: LocalStripe, signed: Make
) -> None:
    await till.begins()
    stripe.pays(till.ref)
    [delivery] = stripe.deliveries(1, till.id)
    accounts = Accounts({"": till.context.settings})
    for body in (delivery.body, delivery.body + b" "):
        asked = signed(body, headers={"stripe-signature": delivery.signature})
        decision = await till.provider.accept(asked, accounts)
        assert isinstance(decision, Accepted) == (body == delivery.body)
        for item in decision.items if isinstance(decision, Accepted) else ():
            assert (item.store_id, item.lane) == (STORE.id, till.ref)
            [report] = await till.provider.parse_webhook(item, till.context)
            assert (report.payment_id, report.result.trusted) == (till.id, False)
