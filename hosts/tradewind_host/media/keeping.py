"""What becomes of an upload: bytes in the media store, and their place in the store's list."""

import asyncio
import mimetypes
from concurrent.futures import ThreadPoolExecutor

from tradewind.contracts.media import PRIVATE, PUBLIC
from tradewind.database import Store
from tradewind.media import service
from tradewind.media.rules import MediaItem, MediaVariant
from tradewind.settings.engine import Engine
from tradewind_host.media.incoming import Incoming
from tradewind_host.media.pictures import Drawn, draw

# A picture of many pixels takes some hundred megabytes while it is drawn.
_DRAWING = ThreadPoolExecutor(max_workers=2, thread_name_prefix="drawing")


async def picture_of(engine: Engine, store: Store, file: Incoming) -> MediaItem:
    """Draw the sizes of a picture and put them into the media store; the list is not written.

    What is kept already, and still there, is not drawn again. Raises InvalidInput, MediaFault.
    """
    async with engine.database.transaction(store.id) as tx:
        known = await service.find(tx, "picture", file.digest)
    if known is not None and await engine.media.size(known.key) is not None:
        return known
    loop = asyncio.get_running_loop()
    whole, *narrower = await loop.run_in_executor(_DRAWING, draw, file.path, file.digest)
    folder = f"{PUBLIC}{store.slug}/"
    for one in (*narrower, whole):
        await engine.media.put(folder + one.name, one.content, one.content_type)
    return MediaItem(
        id=engine.database.new_id(),
        kind="picture",
        key=folder + whole.name,
        digest=file.digest,
        name=file.name,
        content_type=whole.content_type,
        bytes=len(whole.content),
        created_at=engine.clock.now(),
        width=whole.width,
        height=whole.height,
        variants=[_variant(folder, one) for one in narrower],
    )


async def file_of(engine: Engine, store: Store, file: Incoming) -> MediaItem:
    """Put a file into the media store, where nobody reads it without leave. Raises MediaFault."""
    key = f"{PRIVATE}{store.id}/{file.digest}"
    kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    if await engine.media.size(key) != file.size:
        await engine.media.put(key, file.path, kind)
    return MediaItem(
        id=engine.database.new_id(),
        kind="file",
        key=key,
        digest=file.digest,
        name=file.name,
        content_type=kind,
        bytes=file.size,
        created_at=engine.clock.now(),
    )


async def drop(engine: Engine, item: MediaItem) -> None:
    """Remove the bytes of an item that is off the list."""
    for key in item.keys:
        await engine.media.delete(key)


def _variant(folder: str, one: Drawn) -> MediaVariant:
    return MediaVariant(
        key=folder + one.name,
        content_type=one.content_type,
        width=one.width,
        height=one.height,
        bytes=len(one.content),
    )
