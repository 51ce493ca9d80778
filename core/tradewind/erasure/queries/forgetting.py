"""Taking a person out of every table: each statement is one table, by what its rows belong to.

What accounting and tax need stays: amounts, dates, currencies, countries and provinces. Where a
table may only be added to, `shop.forget_in_history` does the same.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from tradewind.customers.codes.rules import EMAIL, PHONE
from tradewind.database import Transaction
from tradewind.erasure.rules import Person, digits

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

# What is looked at no more is off the desk: there is nothing left to try again.
_GONE_CASES = """
UPDATE shop.cases SET state = 'closed', closed_at = $3, closed_by = $4
WHERE store_id = $1 AND state = 'open' AND subject_type || ':' || subject_id = ANY ($2::text[])"""

_CASES = """
UPDATE shop.cases SET evidence = '{}', resolution = '', title = kind
WHERE store_id = $1
  AND (state = 'closed' AND subject_type || ':' || subject_id = ANY ($2::text[])
       OR EXISTS (SELECT FROM unnest($3::text[]) AS said(words)
                  WHERE position(said.words IN lower(concat(evidence, title, resolution))) > 0)
       OR kind IN ('dead_letter', 'quarantine') AND EXISTS (
           SELECT FROM unnest($4::text[]) AS said(words)
           WHERE position(said.words IN lower(concat(evidence, title, resolution))) > 0))
RETURNING id"""

_DELIVERIES = """
UPDATE shop.event_deliveries d SET error = ''
FROM shop.events e
WHERE d.store_id = $1 AND e.store_id = $1 AND e.id = d.event_id AND d.error <> ''
  AND (e.aggregate = ANY ($2::text[])
       OR EXISTS (SELECT FROM unnest($3::text[]) AS said(words)
                  WHERE position(said.words IN lower(d.error)) > 0))"""

# Where and when a plugin failed still counts; in what words it did so is forgotten.
_FAILURES = """
WITH telling AS (
    SELECT p.plugin, (
        SELECT coalesce(jsonb_agg(
            CASE WHEN EXISTS (SELECT FROM unnest($2::text[]) AS said(words)
                              WHERE position(said.words IN lower(l.defect ->> 'error')) > 0)
                 THEN l.defect || '{"error": ""}' ELSE l.defect END ORDER BY l.rank), '[]')
        FROM jsonb_array_elements(p.failure_log) WITH ORDINALITY AS l(defect, rank)) AS log,
        EXISTS (SELECT FROM unnest($2::text[]) AS said(words)
                WHERE position(said.words IN lower(p.quarantine_reason)) > 0) AS quarantined
    FROM shop.plugin_settings p WHERE p.store_id = $1 ORDER BY p.plugin FOR UPDATE
)
UPDATE shop.plugin_settings p
SET failure_log = t.log,
    quarantine_reason = CASE WHEN t.quarantined THEN '' ELSE p.quarantine_reason END
FROM telling t
WHERE p.store_id = $1 AND p.plugin = t.plugin AND (t.quarantined OR t.log <> p.failure_log)"""

_MARKS = """
DELETE FROM shop.event_marks
WHERE store_id = $1 AND EXISTS (
    SELECT FROM unnest($2::text[]) AS said(words) WHERE position(said.words IN lower(mark)) > 0)"""

# What waits for its first turn is still to be handled, and what may be money as often as it takes.
# The keys of chats hold people's numbers, those of payments not.
_INBOX = """
WITH gone AS (
    DELETE FROM control.webhook_inbox
    WHERE store_id = $1 AND (
        lane = ANY ($2::text[]) AND (state <> 'pending' OR attempts > 0)
        OR lane = ANY ($3::text[]) AND state <> 'pending'
        OR state <> 'pending' AND EXISTS (
            SELECT FROM unnest($4::text[]) AS said(words)
            WHERE position(encode(convert_to(said.words, 'UTF8'), 'escape')
                           IN lower(encode(body, 'escape'))) > 0))
    RETURNING id, plugin, lane, dedupe_key),
keys AS (
    DELETE FROM control.webhook_keys k USING gone
    WHERE k.plugin = gone.plugin AND k.scope = $1::text AND k.dedupe_key = gone.dedupe_key
      AND gone.lane = ANY ($2::text[]))
SELECT 'webhook_inbox:' || id AS subject FROM gone"""

_JOBS = """
DELETE FROM control.jobs
WHERE store_id = $1 AND (
    payload ->> 'identity' = ANY ($2::text[])
    OR state = 'dead' AND EXISTS (
        SELECT FROM unnest($2::text[]) AS said(words)
        WHERE position(said.words IN lower(payload::text || error)) > 0))
RETURNING 'job:' || id AS subject"""

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
    codes = ((PHONE, one) for phone in person.phones for one in (phone, f"+{digits(phone)}"))
    pairs = [*person.identities, *((EMAIL, one) for one in person.emails), *codes]
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


async def forget_cases(
    tx: Transaction, person: Person, gone: Sequence[str], actor: str
) -> list[UUID]:
    """Forget what cases say of somebody, and close those of what is gone; which cases forgot."""
    contacts, subjects = [one.lower() for one in person.contacts], [*person.subjects, *gone]
    await tx.execute(_GONE_CASES, tx.store_id, list(gone), tx.now, actor)
    rows = await tx.fetch(_CASES, tx.store_id, subjects, contacts, person.telling)
    return [row["id"] for row in rows]


async def forget_traffic(tx: Transaction, person: Person, refs: Sequence[str]) -> list[str]:
    """Forget what came in raw, and what was told of it; `refs` name payments at providers.

    Returns the items of the inbox and the jobs that are gone, as cases name them.
    """
    contacts = [one.lower() for one in person.contacts]
    lanes = [one.identity for one in person.identities]
    items = await tx.fetch(_INBOX, tx.store_id, lanes, list(refs), person.raw)
    jobs = await tx.fetch(_JOBS, tx.store_id, [*person.emails, *person.phones, *contacts])
    await tx.execute(_LIVE, tx.store_id, contacts)
    return [row["subject"] for row in (*items, *jobs)]


async def forget_failures(tx: Transaction, person: Person) -> None:
    """Forget what plugins said of somebody where they failed, and what they noted of them."""
    await tx.execute(_DELIVERIES, tx.store_id, person.subjects, person.telling)
    await tx.execute(_FAILURES, tx.store_id, person.telling)
    await tx.execute(_MARKS, tx.store_id, [one.lower() for one in person.contacts])
    await tx.execute("SELECT shop.forget_in_audited_failures($1)", person.telling)


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


async def next_sequences(tx: Transaction, customers: Sequence[UUID]) -> Mapping[UUID, int]:
    """The number of the next event of each of these, who are locked."""
    rows = await tx.fetch(
        """SELECT c.id, coalesce(max(e.sequence), 0) + 1 AS following
           FROM unnest($2::uuid[]) AS c(id)
           LEFT JOIN shop.events e ON e.store_id = $1 AND e.aggregate = 'customer:' || c.id
           GROUP BY c.id""",
        tx.store_id,
        list(customers),
    )
    return {row["id"]: row["following"] for row in rows}
