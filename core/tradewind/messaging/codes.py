"""Sign in by a one-time code: send it where the address or number is reached, and take it back.

Asking only leaves a job, whoever is asked for: what the job finds out, the asker cannot notice.
"""

from typing import Any, Literal

import msgspec

from tradewind.contracts.channel import OutboundBody, Template, Text
from tradewind.customers import service as customers
from tradewind.customers.codes import service as codes
from tradewind.customers.codes.rules import EMAIL, LIFE, PHONE
from tradewind.customers.codes.service import Fresh
from tradewind.customers.rules import Customer
from tradewind.database.engine import Store, Transaction
from tradewind.messaging import queries
from tradewind.messaging import service as messaging
from tradewind.messaging.letters.composing import compose_code, one_line
from tradewind.messaging.letters.service import post_of
from tradewind.messaging.letters.texts import Phrases
from tradewind.messaging.service import Line, Origin
from tradewind.outbox.jobs import Job, enqueue_in
from tradewind.settings.engine import Engine
from tradewind.settings.keyring import Keyring
from tradewind.stores.service import settings_of

SEND_CODE = "send_code"
"""The kind of job that makes a code and sends it."""

PURPOSE = "code"
"""Templates with this purpose carry codes where free words may not go."""

_MINUTES = int(LIFE.total_seconds() // 60)


class Claimed(msgspec.Struct, frozen=True, kw_only=True):
    """Who somebody says they are: a mail address, or a phone number in E.164."""

    kind: Literal["email", "phone"]
    identity: str


async def ask(tx: Transaction, claimed: Claimed, locale: str = "") -> None:
    """Have a code sent, in this language if we speak it, else the store's."""
    job = Job(
        kind=SEND_CODE,
        store_id=tx.store_id,
        payload={"kind": claimed.kind, "identity": claimed.identity, "locale": locale},
        dedupe_key=f"{tx.store_id}:{claimed.kind}:{claimed.identity}",
    )
    await enqueue_in(tx, job)


async def send(engine: Engine, store: Store, claimed: Claimed, locale: str) -> None:
    """Make a code and queue its message; nothing where the store cannot reach that identity."""
    if claimed.kind == "email":
        await _by_letter(engine, store, claimed.identity, locale)
    else:
        await _by_chat(engine, store, claimed.identity, locale)


async def _by_letter(engine: Engine, store: Store, address: str, locale: str) -> None:
    post = await post_of(engine, store)
    if post is None:
        return
    async with engine.database.transaction(store.id) as tx:
        fresh = await codes.make(tx, engine.keyring, EMAIL, address)
        if fresh is None:
            return
        words = Phrases(locale, (await settings_of(tx)).locale)
        line = await messaging.line_to(tx, post.name, address, post.capabilities)
        letter = compose_code(words, store.name, fresh.code, _MINUTES)
        await _queue(engine, tx, line, letter, fresh)


async def _by_chat(engine: Engine, store: Store, phone: str, locale: str) -> None:
    async with engine.database.transaction(store.id) as tx:
        known = await queries.chat_of_phone(tx, phone)
        if known is None or known.channel not in engine.plugins.channels:
            await codes.make(tx, engine.keyring, PHONE, phone)
            return
        fresh = await codes.make(tx, engine.keyring, known.channel, known.identity)
        if fresh is None:
            return
        words = Phrases(locale, known.locale, (await settings_of(tx)).locale)
        channel = engine.plugins.channel(known.channel)
        line = await messaging.line_of(tx, known.conversation_id, channel.capabilities)
        body = await _said(tx, line, store, words, fresh)
        await _queue(engine, tx, line, body, fresh)


async def _said(
    tx: Transaction, line: Line, store: Store, words: Phrases, fresh: Fresh
) -> Text | Template:
    """Free words while the person may be answered, else the store's approved template if any."""
    open_until = line.window_expires_at
    if line.capabilities.reply_window is not None and (open_until is None or open_until <= tx.now):
        name = await queries.approved_template(tx, line.channel, PURPOSE, words.code)
        if name is not None:
            return Template(
                name=name,
                language=words.code,
                values=[fresh.code],
                button_values={0: fresh.code},
                category="authentication",
            )
    shown = {"code": fresh.code, "store": one_line(store.name), "minutes": _MINUTES}
    return Text(text=words("code.chat", **shown))


async def _queue(
    engine: Engine, tx: Transaction, line: Line, body: OutboundBody, fresh: Fresh
) -> None:
    origin = Origin(cause=str(fresh.id), category=queries.SECRET)
    plugin = engine.plugins.plugin_of(line.channel)
    await messaging.queue(tx, line, plugin, [body], origin, dedupe_key=f"code:{fresh.id}")


async def sign_in(
    tx: Transaction, keyring: Keyring, claimed: Claimed, code: str
) -> Customer | None:
    """The customer whose identity the code has proved, made when there is none; None if it has not.

    A wrong code counts as a try: commit in either case.
    """
    if claimed.kind == "email":
        if not await codes.redeem(tx, keyring, EMAIL, claimed.identity, code):
            return None
        return await customers.for_email(tx, claimed.identity)
    known = await queries.chat_of_phone(tx, claimed.identity)
    channel, identity = (known.channel, known.identity) if known else (PHONE, claimed.identity)
    right = await codes.redeem(tx, keyring, channel, identity, code)
    if known is None or not right:
        return None
    return await customers.get_customer(tx, known.customer_id)


async def forget_codes(engine: Engine, store: Store) -> None:
    """Remove a store's codes that can be of no use any more."""
    async with engine.database.transaction(store.id) as tx:
        await codes.forget_old(tx)


def claim_of(payload: dict[str, Any]) -> Claimed:
    """Who a job is about."""
    return msgspec.convert({key: payload[key] for key in ("kind", "identity")}, Claimed)
