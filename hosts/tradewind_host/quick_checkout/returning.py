"""Where a payer may be sent after paying: to pages that the store's key knows, and to ours."""

from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from tradewind.contracts.errors import FieldError, InvalidInput
from tradewind.settings.engine import Engine
from tradewind_host.config import Config

_PORTS = {"http": 80, "https": 443}


def check_returns(urls: Mapping[str, str], listed: Iterable[str]) -> None:
    """Raises InvalidInput naming each address that is not on a listed origin.

    `*` in the list is every origin. An empty address is none.
    """
    listed = set(listed)
    errors = [
        FieldError(name, "invalid", "A web address on an origin that the key lists.")
        for name, url in urls.items()
        if url and not is_on(url, listed)
    ]
    if errors:
        raise InvalidInput("Nobody is sent there from here.", errors=errors)


def known_origins(engine: Engine, config: Config, origins: Iterable[str]) -> set[str]:
    """Origins that payers may be sent back to; while developing, every one."""
    anywhere = ("*",) if config.environment == "development" else ()
    return {*origins, engine.public_url, *anywhere}


def is_on(url: str, listed: Iterable[str]) -> bool:
    """Whether an address is on one of these origins; `*` is every origin."""
    origin, listed = origin_of(url), set(listed)
    return origin != "" and ("*" in listed or origin in {origin_of(one) for one in listed})


def origin_of(url: str) -> str:
    """`https://shop.example` of a web address; nothing where it is none that browsers agree on."""
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        return ""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        return ""
    if parts.scheme not in _PORTS or not parts.hostname or "@" in parts.netloc:
        return ""
    return f"{parts.scheme}://{parts.hostname}:{port}"
