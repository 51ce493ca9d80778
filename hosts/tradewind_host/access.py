"""Who asks, for which store, and the way to its data: what every route of the two APIs receives."""

from contextlib import AbstractAsyncContextManager
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from litestar import Request, Response
from litestar.di import NamedDependency

from tradewind.contracts.errors import Unauthorized
from tradewind.database import Store, Transaction
from tradewind.database.directory import ApiKey
from tradewind.database.sessions import Session
from tradewind.settings.engine import Engine
from tradewind_host.idempotency import Claim, keep_answer, mark_done

T = TypeVar("T")


class Access:
    """One authenticated request. `customer_id` is whom a customer's session names, if one came."""

    def __init__(self, engine: Engine, key: ApiKey, customer_id: UUID | None = None) -> None:
        self.engine = engine
        self.key = key
        self.customer_id = customer_id
        self.session: Session | None = None
        self.claim: Claim | None = None

    @property
    def store(self) -> Store:
        """The store that the credential belongs to."""
        return self.key.store

    @property
    def actor(self) -> str:
        """Who acts, for the audit log and the timeline of an order: a key, or one of the staff."""
        return f"{'account' if self.key.kind == 'staff' else 'key'}:{self.key.id}"

    @property
    def credential(self) -> str:
        """Whose named requests these are: a signed-in customer's are nobody else's."""
        return self.actor if self.customer_id is None else f"{self.actor}:{self.customer_id}"

    def signed_in(self) -> UUID:
        """The customer whose session came with the request. Raises Unauthorized."""
        if self.customer_id is None:
            raise Unauthorized("Sign in first.")
        return self.customer_id

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """The transaction of this request's journey."""
        return self.engine.database.transaction(self.store.id)

    @property
    def done(self) -> bool:
        """Whether what is asked for was done before, under the same name, and not answered."""
        return self.claim is not None and self.claim.done

    async def mark_done(self, tx: Transaction) -> None:
        """Have a repetition of a named request do nothing but answer."""
        if self.claim is not None:
            await mark_done(tx, self.claim)

    async def answer(self, tx: Transaction, body: T, status: int = 200) -> Response[T]:
        """The answer, kept in the transaction of its effect when the caller named the request."""
        encoded = msgspec.json.encode(body)
        if self.claim is not None:
            await keep_answer(tx, self.claim, status, encoded)
        return _encoded(encoded, status)


def answered(body: T, status: int = 200) -> Response[T]:
    """An answer that nobody keeps."""
    return _encoded(msgspec.json.encode(body), status)


def _encoded(body: bytes, status: int) -> Response[Any]:
    return Response(body, status_code=status, media_type="application/json")


GivenAccess = NamedDependency[Access]


def provide_access(request: Request[Any, Any, Any]) -> Access:
    """What the door of the API found out before the route was called."""
    access: Access = request.scope["state"]["access"]
    return access
