"""The worker's part of pictures that lie elsewhere: fetched through the guard, kept as our own."""

import asyncio
import logging
import time

from tradewind.catalog.pictures import service as pictures
from tradewind.catalog.pictures.rules import ForeignPicture
from tradewind.contracts.errors import InvalidInput, MediaFault
from tradewind.contracts.media import address_of
from tradewind.database import Store
from tradewind.media import service as media
from tradewind.settings.engine import Engine
from tradewind_host.media import relative
from tradewind_host.media.fetching import fetched
from tradewind_host.media.keeping import picture_of

_LOG = logging.getLogger(__name__)
_AT_ONCE = 4
_TURN_SECONDS = 10.0


async def fetch_due(engine: Engine, store: Store, *, seconds: float = _TURN_SECONDS) -> bool:
    """Fetch pictures for a while, few at the same time; says whether there is more to do."""
    until = time.monotonic() + seconds
    while True:
        async with engine.database.transaction(store.id) as tx:
            found = await pictures.due(tx, _AT_ONCE)
        if not found:
            return False
        await asyncio.gather(*(_fetch(engine, store, one) for one in found))
        if time.monotonic() >= until:
            return True


async def catch_up(engine: Engine, store: Store) -> None:
    """Have fetched what is to be tried again by now."""
    async with engine.database.transaction(store.id) as tx:
        await pictures.catch_up(tx)


async def _fetch(engine: Engine, store: Store, one: ForeignPicture) -> None:
    """One picture. What is wrong with it stays its own affair, and is written down."""
    try:
        await _keep(engine, store, one)
    except InvalidInput as refused:
        codes = {error.code for error in refused.errors}
        await _failed(engine, store, one, refused.detail, for_good="not_reachable" not in codes)
    except MediaFault as fault:
        await _failed(engine, store, one, fault.detail, for_good=False)
    except Exception:  # noqa: BLE001 - one picture must not hold up the others
        _LOG.exception("a picture could not be fetched")
        await _failed(engine, store, one, "This went wrong here; see the log.", for_good=False)


async def _keep(engine: Engine, store: Store, one: ForeignPicture) -> None:
    ours = relative(engine.public_url, one.url)
    async with engine.database.transaction(store.id) as tx:
        copies = {one.url: ours} if ours != one.url else await pictures.kept(tx, [one.url])
        if one.url in copies:
            await pictures.show(tx, one, copies[one.url])
            return
    async with fetched(engine.http, one.url) as file:
        drawn = await picture_of(engine, store, file)
    async with engine.database.transaction(store.id) as tx:
        item, _ = await media.keep(tx, drawn)
        await pictures.show(tx, one, address_of(item.key))


async def _failed(
    engine: Engine, store: Store, one: ForeignPicture, words: str, *, for_good: bool
) -> None:
    async with engine.database.transaction(store.id) as tx:
        await pictures.failed(tx, one, words, for_good=for_good)
