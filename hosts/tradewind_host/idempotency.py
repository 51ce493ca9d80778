"""`Idempotency-Key`: a named request takes effect once, and its answer can be asked for again.

The name is claimed in a short transaction of its own. A claim whose lease ran out may be taken
over by the same request; answers of a fault of ours (5xx) are not kept.
"""

import hashlib
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
from litestar.datastructures import Headers
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from tradewind.contracts.errors import Conflict, FieldError, InvalidInput
from tradewind.database import Database, Store, Transaction
from tradewind.settings.engine import Engine
from tradewind.settings.keyring import SecretUnreadable
from tradewind_host.problems import MEDIA_TYPE, problem

HEADER = "idempotency-key"
LEASE = timedelta(seconds=60)
KEPT = timedelta(hours=24)
UNSAFE = frozenset(("POST", "PUT", "PATCH", "DELETE"))
_LONGEST = 255


class Claim(msgspec.Struct, kw_only=True):
    """A name that is ours to act under; `kept` once its answer is stored.

    `operation_id` stays the same when the claim is taken over. The answer to a `private` request
    holds a secret and is not stored; that it was given is. `done`: the effect stands already, and
    its answer is all that is missing.
    """

    store_id: UUID
    credential: str
    key: str
    operation_id: UUID
    kept: bool = False
    private: bool = False
    done: bool = False


class Stored(msgspec.Struct, frozen=True):
    """What the same request was answered before."""

    status: int
    body: bytes


_CLAIM = """
    INSERT INTO shop.idempotency_keys AS k
        (store_id, credential, key, fingerprint, operation_id, leased_until, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT (store_id, credential, key) DO UPDATE
    SET fingerprint = excluded.fingerprint, leased_until = excluded.leased_until,
        operation_id = CASE WHEN k.created_at < $8 THEN excluded.operation_id
                            ELSE k.operation_id END,
        created_at = CASE WHEN k.created_at < $8 THEN excluded.created_at ELSE k.created_at END,
        response_body = CASE WHEN k.created_at < $8 THEN NULL ELSE k.response_body END,
        response_status = NULL
    WHERE k.created_at < $8
       OR (k.response_status IS NULL AND k.leased_until < $7
           AND k.fingerprint = excluded.fingerprint)
    RETURNING operation_id, response_body IS NOT NULL AS done
"""


async def claim(
    database: Database, store_id: UUID, credential: str, key: str, fingerprint: bytes
) -> Claim | Stored:
    """Take a name, or give the answer it got before.

    Raises InvalidInput `idempotency_key_reused` for another request under the same name, and
    Conflict `in_progress` while the first one is still being worked on.
    """
    async with database.transaction(store_id) as tx:
        row = await tx.fetchrow(
            _CLAIM,
            store_id,
            credential,
            key,
            fingerprint,
            tx.new_id(),
            tx.now + LEASE,
            tx.now,
            tx.now - KEPT,
        )
        if row is not None:
            return Claim(store_id=store_id, credential=credential, key=key, **dict(row))
        return await _stored(tx, credential, key, fingerprint)


async def _stored(tx: Transaction, credential: str, key: str, fingerprint: bytes) -> Stored:
    row = await tx.fetchrow(
        """SELECT fingerprint, response_status, response_body FROM shop.idempotency_keys
           WHERE store_id = $1 AND credential = $2 AND key = $3""",
        tx.store_id,
        credential,
        key,
    )
    if row is not None and row["fingerprint"] != fingerprint:
        raise InvalidInput(
            "This Idempotency-Key was used for another request.", code="idempotency_key_reused"
        )
    if row is None or row["response_status"] is None:
        raise Conflict("The same request is still being worked on.", code="in_progress")
    try:
        return Stored(row["response_status"], tx.vault.decrypt(row["response_body"]))
    except SecretUnreadable:
        raise _not_kept() from None


def _not_kept() -> Conflict:
    return Conflict("This was done; its answer is shown only once.", code="answer_not_kept")


async def keep_answer(tx: Transaction, claim: Claim, status: int, body: bytes) -> None:
    """Store the answer, encrypted, in the transaction of its effect."""
    await tx.execute(
        """UPDATE shop.idempotency_keys
           SET response_status = $5, response_body = $6, leased_until = NULL
           WHERE store_id = $1 AND credential = $2 AND key = $3 AND operation_id = $4""",
        tx.store_id,
        claim.credential,
        claim.key,
        claim.operation_id,
        status,
        tx.vault.encrypt(body),
    )
    tx.after_commit(lambda: setattr(claim, "kept", True))


