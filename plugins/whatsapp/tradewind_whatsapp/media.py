"""What a person sent, fetched from Meta: an address that lives five minutes, then the bytes.

Meta: "Media", WhatsApp Cloud API. The token goes to both, so the address must be one of https, or
lie on the host that the account's calls go to.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from urllib.parse import urlsplit

from tradewind import MediaContent, PermanentFailure, Retry, StoreContext
from tradewind_whatsapp import graph
from tradewind_whatsapp.settings import WhatsAppSettings

_AFTER_ODD_ANSWER = 5.0


async def fetch(
    content: MediaContent, context: StoreContext[WhatsAppSettings]
) -> AsyncGenerator[bytes, None]:
    """The bytes of a picture, sound, film, file or sticker. Raises a ChannelError."""
    if not (content.ref.isascii() and content.ref.isalnum()):
        raise PermanentFailure("This is no media id of Meta.")
    url = await graph.media_url(context, content.ref)
    if not url:
        raise Retry(_AFTER_ODD_ANSWER, "answer without an address")
    if not _is_trusted(url, context.settings.api_base):
        raise PermanentFailure("The address of the file is not one of https.")
    async with aclosing(graph.download(context, url)) as pieces:
        async for piece in pieces:
            yield piece


def _is_trusted(url: str, api_base: str) -> bool:
    ours, theirs = urlsplit(api_base), urlsplit(url)
    return theirs.scheme == "https" or ours[:2] == theirs[:2]
