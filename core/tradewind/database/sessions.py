"""Sessions of people: staff at the dashboard, customers at a store.

The token is shown once, to the browser it belongs to; only its hash is kept. What a form must carry
against forgery is derived from the token, so that every page can show it and nobody else knows it.
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import msgspec

from tradewind.database.engine import Database, Transaction

Kind = Literal["staff", "customer"]
Place = Database | Transaction
"""Where to read and write: an open transaction, or any connection."""

KEPT = timedelta(days=30)
"""How long a session that is over can still be looked at."""

_TOKEN_BYTES = 32
_LONGEST = 100
_AGENT = 300


class Life(msgspec.Struct, frozen=True):
    """How long a session lives: without being used, and at most.

    `noted` is how coarsely use is written down, so that reading does not write.
    """

    idle: timedelta
    most: timedelta
    noted: timedelta


LIVES: Mapping[Kind, Life] = {
    "staff": Life(timedelta(hours=12), timedelta(days=7), timedelta(minutes=5)),
    "customer": Life(timedelta(days=14), timedelta(days=60), timedelta(hours=1)),
}


class NewSession(msgspec.Struct, frozen=True, kw_only=True):
    """Whose session is to be opened: an account's, or a customer's of one store."""

    kind: Kind
    account_id: UUID | None = None
    store_id: UUID | None = None
    customer_id: UUID | None = None
    agent: str = ""


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A session; `agent` is what its browser calls itself. `token_hash` names it."""

    token_hash: bytes
    kind: Kind
    account_id: UUID | None
    store_id: UUID | None
    customer_id: UUID | None
    csrf_hash: bytes
    agent: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime

    def allows(self, csrf: str) -> bool:
        """Whether a form carried this session's word against forgery."""
        return hmac.compare_digest(_hash(csrf), self.csrf_hash)


class Opened(msgspec.Struct, frozen=True):
    """A session just opened; its token is not to be had again."""

    token: str
    session: Session


def csrf_of(token: str) -> str:
    """What the forms of a session carry: only who has its token can say it."""
    return hmac.new(token.encode(), b"csrf", hashlib.sha256).hexdigest()


async def open_session(place: Place, new: NewSession) -> Opened:
    """Open a session."""
    token, now = secrets.token_urlsafe(_TOKEN_BYTES), _now(place)
    session = Session(
        token_hash=_hash(token),
        kind=new.kind,
        account_id=new.account_id,
        store_id=new.store_id,
        customer_id=new.customer_id,
        csrf_hash=_hash(csrf_of(token)),
        agent=new.agent.replace("\0", "")[:_AGENT],
        created_at=now,
        seen_at=now,
        expires_at=now + LIVES[new.kind].most,
    )
    await _on(place).execute(
        f"""INSERT INTO control.sessions ({_COLUMNS})
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)""",
        *msgspec.structs.astuple(session),
    )
    return Opened(token, session)


async def find_session(place: Place, kind: Kind, token: str) -> Session | None:
    """The session behind a token, while it lasts and whose account is not disabled."""
    if not token or len(token) > _LONGEST:
        return None
    now, life = _now(place), LIVES[kind]
    row = await _on(place).fetchrow(
        f"""SELECT {_COLUMNS} FROM control.sessions s
            WHERE token_hash = $1 AND kind = $2 AND ended_at IS NULL AND expires_at > $3
              AND seen_at > $4 AND NOT EXISTS (
                SELECT FROM control.accounts a
                WHERE a.id = s.account_id AND a.disabled_at IS NOT NULL)""",
        _hash(token),
        kind,
        now,
        now - life.idle,
    )
    if row is None:
        return None
    session = Session(**dict(row))
    if session.seen_at <= now - life.noted:
        await _note(place, session, now)
    return session


async def _note(place: Place, session: Session, now: datetime) -> None:
    await _on(place).execute(
        "UPDATE control.sessions SET seen_at = $2 WHERE token_hash = $1 AND seen_at < $2",
        session.token_hash,
        now,
    )


async def end_session(place: Place, token_hash: bytes) -> bool:
    """End one session; false when it was over already."""
    ended = await _on(place).fetchval(
        """UPDATE control.sessions SET ended_at = $2
           WHERE token_hash = $1 AND ended_at IS NULL RETURNING true""",
        token_hash,
        _now(place),
    )
    return bool(ended)


async def end_sessions_of(
    place: Place,
    *,
    account_id: UUID | None = None,
    store_id: UUID | None = None,
    customer_id: UUID | None = None,
    keep: bytes | None = None,
) -> int:
    """End all sessions of an account, or of a customer of a store, but the one to `keep`.

    Returns how many there were.
    """
    ended = await _on(place).fetch(
        f"""UPDATE control.sessions SET ended_at = $5
            WHERE {_OF} AND ended_at IS NULL AND token_hash IS DISTINCT FROM $4
            RETURNING token_hash""",
        account_id,
        store_id,
        customer_id,
        keep,
        _now(place),
    )
    return len(ended)


async def sessions_of(
    place: Place,
    *,
    account_id: UUID | None = None,
    store_id: UUID | None = None,
    customer_id: UUID | None = None,
) -> Sequence[Session]:
    """The sessions of an account, or of a customer of a store, that still last; newest first."""
    rows = await _on(place).fetch(
        f"""SELECT {_COLUMNS} FROM control.sessions
            WHERE {_OF} AND ended_at IS NULL AND expires_at > $4
            ORDER BY created_at DESC, token_hash""",
        account_id,
        store_id,
        customer_id,
        _now(place),
    )
    found = [Session(**dict(row)) for row in rows]
    return [one for one in found if one.seen_at > _now(place) - LIVES[one.kind].idle]


async def forget_old(database: Database) -> None:
    """Remove sessions that have been over for `KEPT`."""
    await database.pool.execute(
        "DELETE FROM control.sessions WHERE expires_at < $1 OR ended_at < $1",
        database.clock.now() - KEPT,
    )


_COLUMNS = ", ".join(Session.__struct_fields__)
_OF = """((account_id = $1 AND $2::uuid IS NULL AND $3::uuid IS NULL)
          OR (store_id = $2 AND customer_id = $3 AND $1::uuid IS NULL))"""


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _now(place: Place) -> datetime:
    return place.now if isinstance(place, Transaction) else place.clock.now()


def _on(place: Place) -> Transaction:
    """A pool answers the same questions as a transaction."""
    return place if isinstance(place, Transaction) else place.pool  # type: ignore[return-value]
