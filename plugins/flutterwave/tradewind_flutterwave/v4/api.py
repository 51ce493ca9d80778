"""Calls to the v4 API: a token as bearer, and an idempotency key on everything that changes."""

import hashlib
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from tradewind import PaymentResult, ProviderFault
from tradewind_flutterwave import calls, wire
from tradewind_flutterwave.calls import READ_SECONDS, Answer, Call, Context
from tradewind_flutterwave.outcomes import declined
from tradewind_flutterwave.v4.tokens import Tokens

T = TypeVar("T")

_UNAUTHORIZED = "401"
_NOT_THERE = frozenset({400, 404, 422})


class Api(msgspec.Struct, frozen=True):
    """One store's account with v4."""

    context: Context
    tokens: Tokens

    async def get(
        self, where: str, kind: type[T], params: Mapping[str, str] | None = None
    ) -> T | None:
        """Read something; None where Flutterwave has nothing. Raises ProviderFault."""
        try:
            answer = await self._send(where, params=params or {}, method="GET")
        except calls.Lost as lost:
            raise ProviderFault(str(lost), permanent=False) from lost
        if answer.status in _NOT_THERE:
            return None
        if answer.refused:
            raise ProviderFault(problem(answer).message, permanent=False)
        return calls.understood(answer, wire.Envelope[kind]).data  # type: ignore[valid-type]

    async def post(
        self, where: str, body: Mapping[str, Any], key: str, seconds: float = READ_SECONDS
    ) -> Answer:
        """Change something once for each `key`. Raises ProviderFault, Lost."""
        headers = {"X-Idempotency-Key": key}
        return await self._send(where, method="POST", body=body, headers=headers, seconds=seconds)

    async def _send(self, where: str, headers: Mapping[str, str] = {}, **more: Any) -> Answer:
        """Send with a token; one that is refused before its time is replaced once."""
        url = f"{self.context.settings.base('v4')}/{where}"
        token = await self.tokens.token(self.context)
        try:
            return await calls.send(self.context, _call(url, token, headers, more))
        except ProviderFault as fault:
            if fault.provider_code != _UNAUTHORIZED:
                raise
        self.tokens.forget(self.context, token)
        token = await self.tokens.token(self.context)
        return await calls.send(self.context, _call(url, token, headers, more))


def key(operation_id: str, step: str) -> str:
    """The idempotency key of one step of an operation: 64 letters and digits."""
    return hashlib.sha256(f"{operation_id}:{step}".encode()).hexdigest()


def problem(answer: Answer) -> wire.Problem:
    """Flutterwave's own code and words about a refusal."""
    refusal = wire.read(answer.body, wire.Refusal)
    words = f"Flutterwave answered {answer.status}."
    return refusal.error if refusal else wire.Problem(message=words)


def refusal(answer: Answer, provider_ref: str | None = None) -> PaymentResult:
    """A decline in Flutterwave's own words."""
    why = problem(answer)
    return declined(why.code or "refused", why.message, provider_ref)


def _call(url: str, token: str, headers: Mapping[str, str], more: Mapping[str, Any]) -> Call:
    return Call(url=url, headers={"Authorization": f"Bearer {token}", **headers}, **more)
