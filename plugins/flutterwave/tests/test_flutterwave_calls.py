"""Calls end in time, and what cannot be sent is no mystery."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tradewind import ProviderFault
from tradewind.testing.context import BareContext
from tradewind_flutterwave import FlutterwaveSettings, calls
from tradewind_flutterwave.calls import Call, Lost

URL = "https://api.example/v3/charges"


async def forever(request: httpx.Request) -> httpx.Response:
    await asyncio.Event().wait()
    raise AssertionError


async def test_a_call_that_is_never_answered_is_given_up(context: Callable[..., Any]) -> None:
    call = Call(method="POST", url=URL, seconds=0.01)
    async with asyncio.timeout(5):
        with pytest.raises(Lost):
            await calls.send(context(forever), call)
        with pytest.raises(ProviderFault) as raised:
            await calls.read(context(forever), call)
    assert not raised.value.permanent


def test_a_call_and_its_look_ups_end_before_the_engine_gives_up() -> None:
    assert 2 * calls.READ_SECONDS + calls.WRITE_SECONDS < 20


@pytest.mark.parametrize("url", ["https://host:port/v3", "127.0.0.1/v3", "ftp://host/v3", "/v3"])
async def test_an_address_that_is_none_is_a_lasting_fault(
    url: str, settings: Callable[..., FlutterwaveSettings]
) -> None:
    asked = BareContext(settings(), transport=httpx.AsyncHTTPTransport())
    with pytest.raises(ProviderFault) as raised:
        await calls.send(asked, Call(method="POST", url=url))
    assert raised.value.permanent
    await asked.http.aclose()


def test_a_part_of_a_path_stays_one_part() -> None:
    assert calls.path("transactions", "../balances?x", "verify") == (
        "transactions/..%2Fbalances%3Fx/verify"
    )
