"""Who may sign in to the dashboard, as an operator decides it on the command line.

A password never stands on a command line: it is asked for on a terminal, or made up and shown once.
"""

import getpass
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import msgspec

from tradewind.contracts.errors import InvalidInput, NotFound
from tradewind.database import Store, directory
from tradewind.settings.engine import Engine
from tradewind.stores import staff
from tradewind.stores.staff import Account, Role
from tradewind_host import passwords
from tradewind_host.config import Config
from tradewind_host.local import database_for, engine_for

ACTOR = "operator"


class NewMember(NamedTuple):
    """Who is to be let in, and where."""

    slug: str
    email: str
    role: Role
    name: str = ""


@asynccontextmanager
async def _engine(config: Config) -> AsyncIterator[Engine]:
    async with database_for(config) as ready, engine_for(ready) as engine:
        yield engine


async def add_member(config: Config, wanted: NewMember, *, generate: bool) -> None:
    """Let somebody in; a new account gets a password. Raises NotFound, InvalidInput."""
    told: dict[str, Any] = {"store": wanted.slug, "email": wanted.email, "role": wanted.role}
    async with _engine(config) as engine:
        store = await directory.store_by_slug(engine.database, wanted.slug)
        password = None
        if await staff.account_by_email(engine.database, wanted.email) is None:
            password, shown = _password(generate=generate)
            told |= {"password": password} if shown else {}
        await let_in(engine, store, wanted, password, ACTOR)
    _tell(told)


async def let_in(
    engine: Engine, store: Store, wanted: NewMember, password: str | None, actor: str
) -> None:
    """Enter somebody in a store's staff; an account that is new needs a password."""
    known = await staff.account_by_email(engine.database, wanted.email)
    kept = await passwords.hashed(password) if password is not None and known is None else None
    async with engine.database.transaction(store.id) as tx:
        account = known or await staff.create_account(tx, wanted.email, wanted.name, kept)
        await staff.put_member(tx, account.id, wanted.role, actor)


async def show_members(config: Config, slug: str) -> None:
    """Print a store's staff. Raises NotFound."""
    async with _engine(config) as engine:
        store = await directory.store_by_slug(engine.database, slug)
        async with engine.database.transaction(store.id) as tx:
            found = await staff.members(tx)
    _tell({"store": slug, "staff": found})


async def replace_password(config: Config, email: str, *, generate: bool) -> None:
    """Give an account another password. Raises NotFound, InvalidInput."""
    async with _engine(config) as engine:
        account = await _account(engine, email)
        password, shown = _password(generate=generate)
        await staff.set_password(engine.database, account.id, await passwords.hashed(password))
    _tell({"email": account.email, **({"password": password} if shown else {})})


async def drop_member(config: Config, slug: str, email: str) -> None:
    """Let somebody in no more. Raises NotFound."""
    async with _engine(config) as engine:
        store = await directory.store_by_slug(engine.database, slug)
        account = await _account(engine, email)
        async with engine.database.transaction(store.id) as tx:
            await staff.remove_member(tx, account.id, ACTOR)
    _tell({"store": slug, "email": account.email, "role": None})


async def _account(engine: Engine, email: str) -> Account:
    account = await staff.account_by_email(engine.database, email)
    if account is None:
        raise NotFound(f"There is no account “{email}”.")
    return account


def _password(*, generate: bool) -> tuple[str, bool]:
    """A password, and whether it must be shown because nobody typed it. Raises InvalidInput."""
    if generate or not sys.stdin.isatty():
        return passwords.new_password(), True
    password = getpass.getpass("Password: ")
    if getpass.getpass("The same again: ") != password:
        raise InvalidInput("The two were not the same.")
    return password, False


def _tell(told: dict[str, Any]) -> None:
    sys.stdout.write(msgspec.json.encode(told).decode() + "\n")
