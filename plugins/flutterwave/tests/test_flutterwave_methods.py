"""What shoppers are offered, where, and in which amounts."""

from collections.abc import Callable
from importlib.metadata import EntryPoint
from typing import Any

import pytest

from tradewind import Method, MethodsQuery, Money, PaymentProvider
from tradewind.plugins import load
from tradewind_flutterwave import FlutterwaveProvider, FlutterwaveSettings, payers
from tradewind_flutterwave.methods import BY_ID, WALLETS

V4 = {"api": "v4", "client_id": "id", "client_secret": "secret"}


@pytest.fixture
def methods(provider: FlutterwaveProvider, context: Callable[..., Any]) -> Any:
    async def ask(currency: str, country: str | None = None, **changes: Any) -> list[Method]:
        amount = Money(100_000, currency)
        query = MethodsQuery(amount=amount, country=country, channel="web")
        return list(await provider.methods(context(**changes), query))

    return ask


def ids(found: list[Method]) -> list[str]:
    return [one.id for one in found]


def test_the_plugin_is_found_and_brings_one_provider() -> None:
    entry = EntryPoint("flutterwave", "tradewind_flutterwave:plugin", "tradewind")
    plugins = load(entry_points=[entry])
    assert not plugins.faults
    assert isinstance(plugins.providers["flutterwave"], PaymentProvider)


async def test_a_kenyan_shopper_is_offered_the_page_and_mpesa(methods: Any) -> None:
    hosted, mpesa = await methods("KES", "ke")
    assert (hosted.id, hosted.title, hosted.flow) == ("hosted", "Pay online", "redirect")
    assert (mpesa.id, mpesa.title, mpesa.flow, mpesa.step) == ("mpesa", "M-Pesa", "push", 100)
    phone, network = mpesa.inputs
    assert (phone.name, phone.kind, phone.required) == ("phone", "phone", True)
    assert (network.name, network.required) == ("network", False)
    assert list(network.choices) == ["SAFARICOM", "AIRTEL"]


async def test_where_networks_differ_one_must_be_chosen(methods: Any) -> None:
    _, money = await methods("GHS", "gh")
    phone, network = money.inputs
    assert (phone.required, network.required) == (True, True)
    assert set(network.choices) == {"MTN", "VODAFONE", "AIRTELTIGO"}


@pytest.mark.parametrize(
    ("currency", "country", "expected"),
    [
        ("UGX", "ug", ["hosted", "mobile_money_ug"]),
        ("UGX", "gb", ["hosted", "mobile_money_ug"]),
        ("XOF", "sn", ["hosted", "mobile_money_sn"]),
        ("XAF", None, ["hosted", "mobile_money_cm"]),
        ("USD", "us", ["hosted"]),
        ("KWD", "kw", []),
    ],
)
async def test_the_currency_decides_and_the_country_narrows(
    currency: str, country: str | None, expected: list[str], methods: Any
) -> None:
    assert ids(await methods(currency, country)) == expected


async def test_without_a_country_every_wallet_of_a_shared_currency_is_named(methods: Any) -> None:
    found = await methods("XOF")
    assert len(found) == 5
    assert len({one.title for one in found}) == 5


async def test_v4_has_no_page_and_its_own_networks(methods: Any) -> None:
    (mpesa,) = await methods("KES", "ke", **V4)
    assert (mpesa.id, mpesa.flow) == ("mpesa", "push")
    assert list(mpesa.inputs[1].choices) == ["MPESA", "AIRTEL"]
    assert not await methods("ZMW", "zm", **V4)
    assert ids(await methods("MWK", "mw", **V4)) == ["mobile_money_mw"]


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        (["hosted"], ["hosted"]),
        (["mpesa"], ["mpesa"]),
        (["mobile_money"], []),
        ([], []),
    ],
)
async def test_a_store_offers_what_it_chose(
    chosen: list[str], expected: list[str], methods: Any
) -> None:
    assert ids(await methods("KES", "ke", methods=chosen)) == expected


@pytest.mark.parametrize(
    "lacking",
    [{"secret_key": ""}, V4 | {"client_id": ""}, V4 | {"client_secret": ""}],
)
async def test_nothing_is_offered_while_credentials_are_missing(
    lacking: dict[str, str], methods: Any
) -> None:
    assert await methods("KES", "ke", **lacking) == []


async def test_an_account_that_nobody_configured_offers_nothing(methods: Any) -> None:
    bare = {name: getattr(FlutterwaveSettings(), name) for name in ("secret_key", "secret_hash")}
    assert await methods("KES", "ke", **bare) == []


@pytest.mark.parametrize("wallet", WALLETS, ids=lambda one: one.id)
def test_every_wallet_is_somewhere_and_known_by_one_name(wallet: Any) -> None:
    assert wallet.v3 or wallet.v4
    assert bool(wallet.v3) == bool(wallet.v3_type)
    assert BY_ID[wallet.id] is wallet
    assert all(network == network.upper() for network in (*wallet.v3, *wallet.v4))


@pytest.mark.parametrize(
    ("phone", "wallet", "national"),
    [
        ("+254 700 000101", "mpesa", "700000101"),
        ("254700000101", "mpesa", "700000101"),
        ("00254700000101", "mpesa", "700000101"),
        ("0700-000-101", "mpesa", "700000101"),
        ("700000101", "mpesa", "700000101"),
        ("+225 07 08 09 10 11", "mobile_money_ci", "0708091011"),
        ("0708091011", "mobile_money_ci", "0708091011"),
        ("77 123 45 67", "mobile_money_sn", "771234567"),
        ("12345", "mpesa", None),
        ("", "mpesa", None),
        ("+1 202 555 0100 99 11", "mpesa", None),
    ],
)
def test_a_phone_number_is_understood_however_it_is_written(
    phone: str, wallet: str, national: str | None
) -> None:
    assert payers.national_number(phone, BY_ID[wallet]) == national
