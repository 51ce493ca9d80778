"""Which machines a mail server may be on: a merchant must not reach the host's own network.

The address that was checked is the one that is connected to, so a name that resolves to something
else a moment later gains nothing.
"""

import asyncio
import socket
from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any, NamedTuple

from tradewind import ChannelDown, Retry

Address = IPv4Address | IPv6Address

_NAT64 = IPv6Network("64:ff9b::/96")
_LOCAL_NAT64 = IPv6Network("64:ff9b:1::/48")
_SOON = 30.0


class Place(NamedTuple):
    """Where to connect to."""

    family: int
    address: Any


async def connect(host: str, port: int, *, private: bool) -> socket.socket:
    """A connection to the first address of `host` that answers.

    `private` lets it be on this machine or in a private network. Raises ChannelDown when the host
    is unknown or may not be reached, Retry when nobody answers.
    """
    places = await _found(host, port)
    allowed = [place for place in places if private or is_public(place.address[0])]
    if not allowed:
        raise ChannelDown(f"{host} is in a private network; only the operator may allow that.")
    problem: OSError | None = None
    for place in allowed:
        try:
            return await _connected(place)
        except OSError as error:
            problem = error
    raise Retry(_SOON, f"{host} cannot be reached on port {port}: {problem}")


async def _found(host: str, port: int) -> Sequence[Place]:
    loop = asyncio.get_running_loop()
    try:
        infos = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        if isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN:
            raise Retry(_SOON, f"The address of {host} cannot be looked up just now.") from None
        raise ChannelDown(f"There is no host called {host}.") from None
    return [Place(family, address) for family, _, _, _, address in infos]


async def _connected(place: Place) -> socket.socket:
    connection = socket.socket(place.family, socket.SOCK_STREAM)
    try:
        connection.setblocking(False)
        await asyncio.get_running_loop().sock_connect(connection, place.address)
    except BaseException:
        connection.close()
        raise
    return connection


def is_public(address: str) -> bool:
    """Whether an address is somebody's on the internet, also behind what it stands for."""
    return all(_is_public(one) for one in _meant(ip_address(address.partition("%")[0])))


def _meant(address: Address) -> Iterator[Address]:
    """The addresses that packets to this one may end up at."""
    if isinstance(address, IPv4Address):
        yield address
    elif address.ipv4_mapped is not None:
        yield address.ipv4_mapped
    else:
        yield address
        if address.sixtofour is not None:
            yield address.sixtofour
        if address in _NAT64:
            yield IPv4Address(int(address) & 0xFFFFFFFF)


def _is_public(address: Address) -> bool:
    if isinstance(address, IPv6Address):
        if address in _NAT64:
            return True
        if address.is_site_local or address in _LOCAL_NAT64:
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved
