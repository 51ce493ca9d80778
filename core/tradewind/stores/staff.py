"""The people who run stores: their accounts, and what each may do in which store.

An account signs in once and may belong to several stores; its role is the store's own business.
"""

import re
from collections.abc import Sequence
from typing import Literal
from uuid import UUID

import msgspec

from tradewind.contracts.errors import Conflict, FieldError, InvalidInput, NotFound
from tradewind.database.engine import Database, Store, Transaction
from tradewind.database.sessions import end_sessions_of
from tradewind.settings.service import audit

Role = Literal["owner", "staff", "read_only"]
ROLES: Sequence[Role] = ("owner", "staff", "read_only")
"""`owner` may do everything; `staff` all but settings, plugins, flags and keys."""

LONGEST_EMAIL = 254
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who may sign in; without a `password_hash` only once a password was set."""

    id: UUID
    email: str
    name: str
    password_hash: str | None


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody on a store's staff."""

    account_id: UUID
    email: str
    name: str
    role: Role


async def account_by_email(database: Database, email: str) -> Account | None:
    """The account that signs in with this address, in whatever case it is typed."""
    if "\0" in email:
        return None
    row = await database.pool.fetchrow(
        """SELECT id, email, name, password_hash FROM control.accounts
           WHERE lower(email) = lower($1) AND disabled_at IS NULL""",
        email,
    )
    return None if row is None else Account(**dict(row))


async def account_by_id(database: Database, account_id: UUID) -> Account | None:
    """The account, unless it was disabled."""
    row = await database.pool.fetchrow(
        """SELECT id, email, name, password_hash FROM control.accounts
           WHERE id = $1 AND disabled_at IS NULL""",
        account_id,
    )
    return None if row is None else Account(**dict(row))


async def create_account(
    tx: Transaction, email: str, name: str = "", password_hash: str | None = None
) -> Account:
    """A new account. Raises InvalidInput for what is no address, Conflict `email_taken`."""
    if len(email) > LONGEST_EMAIL or not _EMAIL.fullmatch(email) or not email.isprintable():
        wrong = FieldError("email", "invalid", "Use an address such as me@example.com.")
        raise InvalidInput("The account cannot be created.", errors=[wrong])
    account = Account(id=tx.new_id(), email=email, name=name, password_hash=password_hash)
    added = await tx.fetchval(
        """INSERT INTO control.accounts (id, email, name, password_hash, created_at)
           VALUES ($1, $2, $3, $4, $5) ON CONFLICT ((lower(email))) DO NOTHING RETURNING true""",
        *msgspec.structs.astuple(account),
        tx.now,
    )
    if not added:
        raise Conflict("There is an account with this address.", code="email_taken")
    return account


async def set_password(database: Database, account_id: UUID, password_hash: str) -> None:
    """Another password; whoever is signed in to the account is so no more."""
    await database.pool.execute(
        "UPDATE control.accounts SET password_hash = $2 WHERE id = $1", account_id, password_hash
    )
    await end_sessions_of(database, account_id=account_id)


async def put_member(tx: Transaction, account_id: UUID, role: Role, actor: str) -> None:
    """Let an account into the store of the transaction, or change what it may do there."""
    await tx.execute(
        """INSERT INTO control.account_stores (account_id, store_id) VALUES ($1, $2)
           ON CONFLICT DO NOTHING""",
        account_id,
        tx.store_id,
    )
    await tx.execute(
        """INSERT INTO shop.store_members (store_id, account_id, role, created_at)
           VALUES ($1, $2, $3, $4)
           ON CONFLICT (store_id, account_id) DO UPDATE SET role = excluded.role""",
        tx.store_id,
        account_id,
        role,
        tx.now,
    )
    await audit(tx, actor, "member.set", "account", str(account_id), {"role": role})


async def remove_member(tx: Transaction, account_id: UUID, actor: str) -> None:
    """Let an account into this store no more. Raises NotFound when it was not."""
    found = await tx.fetchval(
        """DELETE FROM shop.store_members WHERE store_id = $1 AND account_id = $2
           RETURNING true""",
        tx.store_id,
        account_id,
    )
    if not found:
        raise NotFound("This account is not on the store's staff.")
    await tx.execute(
        "DELETE FROM control.account_stores WHERE account_id = $1 AND store_id = $2",
        account_id,
        tx.store_id,
    )
    await audit(tx, actor, "member.removed", "account", str(account_id))


async def role_of(tx: Transaction, account_id: UUID) -> Role | None:
    """What an account may do in the store of the transaction; None when it is not on its staff."""
    role: Role | None = await tx.fetchval(
        "SELECT role FROM shop.store_members WHERE store_id = $1 AND account_id = $2",
        tx.store_id,
        account_id,
    )
    return role


async def members(tx: Transaction) -> list[Member]:
    """The store's staff, by address."""
    rows = await tx.fetch(
        """SELECT m.account_id, a.email, a.name, m.role
           FROM shop.store_members m JOIN control.accounts a ON a.id = m.account_id
           WHERE m.store_id = $1 ORDER BY lower(a.email)""",
        tx.store_id,
    )
    return [Member(**dict(row)) for row in rows]


async def stores_of(database: Database, account_id: UUID) -> list[Store]:
    """The open stores that an account belongs to, by name."""
    rows = await database.pool.fetch(
        """SELECT s.id, s.slug, s.name FROM control.account_stores m
           JOIN control.stores s ON s.id = m.store_id
           WHERE m.account_id = $1 AND s.closed_at IS NULL ORDER BY lower(s.name), s.id""",
        account_id,
    )
    return [Store(*row) for row in rows]


async def choose_store(database: Database, token_hash: bytes, store_id: UUID) -> None:
    """Remember in a session of staff which store it is looking at."""
    await database.pool.execute(
        """UPDATE control.sessions SET store_id = $2
           WHERE token_hash = $1 AND kind = 'staff' AND ended_at IS NULL""",
        token_hash,
        store_id,
    )
