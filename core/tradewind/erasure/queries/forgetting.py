"""Taking a person out of every table: each statement is one table, by what its rows belong to.

What accounting and tax need stays: amounts, dates, currencies, countries and provinces. Where a
table may only be added to, `shop.forget_in_history` does the same.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from tradewind.customers.codes.rules import EMAIL
from tradewind.database import Transaction
from tradewind.erasure.rules import Person

# $1 is the store, $2 ids of the kind that the key names.
_STATEMENTS: Mapping[str, Sequence[str]] = {
    "customer": (
        "DELETE FROM shop.addresses WHERE store_id = $1 AND customer_id = ANY ($2::uuid[])",
        "DELETE FROM shop.payment_methods WHERE store_id = $1 AND customer_id = ANY ($2::uuid[])",
        """DELETE FROM shop.customer_identities
           WHERE store_id = $1 AND customer_id = ANY ($2::uuid[])""",
        """UPDATE shop.subscriptions SET shipping_address = NULL, status = 'canceled'
           WHERE store_id = $1 AND customer_id = ANY ($2::uuid[])""",
        "DELETE FROM control.sessions WHERE store_id = $1 AND customer_id = ANY ($2::uuid[])",
    ),
    "conversation": (
        "DELETE FROM shop.conversations WHERE store_id = $1 AND id = ANY ($2::uuid[])",
    ),
    "message": (
        "DELETE FROM shop.message_bodies WHERE store_id = $1 AND message_id = ANY ($2::uuid[])",
        "DELETE FROM shop.message_refs WHERE store_id = $1 AND message_id = ANY ($2::uuid[])",
        "DELETE FROM shop.outbound_messages WHERE store_id = $1 AND message_id = ANY ($2::uuid[])",
    ),
    "cart": (
        """UPDATE shop.cart_lines SET metadata = '{}'
           WHERE store_id = $1 AND cart_id = ANY ($2::uuid[]) AND metadata <> '{}'""",
        """UPDATE shop.payment_sessions
           SET snapshot = '{}', inputs = '{}', action = NULL, data = NULL
           WHERE store_id = $1 AND cart_id = ANY ($2::uuid[])""",
        """UPDATE shop.carts SET status = 'expired'
           WHERE store_id = $1 AND id = ANY ($2::uuid[]) AND status = 'open'""",
    ),
    "payment": (
        """UPDATE shop.payments SET saved_method = NULL
           WHERE store_id = $1 AND id = ANY ($2::uuid[])""",
        """UPDATE shop.refunds SET reason = ''
           WHERE store_id = $1 AND payment_id = ANY ($2::uuid[])""",
        """UPDATE shop.disputes SET reason = '', evidence = '{}'
           WHERE store_id = $1 AND payment_id = ANY ($2::uuid[])""",
    ),
    "order": (
        """UPDATE shop.payment_sessions
           SET snapshot = '{}', inputs = '{}', action = NULL, data = NULL
           WHERE store_id = $1 AND order_id = ANY ($2::uuid[])""",
        """UPDATE shop.order_lines SET metadata = '{}'
           WHERE store_id = $1 AND order_id = ANY ($2::uuid[]) AND metadata <> '{}'""",
        """UPDATE shop.shipments SET tracking_number = '', tracking_url = ''
           WHERE store_id = $1 AND order_id = ANY ($2::uuid[])""",
        "DELETE FROM shop.unpaid_orders WHERE store_id = $1 AND order_id = ANY ($2::uuid[])",
        "UPDATE shop.returns SET reason = '' WHERE store_id = $1 AND order_id = ANY ($2::uuid[])",
        "DELETE FROM shop.promotion_shoppers WHERE store_id = $1 AND order_id = ANY ($2::uuid[])",
    ),
}

# An address as it is kept of it: where the tax was due.
_PLACE = """CASE WHEN {0} IS NULL THEN NULL ELSE jsonb_strip_nulls(jsonb_build_object(
    'first_name', '', 'last_name', '', 'address_1', '', 'city', '',
    'country_code', {0} -> 'country_code', 'province', {0} -> 'province')) END"""

_ORDERS = f"""
UPDATE shop.orders
SET name = NULL, email = NULL, phone = NULL, session_id = NULL, metadata = '{{}}',
    shipping_address = {_PLACE.format("shipping_address")},
    billing_address = {_PLACE.format("billing_address")}
