"""Fetching a picture from an address that a merchant named, without reaching into our own network.

The name is looked up once and the connection goes to that very address, so a name that answers
differently the second time leads nowhere. Redirects are not followed.
"""

import asyncio
import hashlib
import socket
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from pathlib import Path
from urllib.parse import unquote, urlsplit

import httpx

from tradewind.contracts.errors import FieldError, InvalidInput
from tradewind_host.media.incoming import Incoming, named
from tradewind_host.media.pictures import LARGEST

Resolve = Callable[[str], Awaitable[Sequence[str]]]

_SECONDS = 20.0
_HTTPS = 443
# Addresses that carry another one within, which may be a private one.
_TRANSLATED = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"), IPv6Network("2002::/16"))


async def resolve(host: str) -> Sequence[str]:
    """The network addresses of a host's name. Raises OSError."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, _HTTPS, type=socket.SOCK_STREAM)
    return [str(one[4][0]) for one in found]


@asynccontextmanager
async def fetched(
    http: httpx.AsyncClient, url: str, find: Resolve | None = None
) -> AsyncIterator[Incoming]:
    """What lies at a public https address, in a file that is gone afterwards.

    Raises InvalidInput `not_reachable` or `too_large` of the field `url`.
    """
    host, path_asked = _places(url)
    with tempfile.TemporaryDirectory(prefix="tradewind-") as folder:
        path = Path(folder) / "fetched"
        try:
            async with asyncio.timeout(_SECONDS):
                address = await _public(host, find or resolve)
                digest, size = await _save(http, url, host, address, path)
        except (OSError, TimeoutError, UnicodeError, httpx.HTTPError, httpx.InvalidURL):
            raise _refused("This address cannot be reached.") from None
        yield Incoming(path, named(unquote(path_asked)), digest, size)


def _places(url: str) -> tuple[str, str]:
    """The host, as it is written on the wire, and the path of an https address."""
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").encode("idna").decode("ascii"), parts.port
    except ValueError:
        raise _refused("This is no address of the web.") from None
    if parts.scheme != "https" or not host or parts.username or port not in {None, _HTTPS}:
        raise _refused("Only an https address of the public web can be fetched.")
    return host, parts.path


async def _public(host: str, find: Resolve) -> str:
    """One address of a host, all of whose addresses are public."""
    found = await find(host)
    if not found or not all(is_public(one) for one in found):
        raise _refused("Only an https address of the public web can be fetched.")
    return found[0]


def is_public(text: str) -> bool:
    """Whether an address of the network is one of the public internet."""
    try:
        address: IPv4Address | IPv6Address = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv6Address):
        if any(address in network for network in _TRANSLATED):
            return False
        address = address.ipv4_mapped or address
        if isinstance(address, IPv6Address) and address.is_site_local:
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


async def _save(
    http: httpx.AsyncClient, url: str, host: str, address: str, path: Path
) -> tuple[str, int]:
    parts = urlsplit(url)
    place = f"[{address}]" if ":" in address else address
    request = http.build_request(
        "GET",
        parts._replace(netloc=place).geturl(),
        headers={"host": host, "accept": "image/*", "accept-encoding": "identity"},
        extensions={"sni_hostname": host},
    )
    answer = await http.send(request, stream=True, follow_redirects=False)
    try:
        if not answer.is_success or answer.is_redirect:
            raise _refused("There is no picture at this address.")
        # A few bytes that are packed may be very many.
        if answer.headers.get("content-encoding", "identity") != "identity":
            raise _refused("What lies at this address is packed.")
        digest, size = hashlib.sha256(), 0
        with path.open("wb") as file:
            async for piece in answer.aiter_bytes():
                size += len(piece)
                if size > LARGEST:
                    raise _too_large()
                digest.update(piece)
                await asyncio.to_thread(file.write, piece)
    finally:
        await answer.aclose()
    return digest.hexdigest(), size


def _refused(words: str) -> InvalidInput:
    return InvalidInput(words, errors=[FieldError("url", "not_reachable", words)])


def _too_large() -> InvalidInput:
    words = f"A picture has {LARGEST // 1024 // 1024} MB at most."
    return InvalidInput(words, errors=[FieldError("url", "too_large", words)])
