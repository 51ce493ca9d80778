"""Stripe's SDK, one client for each account, and what its errors mean.

A call that cannot be answered now or ever raises `ProviderFault`; what Stripe answers with a no
raises `Refused`. An answer that was lost is a fault that passes: every writing call has a key of
its own, under which it may be repeated.
"""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import parse_qs
from weakref import WeakKeyDictionary

import msgspec
import stripe
from stripe import HTTPClient, HTTPXClient, StripeClient, StripeObject

from tradewind import ProviderFault, StoreContext
from tradewind_stripe.settings import StripeSettings

Context = StoreContext[StripeSettings]
T = TypeVar("T")

SECONDS = 8.0
"""The engine gives a call 20 seconds; a repeated one must fit."""

_REPEATS = 1

# The SDK would write a number for this machine into the home folder and send it with every call.
stripe.enable_telemetry = False

# At lower levels it logs whole answers, and those hold client secrets.
logging.getLogger("stripe").setLevel(logging.WARNING)


class Refused(Exception):
    """Stripe's no. `code` is Stripe's own, `reused` a key that stands for another request."""

    def __init__(self, error: stripe.StripeError) -> None:
        self.code = error.code or "refused"
        self.words = error.user_message or "Stripe does not take this."
        self.missing = error.http_status == 404
        self.reused = isinstance(error, stripe.IdempotencyError)
        super().__init__(f"{self.code}: {self.words}")

    def fault(self, *, permanent: bool = False) -> ProviderFault:
        """The same where there is nothing else to be made of it."""
        return ProviderFault(self.words, permanent=permanent, provider_code=self.code)


class Clients:
    """A client for each account; those of one process share its connections."""

    def __init__(self, make: Callable[[], HTTPClient] | None = None) -> None:
        self._make = make or _http
        self._lines: WeakKeyDictionary[Any, _Line] = WeakKeyDictionary()

    def of(self, context: Context) -> StripeClient:
        """The account of a store. Raises ProviderFault without a key."""
        settings = context.settings
        if not settings.secret_key:
            raise ProviderFault("Stripe's secret key is missing.", permanent=True)
        line = self._lines.get(context.http)
        if line is None:
            line = self._lines[context.http] = _Line(self._make())
        return line.client(settings.secret_key, settings.api_base.rstrip("/"))

    async def close(self, http: Any) -> None:
        """Give the connections of a process back; it is known by the client that it shares."""
        line = self._lines.pop(http, None)
        if line is not None:
            await line.http.close_async()  # type: ignore[no-untyped-call]


class _Line:
    """The connections of one process, and who speaks over them."""

    def __init__(self, http: HTTPClient) -> None:
        self.http = http
        self._accounts: dict[tuple[str, str], StripeClient] = {}

    def client(self, key: str, base: str) -> StripeClient:
        found = self._accounts.get((key, base))
        if found is None:
            found = self._accounts[key, base] = StripeClient(
                key,
                http_client=self.http,
                max_network_retries=_REPEATS,
                base_addresses={"api": base} if base else None,
            )
        return found


class _Http(HTTPXClient):
    """Hands httpx a form as a form; as text, as the SDK has it, httpx warns of it."""

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        form = parse_qs(post_data, keep_blank_values=True) if post_data else None
        return await super().request_async(method, url, headers, form)


def _http() -> HTTPClient:
    return _Http(timeout=SECONDS, allow_sync_methods=False)


async def asked(call: Awaitable[StripeObject], kind: type[T]) -> T:
    """An answer of Stripe's as a struct. Raises Refused, ProviderFault."""
    return _understood(await _answer(call), kind)


async def read(call: Awaitable[StripeObject], kind: type[T]) -> T:
    """An object that must be there. Raises ProviderFault."""
    return _understood(await _read(call), kind)


async def found(call: Awaitable[StripeObject], kind: type[T]) -> T | None:
    """An object, or None where Stripe knows of none. Raises ProviderFault."""
    try:
        return await asked(call, kind)
    except Refused as refused:
        if refused.missing:
            return None
        raise refused.fault() from refused


async def listed(call: Awaitable[Any], kind: type[T], pages: int) -> AsyncIterator[T | None]:
    """What a list holds, page by page; None at last where there are more than `pages`.

    Raises ProviderFault.
    """
    page = await _read(call)
    for number in range(1, pages + 1):
        for one in page.data:
            yield _understood(one, kind)
        if not page.has_more:
            return
        if number < pages:
            page = await _read(page.next_page_async())
    yield None


async def _read(call: Awaitable[Any]) -> Any:
    try:
        return await _answer(call)
    except Refused as refused:
        raise refused.fault() from refused


def _understood(answer: StripeObject, kind: type[T]) -> T:
    """A struct of an object. Raises ProviderFault for one that cannot be read."""
    try:
        return msgspec.convert(answer.to_dict(), kind)
    except msgspec.ValidationError as odd:
        raise ProviderFault(f"Stripe's answer cannot be read: {odd}", permanent=False) from odd


async def _answer(call: Awaitable[Any]) -> Any:
    try:
        return await call
    except stripe.StripeError as error:
        raise _meaning(error) from error


def _meaning(error: stripe.StripeError) -> ProviderFault | Refused:
    status, code = error.http_status, error.code or str(error.http_status or "")
    if isinstance(error, stripe.AuthenticationError | stripe.PermissionError):
        words = "Stripe does not accept the secret key, or not for this."
        return ProviderFault(words, permanent=True, provider_code=code)
    if isinstance(error, stripe.APIConnectionError):
        return ProviderFault("No answer from Stripe.", permanent=False, provider_code="no_answer")
    if status is not None and 400 <= status < 500 and status not in _PASSING:
        return Refused(error)
    words = f"Stripe answered {status}."
    return ProviderFault(words, permanent=False, provider_code=code)


_PASSING = frozenset({408, 409, 425, 429})
