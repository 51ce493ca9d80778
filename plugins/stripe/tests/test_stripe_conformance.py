"""The provider keeps the contract of every payment provider."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support.stripe_peer import Peer
from tradewind.testing.conformance import Payments, check_provider
from tradewind_stripe import StripeProvider, StripeSettings

FIXTURES = Path(__file__).parent.parent / "fixtures"
BODIES = ("event-charge.dispute.created.json", "event-checkout.session.completed.json")


def webhooks(*names: str) -> list[bytes]:
    return [(FIXTURES / name).read_bytes() for name in names]


@pytest.mark.parametrize(("method", "names"), [("payment_intent", ()), ("checkout", BODIES)])
async def test_it_conforms_and_brings_every_amount_exactly(
    method: str,
    names: tuple[str, ...],
    provider: StripeProvider,
    settings: Callable[..., StripeSettings],
    context: Callable[..., Any],
    peer: Peer,
    sign: Callable[[bytes], Mapping[str, str]],
) -> None:
    found = await check_provider(
        provider,
        settings(methods=(method,)),
        webhooks=webhooks(*names),
        sign=sign,
        payments=Payments(pay=peer.pay),
        context=context(methods=(method,)),
    )
    assert not found
    assert len(peer.intents) == len(peer.refunds) == 12


async def test_an_account_that_nobody_answers_for_conforms(
    provider: StripeProvider,
    settings: Callable[..., StripeSettings],
    peer: Peer,
    sign: Callable[[bytes], Mapping[str, str]],
) -> None:
    peer.instead = lambda _: (503, b"<html>")
    own = webhooks("event-plan.created.json")
    assert not await check_provider(provider, settings(), webhooks=own, sign=sign)
