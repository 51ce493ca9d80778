"""The addresses of hosted pages that are sent to shoppers, each with its signed token."""

from datetime import timedelta
from typing import Protocol
from urllib.parse import quote, urlencode
from uuid import UUID

import msgspec

from tradewind.checkout.rules import StartRequest
from tradewind.contracts.errors import NotFound
from tradewind.database import Store
from tradewind.downloads.rules import Download
from tradewind.settings.engine import Engine
from tradewind.settings.links import Purpose, allows, sign

LIFETIMES: dict[Purpose, timedelta] = {
    "pay": timedelta(days=7),
    "order": timedelta(days=180),
    "cart": timedelta(days=7),
}
"""How long a link opens its page."""

_OF = "."
"""Stands between a store's slug and what is signed; no part of either."""


class Linked(Protocol):
    """The part of an order that a link needs."""

    @property
    def id(self) -> UUID: ...
    @property
    def session_id(self) -> str | None: ...


def token_for(engine: Engine, store: Store, subject: UUID, purpose: Purpose) -> str:
    """A fresh token for one order or cart."""
    expires_at = engine.clock.now() + LIFETIMES[purpose]
    return sign(engine.keyring, store.id, subject, purpose, expires_at)


def bearer_token(engine: Engine, store: Store, order_id: UUID, purpose: Purpose) -> str:
    """A token that is handed to a program: it says by itself which store it is for."""
    return f"{store.slug}{_OF}{token_for(engine, store, order_id, purpose)}"


def slug_in(token: str) -> str:
    """The store that a token says it is for; nothing where it stands beside the token."""
    return token.rpartition(_OF)[0]


def opens(engine: Engine, store: Store, subject: UUID, purpose: Purpose, token: str) -> bool:
    """Whether a token allows this; one for paying also shows the order."""
    wanted: tuple[Purpose, ...] = ("order", "pay") if purpose == "order" else (purpose,)
    now, signed = engine.clock.now(), token.rpartition(_OF)[2]
    return any(allows(engine.keyring, store.id, subject, one, signed, now) for one in wanted)


def checkout_url(engine: Engine, store: Store, order: Linked) -> str:
    """Where a shopper pays an order that waits for its money; sent in chats and letters."""
    token = token_for(engine, store, order.id, "pay")
    session = {"session": order.session_id} if order.session_id else {}
    return _page(engine, store, "checkout", {**session, "order": str(order.id), "token": token})


def order_url(engine: Engine, store: Store, order_id: UUID, purpose: Purpose = "order") -> str:
    """Where a shopper sees how an order is getting on."""
    token = token_for(engine, store, order_id, purpose)
    return _page(engine, store, f"orders/{order_id}", {"token": token})


def download_url(engine: Engine, store: Store, download: Download) -> str:
    """Where a file that was bought is fetched, as long as it may be."""
    signed = sign(engine.keyring, store.id, download.id, "download", download.expires_at)
    return _page(engine, store, f"downloads/{download.id.hex}{_OF}{signed}", {})


def download_in(engine: Engine, store: Store, token: str) -> UUID:
    """The download that a token opens now. Raises NotFound."""
    name, _, signed = token.partition(_OF)
    try:
        download_id = UUID(hex=name)
    except ValueError:
        raise NotFound("This link opens nothing.") from None
    now = engine.clock.now()
    if not allows(engine.keyring, store.id, download_id, "download", signed, now):
        raise NotFound("This link opens nothing, or not any more.")
    return download_id


def coming_back(engine: Engine, store: Store, order: Linked, request: StartRequest) -> StartRequest:
    """The request, with the order's own pages for a payer to come back to where it names none.

    A payer who comes back without having paid may try again, so both links let the order be paid.
    """
    return msgspec.structs.replace(
        request,
        return_url=request.return_url or order_url(engine, store, order.id, "pay"),
        cancel_url=request.cancel_url or checkout_url(engine, store, order),
    )


def _page(engine: Engine, store: Store, page: str, query: dict[str, str]) -> str:
    asked = f"?{urlencode(query, safe=':')}" if query else ""
    return f"{engine.public_url}/store/{quote(store.slug)}/{page}{asked}"