WHERE store_id = $1 AND id = ANY ($2::uuid[])"""

_CUSTOMERS = """
UPDATE shop.customers
SET name = NULL, email = NULL, email_verified_at = NULL, phone = NULL, phone_verified_at = NULL,
    locale = NULL, country = NULL, metadata = '{}', provider_refs = '{}', note = '',
    erased_at = $3, updated_at = $3
WHERE store_id = $1 AND id = ANY ($2::uuid[]) AND erased_at IS NULL RETURNING id"""

_FORGOTTEN_CARTS = """
SELECT c.id FROM shop.carts c
WHERE c.store_id = $1 AND c.id = ANY ($2::uuid[])
  AND NOT EXISTS (SELECT FROM shop.payment_sessions s WHERE s.store_id = $1 AND s.cart_id = c.id)
  AND NOT EXISTS (SELECT FROM shop.payments p WHERE p.store_id = $1 AND p.cart_id = c.id)
  AND NOT EXISTS (SELECT FROM shop.orders o WHERE o.store_id = $1 AND o.cart_id = c.id)"""

_CASES = """
UPDATE shop.cases SET evidence = '{}', resolution = '', title = kind
WHERE store_id = $1
  AND (state = 'closed' AND subject_type || ':' || subject_id = ANY ($2::text[])
       OR EXISTS (SELECT FROM unnest($3::text[]) AS said(words)
                  WHERE position(said.words IN lower(concat(evidence, title, resolution))) > 0))
RETURNING id"""

_DELIVERIES = """
UPDATE shop.event_deliveries d SET error = ''
FROM shop.events e
WHERE d.store_id = $1 AND e.store_id = $1 AND e.id = d.event_id AND d.error <> ''
  AND e.aggregate = ANY ($2::text[])"""

# What waits is still to be handled. The keys of chats hold people's numbers, those of payments not.
_INBOX = """
WITH gone AS (
    DELETE FROM control.webhook_inbox
    WHERE store_id = $1 AND state <> 'pending' AND (
        lane = ANY ($2::text[]) OR lane = ANY ($3::text[])
        OR state = 'done' AND EXISTS (
            SELECT FROM unnest($4::bytea[]) AS said(words) WHERE position(said.words IN body) > 0))
    RETURNING plugin, lane, dedupe_key)
