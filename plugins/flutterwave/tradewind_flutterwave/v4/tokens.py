"""Access tokens of v4: one for each store and process, fetched once however many ask."""

import asyncio
from collections import defaultdict
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from tradewind import ProviderFault
from tradewind_flutterwave import wire
from tradewind_flutterwave.calls import Call, Context, read, understood
from tradewind_flutterwave.settings import FlutterwaveSettings

_EARLY = timedelta(minutes=1)


class _Kept(msgspec.Struct, frozen=True):
    account: tuple[str, str, str]
    token: str
    until: datetime


class Tokens:
    """Keeps tokens until a minute before they end, or until the credentials change."""

    def __init__(self) -> None:
        self._kept: dict[UUID, _Kept] = {}
        self._locks: defaultdict[UUID, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def token(self, context: Context) -> str:
        """A token that opens this store's account. Raises ProviderFault."""
        store, account = context.store.id, _account(context.settings)
        async with self._locks[store]:
            kept = self._kept.get(store)
            if kept is None or kept.account != account or kept.until <= context.clock.now():
                kept = self._kept[store] = await _fetched(context, account)
            return kept.token

    def forget(self, context: Context, token: str) -> None:
        """A token was refused; unless there is another by now, the next one is fetched anew."""
        kept = self._kept.get(context.store.id)
        if kept is not None and kept.token == token:
            del self._kept[context.store.id]


def _account(settings: FlutterwaveSettings) -> tuple[str, str, str]:
    return settings.token_url, settings.client_id, settings.client_secret


async def _fetched(context: Context, account: tuple[str, str, str]) -> _Kept:
    url, client_id, client_secret = account
    if not client_id or not client_secret:
        raise ProviderFault("Flutterwave's client id or secret is missing.", permanent=True)
    form = {
        "client_id": client_id,
        "client_secret": client_secret,
        "grant_type": "client_credentials",
    }
    answer = await read(context, Call(method="POST", url=url, form=form))
    if answer.refused:
        words = "Flutterwave does not accept the client id and secret."
        raise ProviderFault(words, permanent=True, provider_code=str(answer.status))
    token = understood(answer, wire.Token)
    until = context.clock.now() + timedelta(seconds=token.expires_in) - _EARLY
    return _Kept(account, token.access_token, until)
