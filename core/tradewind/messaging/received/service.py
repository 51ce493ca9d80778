"""Fetch what a person sent, keep it as long as the store says, and forget it in time."""

import asyncio
import hashlib
import tempfile
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple, cast
from uuid import UUID

from tradewind.cases.plugins import record_failure
from tradewind.contracts.channel import Channel, FetchesMedia, MediaContent
from tradewind.contracts.context import StoreContext
from tradewind.contracts.errors import NotFound, PermanentFailure, Retry
from tradewind.contracts.settings import without_secrets
from tradewind.database.engine import Store, Transaction
from tradewind.database.sql import storable_text
from tradewind.media import service as media
from tradewind.media.rules import MediaItem
from tradewind.messaging.received import queries
from tradewind.messaging.received.rules import HEAD, bytes_in, key_of, name_of, type_of
from tradewind.outbox.jobs import Job
from tradewind.outbox.rules import wait
from tradewind.plugins import is_programming_error, told
from tradewind.settings.engine import Engine
from tradewind.stores.service import settings_of

KEEP = "keep_received"
"""The kind of jobs that fetch what a message brought."""

_SECONDS = 300.0
_BATCH = 100


class NotFetched(Exception):
    """A channel did not give what was sent; says why, without its secrets."""


class _TooLargeToKeep(Exception):
    """More came than the store keeps."""


class _Fetched(NamedTuple):
    path: Path
    digest: str
    size: int
    head: bytes


def wanted(channel: Channel[Any], content: object) -> bool:
    """Whether there is something to fetch."""
    return isinstance(content, MediaContent) and channel.capabilities.fetches_media


def job(store_id: UUID, plugin: str, message_id: UUID) -> Job:
    """The job that fetches what came with a message by a plugin's channel."""
    payload = {"plugin": plugin, "message_id": str(message_id)}
    return Job(kind=KEEP, payload=payload, store_id=store_id, dedupe_key=str(message_id))


async def keep(engine: Engine, store: Store, plugin: str, message_id: UUID, attempts: int) -> None:
    """Fetch what a message brought and keep it; what can never be had is noted on the message.

    Raises NotFetched, Retry or MediaFault to be tried again; `attempts` counts this one.
    """
    async with engine.database.transaction(store.id) as tx:
        content = await queries.content_of(tx, message_id)
        kept = await queries.is_kept(tx, message_id)
        settings = await settings_of(tx)
    if content is None or kept or not settings.inbound_media_days:
        return
    pieces, context = await _offered(engine, store, plugin, content)
    with tempfile.TemporaryDirectory(prefix="tradewind-") as folder:
        path, most = Path(folder) / "received", bytes_in(settings.inbound_media_megabytes)
        try:
            found = await _saved(pieces, path, most)
        except _TooLargeToKeep:
            words = f"It has more than {settings.inbound_media_megabytes} MB."
            await _note(engine, store, message_id, "media_too_large", words)
        except PermanentFailure as refused:
            words = without_secrets(refused.detail, context.settings)
            await _note(engine, store, message_id, "media_gone", words)
        except Exception as error:  # noqa: BLE001 - a plugin may raise anything
            words = told(error, context.settings)
            if is_programming_error(error):
                await record_failure(engine, store, plugin, "fetch_media", words)
            raise _again(error, attempts, words) from None
        else:
            await _put(engine, store, message_id, content, found)


async def _offered(
    engine: Engine, store: Store, plugin: str, content: MediaContent
) -> tuple[AsyncGenerator[bytes, None], StoreContext[Any]]:
    channel = engine.plugins.door(plugin)
    context = await engine.context_anyway(store, plugin)
    if context is None or channel is None:
        raise NotFetched("The plugin is switched on but cannot run just now.")
    return cast("FetchesMedia[Any]", channel).fetch_media(content, context), context


async def _saved(pieces: AsyncGenerator[bytes, None], path: Path, most: int) -> _Fetched:
    """Write the pieces down. Raises _TooLargeToKeep, or whatever the channel raises."""
    digest, size, head = hashlib.sha256(), 0, b""
    with path.open("wb") as file:
        async with asyncio.timeout(_SECONDS), aclosing(pieces):
            async for piece in pieces:
                size += len(piece)
                if size > most:
                    raise _TooLargeToKeep
                head = head if len(head) >= HEAD else (head + piece)[:HEAD]
                digest.update(piece)
                await asyncio.to_thread(file.write, piece)
    return _Fetched(path, digest.hexdigest(), size, head)


async def _put(
    engine: Engine, store: Store, message_id: UUID, content: MediaContent, found: _Fetched
) -> None:
    """Keep the bytes, and only then the row; who was erased meanwhile leaves neither."""
    media_type = type_of(found.head, content.kind)
    item = MediaItem(
        id=message_id,
        kind="received",
        key=key_of(store.id, message_id),
        digest=found.digest,
        name=storable_text(name_of(content, media_type)),
        content_type=media_type,
        bytes=found.size,
        created_at=engine.clock.now(),
    )
    await engine.media.put(item.key, found.path, media_type)
    async with engine.database.transaction(store.id) as tx:
        if await queries.content_of(tx, message_id) is not None:
            await media.keep_received(tx, item)
            return
    await engine.media.delete(item.key)


async def _note(engine: Engine, store: Store, message_id: UUID, code: str, words: str) -> None:
    async with engine.database.transaction(store.id) as tx:
        await queries.add_failure(tx, message_id, code, storable_text(words, 1000))


def _again(error: Exception, attempts: int, words: str) -> Exception:
    """The failure without secrets; it is tried again for a day, and no sooner than was asked."""
    if isinstance(error, Retry):
        return Retry(max(error.after, wait(attempts).total_seconds()), words)
    return NotFetched(words)


async def get(tx: Transaction, message_id: UUID) -> MediaItem:
    """What came with a message and is kept. Raises NotFound."""
    item = await media.get_item(tx, message_id)
    if item.kind != "received":
        raise NotFound("There is no such picture or file.")
    return item


async def forget(engine: Engine, store: Store, message_id: UUID) -> MediaItem:
    """Forget what came with one message; what it was. Raises NotFound."""
    async with engine.database.transaction(store.id) as tx:
        item = await get(tx, message_id)
    await engine.media.delete(item.key)
    async with engine.database.transaction(store.id) as tx:
        await media.forget_received(tx, [message_id])
    return item


async def forget_old(engine: Engine, store: Store) -> None:
    """Forget what was kept for as long as the store says."""

    async def found(tx: Transaction) -> Sequence[UUID]:
        days = (await settings_of(tx)).inbound_media_days
        return await media.received_before(tx, tx.now - timedelta(days=days), _BATCH)

    await _forget(engine, store, found)


async def forget_all_of(engine: Engine, store: Store, customer_id: UUID) -> None:
    """Forget everything that a customer has sent, on any channel."""
    await _forget(engine, store, lambda tx: queries.ids_of(tx, customer_id, _BATCH))


async def _forget(
    engine: Engine, store: Store, find: Callable[[Transaction], Awaitable[Sequence[UUID]]]
) -> None:
    """The bytes first: what is stopped half-way is still on the list, and done again."""
    while True:
        async with engine.database.transaction(store.id) as tx:
            found = await find(tx)
        for message_id in found:
            await engine.media.delete(key_of(store.id, message_id))
        async with engine.database.transaction(store.id) as tx:
            await media.forget_received(tx, found)
        if len(found) < _BATCH:
            return