DELETE FROM control.webhook_keys k USING gone
WHERE k.plugin = gone.plugin AND k.scope = $1::text AND k.dedupe_key = gone.dedupe_key
  AND gone.lane = ANY ($2::text[])"""

_JOBS = """
DELETE FROM control.jobs
WHERE store_id = $1 AND (
    payload ->> 'identity' = ANY ($2::text[])
    OR state = 'dead' AND EXISTS (
        SELECT FROM unnest($2::text[]) AS said(words)
        WHERE position(said.words IN lower(payload::text || error)) > 0))"""

_LIVE = """
DELETE FROM control.live_messages
WHERE store_id = $1 AND EXISTS (
    SELECT FROM unnest($2::text[]) AS said(words)
    WHERE position(said.words IN lower(data::text)) > 0)"""


class KeptAnswer(NamedTuple):
    """The answer to a named request, encrypted."""

    credential: str
    key: str
    created_at: datetime
    body: bytes


async def answers(
    tx: Transaction, after: KeptAnswer | None, until: datetime, most: int
) -> list[KeptAnswer]:
    """Kept answers in the order of their names, from after one."""
    rows = await tx.fetch(
        """SELECT credential, key, created_at, response_body AS body FROM shop.idempotency_keys
           WHERE store_id = $1 AND (credential, key) > ($2, $3) AND created_at <= $4
             AND response_status IS NOT NULL AND response_body <> ''
           ORDER BY credential, key LIMIT $5""",
        tx.store_id,
        after.credential if after else "",
        after.key if after else "",
        until,
        most,
    )
    return [KeptAnswer(**dict(row)) for row in rows]


async def forget_answers(tx: Transaction, found: Iterable[KeptAnswer]) -> None:
    """Keep that named requests were answered, and not what: they take no effect again."""
    named = [(one.credential, one.key) for one in found]
    await tx.execute(
        """UPDATE shop.idempotency_keys k SET response_body = ''
           FROM unnest($2::text[], $3::text[]) AS gone(credential, key)
           WHERE k.store_id = $1 AND k.credential = gone.credential AND k.key = gone.key""",
        tx.store_id,
        [credential for credential, _ in named],
        [key for _, key in named],
    )


async def forget_rows(tx: Transaction, person: Person) -> None:
    """Empty or delete what hangs on the ids of a person, history apart."""
    for kind, statements in _STATEMENTS.items():
        for statement in statements:
            await tx.execute(statement, tx.store_id, list(person.ids[kind]))
    await tx.execute(_ORDERS, tx.store_id, list(person.orders))


async def forget_history(tx: Transaction, person: Person, cases: Sequence[UUID]) -> None:
    """Take personal words out of what may only be added to, also what is said of these cases."""
    await tx.execute(
        "SELECT shop.forget_in_history($1, $2, $3, $4, $5)",
        [*person.subjects, *(f"case:{one}" for one in cases)],
        list(person.orders),
        list(person.conversations),
        list(person.messages),
        list(person.grants),
    )


async def forget_contacts(tx: Transaction, person: Person) -> None:
    """Forget whether and how somebody may be written to."""
    pairs = [*person.identities, *((EMAIL, one) for one in person.emails)]
    channels, names = [one for one, _ in pairs], [one for _, one in pairs]
    for table in ("one_time_codes", "customer_channel_opt_in"):
        await tx.execute(
            f"""DELETE FROM shop.{table} t
                USING unnest($2::text[], $3::text[]) AS gone(channel, identity)
                WHERE t.store_id = $1 AND t.channel = gone.channel
                  AND t.identity = gone.identity""",
            tx.store_id,
            channels,
            names,
        )
    # A channel that carries letters may have any name, and an address is the same on all of them.
    await tx.execute(
        """DELETE FROM shop.customer_channel_opt_in
           WHERE store_id = $1 AND identity = ANY ($2::text[])""",
        tx.store_id,
        list(person.emails),
    )


async def forget_cases(tx: Transaction, person: Person) -> list[UUID]:
    """Forget what cases say of somebody; which cases did."""
    contacts = [one.lower() for one in person.contacts]
    rows = await tx.fetch(_CASES, tx.store_id, person.subjects, contacts)
    return [row["id"] for row in rows]


async def forget_traffic(tx: Transaction, person: Person, refs: Sequence[str]) -> None:
    """Forget what came in raw, and what was told of it; `refs` name payments at providers."""
    contacts, subjects = [one.lower() for one in person.contacts], person.subjects
    lanes = [one.identity for one in person.identities]
    raw = [one.encode() for one in person.contacts]
    await tx.execute(_DELIVERIES, tx.store_id, subjects)
    await tx.execute(_INBOX, tx.store_id, lanes, list(refs), raw)
    await tx.execute(_JOBS, tx.store_id, [*person.emails, *person.phones, *contacts])
    await tx.execute(_LIVE, tx.store_id, contacts)


async def payment_refs(tx: Transaction, payments: Sequence[UUID]) -> list[str]:
    """The names of payments and of their objects at their providers."""
    rows = await tx.fetch(
        """SELECT operation_id AS ref FROM shop.payments WHERE store_id = $1 AND id = ANY ($2)
           UNION
           SELECT provider_ref FROM shop.payments WHERE store_id = $1 AND id = ANY ($2)
           UNION
           SELECT object_id FROM shop.payment_facts WHERE store_id = $1 AND payment_id = ANY ($2)
        """,
        tx.store_id,
        list(payments),
    )
    return [row["ref"] for row in rows if row["ref"]]


async def forgotten_carts(tx: Transaction, carts: Sequence[UUID]) -> list[UUID]:
    """Carts that no payment and no order refers to."""
    rows = await tx.fetch(_FORGOTTEN_CARTS, tx.store_id, list(carts))
    return [row["id"] for row in rows]


async def mark_erased(tx: Transaction, customers: Sequence[UUID]) -> bool:
    """Empty the profiles, whose ids stay; false when that was done before."""
    return bool(await tx.fetch(_CUSTOMERS, tx.store_id, list(customers), tx.now))
