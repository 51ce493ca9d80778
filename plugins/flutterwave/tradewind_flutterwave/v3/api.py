"""Calls to the v3 API: a secret key as bearer, and an envelope around every answer."""

from collections.abc import Mapping
from typing import Any, TypeVar

from tradewind import ProviderFault
from tradewind_flutterwave import wire
from tradewind_flutterwave.calls import Answer, Call, Context, read, understood

T = TypeVar("T")

_UNKNOWN = ("no transaction was found", "transaction not found")


def call(context: Context, method: str, *parts: str, **more: Any) -> Call:
    """A call to this store's account. Raises ProviderFault without a key."""
    settings = context.settings
    if not settings.secret_key:
        raise ProviderFault("Flutterwave's secret key is missing.", permanent=True)
    return Call(
        method=method,
        url="/".join((settings.base("v3"), *parts)),
        headers={"Authorization": f"Bearer {settings.secret_key}"},
        **more,
    )


async def ask(context: Context, where: str, params: Mapping[str, str], kind: type[T]) -> T | None:
    """Read something; None where Flutterwave has nothing. Raises ProviderFault."""
    answer = await read(context, call(context, "GET", where, params=params))
    if _is_nothing(answer):
        return None
    if answer.refused:
        raise ProviderFault(words(answer), permanent=False, provider_code=str(answer.status))
    return understood(answer, wire.Envelope[kind]).data  # type: ignore[valid-type]


def _is_nothing(answer: Answer) -> bool:
    """Whether Flutterwave does not know what was asked after; it says so with 404 or 400.

    Any other refusal, such as of a parameter, tells nothing of whether money came.
    """
    unknown = answer.status == 400 and words(answer).lower().startswith(_UNKNOWN)
    return answer.status == 404 or unknown


def words(answer: Answer) -> str:
    """Flutterwave's own words about a refusal."""
    said = wire.read(answer.body, wire.Said)
    return (said and said.message) or f"Flutterwave answered {answer.status}."


async def balances(context: Context) -> str:
    """Prove that the key opens the account; returns the mode it is for. Raises ProviderFault."""
    answer = await read(context, call(context, "GET", "balances"))
    if answer.refused:
        raise ProviderFault(words(answer), permanent=True)
    return "test" if "_TEST" in context.settings.secret_key else "live"