async def mark_done(tx: Transaction, claim: Claim) -> None:
    """Note, in the transaction of the effect, that the answer is all that is missing.

    Whoever takes the claim over finds it `done`.
    """
    await tx.execute(
        """UPDATE shop.idempotency_keys SET response_body = ''
           WHERE store_id = $1 AND credential = $2 AND key = $3 AND operation_id = $4""",
        tx.store_id,
        claim.credential,
        claim.key,
        claim.operation_id,
    )


async def let_go(database: Database, claim: Claim) -> None:
    """End the lease without an answer, so that the same request may be tried again at once."""
    async with database.transaction(claim.store_id) as tx:
        await tx.execute(
            """UPDATE shop.idempotency_keys SET leased_until = $5
               WHERE store_id = $1 AND credential = $2 AND key = $3 AND operation_id = $4
                 AND response_status IS NULL""",
            tx.store_id,
            claim.credential,
            claim.key,
            claim.operation_id,
            tx.now - timedelta(seconds=1),
        )


async def forget_old(engine: Engine, store: Store) -> None:
    """Remove answers of a store that are given no more."""
    async with engine.database.transaction(store.id) as tx:
        await tx.execute(
            "DELETE FROM shop.idempotency_keys WHERE store_id = $1 AND created_at < $2",
            store.id,
            tx.now - KEPT,
        )


class Idempotency:
    """The ASGI layer between a named request and its route; stands behind the credentials."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Claim, replay or pass on."""
        unsafe = scope["method"] in UNSAFE  # type: ignore[typeddict-item]
        key = Headers.from_scope(scope).get(HEADER) if unsafe else None
        if key is None:
            await self._app(scope, receive, send)
            return
        if not key or len(key) > _LONGEST or not key.isprintable():
            raise _bad_key()
        body = await read_body(receive)
        if body is None:
            return
        access: Any = scope["state"]["access"]
        database = access.engine.database
        found = await claim(
            database, access.store.id, access.credential, key, _fingerprint(scope, body)
        )
        if isinstance(found, Stored):
            await _replay(found, send)
            return
        access.claim = found
        await self._act(scope, body, send, database, found)

    async def _act(
        self, scope: Scope, body: bytes, send: Send, database: Database, held: Claim
    ) -> None:
        heard: list[Message] = []

        async def hold(message: Message) -> None:
            heard.append(message)

        try:
            await self._app(scope, again(body), hold)
        except BaseException:
            await let_go(database, held)
            raise
        await _settle(database, held, heard)
        for message in heard:
            await send(message)


def _bad_key() -> InvalidInput:
    wrong = FieldError(HEADER, "invalid_value", f"1 to {_LONGEST} printable characters.")
    return InvalidInput("The Idempotency-Key cannot be used.", errors=[wrong])


async def _settle(database: Database, held: Claim, heard: Sequence[Message]) -> None:
    """Keep the answer if the route has not; a fault of ours, or "come back later", is not kept."""
    if held.kept:
        return
    status, headers, body = _answer_in(heard)
    if status >= 500 or b"retry-after" in headers:
        await let_go(database, held)
        return
    if held.private and status < 400:
        gone = problem(409, "answer_not_kept", _not_kept().detail)
        status, body = gone.status_code or 409, gone.content
    async with database.transaction(held.store_id) as tx:
        await keep_answer(tx, held, status, body)


def _answer_in(heard: Sequence[Message]) -> tuple[int, set[bytes], bytes]:
    status, headers, body = 500, set[bytes](), b""
    for message in heard:
        if message["type"] == "http.response.start":
            status = message["status"]
            headers = {name.lower() for name, _ in message["headers"]}
        elif message["type"] == "http.response.body":
            body += message["body"]
    return status, headers, body


def _fingerprint(scope: Scope, body: bytes) -> bytes:
    digest = hashlib.sha256()
    for part in (scope["method"], scope["path"], scope["query_string"].decode("latin-1")):  # type: ignore[typeddict-item]
        digest.update(part.encode() + b"\0")
    digest.update(body)
    return digest.digest()


async def read_body(receive: Receive) -> bytes | None:
    """The whole body, or None when the caller has gone."""
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message["body"]  # type: ignore[typeddict-item]
        if not message.get("more_body"):
            return body


def again(body: bytes) -> Receive:
    """A `receive` that gives what was read already."""
    waiting: list[Any] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Any:
        return waiting.pop() if waiting else {"type": "http.disconnect"}

    return receive


async def _replay(stored: Stored, send: Send) -> None:
    media_type = MEDIA_TYPE if stored.status >= 400 else "application/json"
    headers = [
        (b"content-type", media_type.encode()),
        (b"content-length", str(len(stored.body)).encode()),
        (b"idempotency-replayed", b"true"),
    ]
    start: Any = {"type": "http.response.start", "status": stored.status, "headers": headers}
    await send(start)
    await send({"type": "http.response.body", "body": stored.body, "more_body": False})
