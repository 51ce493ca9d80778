"""The provider keeps the contract of every payment provider, in both APIs."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tradewind.testing.conformance import Payments, check_provider
from tradewind_flutterwave import FlutterwaveProvider, FlutterwaveSettings

FIXTURES = Path(__file__).parent.parent / "fixtures"
INPUTS = {"phone": "0700000101", "network": "AIRTEL"}


@pytest.fixture
def webhooks() -> list[bytes]:
    found = [path.read_bytes() for path in sorted(FIXTURES.glob("*webhook*.json"))]
    assert len(found) == 3
    return found


async def test_v3_conforms_and_brings_every_amount_exactly(
    provider: FlutterwaveProvider,
    settings: Callable[..., FlutterwaveSettings],
    context: Callable[..., Any],
    bank: Any,
    sign: Callable[[bytes], Mapping[str, str]],
    webhooks: list[bytes],
) -> None:
    found = await check_provider(
        provider,
        settings(),
        webhooks=webhooks,
        sign=sign,
        payments=Payments(inputs=INPUTS, pay=bank.pay),
        context=context(bank),
    )
    assert not found
    assert len(bank.transactions) == 17


async def test_v4_conforms_and_brings_every_amount_exactly(
    provider: FlutterwaveProvider,
    settings: Callable[..., FlutterwaveSettings],
    context: Callable[..., Any],
    new_bank: Any,
    sign: Callable[[bytes], Mapping[str, str]],
    webhooks: list[bytes],
) -> None:
    account = {"api": "v4", "client_id": "id", "client_secret": "secret"}
    found = await check_provider(
        provider,
        settings(**account),
        webhooks=webhooks,
        sign=sign,
        payments=Payments(inputs=INPUTS, pay=new_bank.pay),
        context=context(new_bank, **account),
    )
    assert not found
    assert len(new_bank.charges) == 6
    assert len(new_bank.tokens) == 1


async def test_an_account_that_nobody_answers_for_conforms(
    provider: FlutterwaveProvider,
    settings: Callable[..., FlutterwaveSettings],
    sign: Callable[[bytes], Mapping[str, str]],
    webhooks: list[bytes],
) -> None:
    payments = Payments(inputs=INPUTS)
    assert not await check_provider(
        provider, settings(), webhooks=webhooks, sign=sign, payments=payments
    )
