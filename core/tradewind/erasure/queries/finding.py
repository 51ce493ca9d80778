"""Everything of one person, in SQL: found and locked, one question after another."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from tradewind.customers.codes.rules import EMAIL
from tradewind.database import Transaction
from tradewind.erasure.rules import ChatIdentity, Namesake, Obstacle, Person

_CUSTOMERS = """
SELECT id FROM shop.customers
WHERE store_id = $1 AND (id = $2 OR merged_into = $2) ORDER BY id"""

_CONVERSATIONS = """
SELECT id FROM shop.conversations
WHERE store_id = $1 AND customer_id = ANY ($2::uuid[]) ORDER BY id FOR UPDATE"""

_CARTS = """
SELECT id FROM shop.carts
WHERE store_id = $1 AND (customer_id = ANY ($2::uuid[]) OR id IN (
    SELECT cart_id FROM shop.orders
    WHERE store_id = $1 AND (customer_id = ANY ($2::uuid[]) OR id = ANY ($3::uuid[]))))
ORDER BY id FOR UPDATE"""

_MERGED = """
SELECT id FROM shop.carts
WHERE store_id = $1 AND merged_into = ANY ($2::uuid[]) AND id <> ALL ($2::uuid[])
ORDER BY id FOR UPDATE"""

_PAYMENTS = """
SELECT id FROM shop.payments
WHERE store_id = $1 AND (cart_id = ANY ($2::uuid[]) OR order_id = ANY ($3::uuid[]))
ORDER BY id FOR UPDATE"""

_ORDERS = """
SELECT id FROM shop.orders
WHERE store_id = $1 AND (customer_id = ANY ($2::uuid[]) OR cart_id = ANY ($3::uuid[])
                         OR id = ANY ($4::uuid[]))
ORDER BY id"""

_REFUNDS = """
SELECT id FROM shop.refunds WHERE store_id = $1 AND payment_id = ANY ($2::uuid[])"""

_CAPTURES = """
SELECT id FROM shop.captures WHERE store_id = $1 AND payment_id = ANY ($2::uuid[])"""

_MESSAGES = """
SELECT id FROM shop.messaging_log
WHERE store_id = $1 AND conversation_id = ANY ($2::uuid[])
UNION
SELECT id FROM shop.messaging_log WHERE store_id = $1 AND order_id = ANY ($3::uuid[])
UNION
SELECT id FROM shop.messaging_log
WHERE store_id = $1 AND conversation_id IS NULL AND identity = ANY ($4::text[])"""

_GRANTS = """
SELECT id FROM shop.credit_grants
WHERE store_id = $1 AND (customer_id = ANY ($2::uuid[]) OR order_id = ANY ($3::uuid[]))"""

# Anybody may have told an address that is not proved: it counts where it is theirs alone.
_EMAILS = """
WITH told AS (
    SELECT email_key AS email FROM shop.customers WHERE store_id = $1 AND id = ANY ($2::uuid[])
    UNION
    SELECT email_key FROM shop.carts WHERE store_id = $1 AND id = ANY ($3::uuid[])
    UNION
    SELECT email_key FROM shop.orders WHERE store_id = $1 AND id = ANY ($4::uuid[])
)
SELECT identity FROM shop.customer_identities
WHERE store_id = $1 AND customer_id = ANY ($2::uuid[]) AND channel = $5
UNION
SELECT t.email FROM told t
WHERE t.email IS NOT NULL
  AND NOT EXISTS (
      SELECT FROM shop.customers c
      WHERE c.store_id = $1 AND c.email_key = t.email AND c.id <> ALL ($2::uuid[]))
  AND NOT EXISTS (
      SELECT FROM shop.customer_identities i
      WHERE i.store_id = $1 AND i.channel = $5 AND i.identity = t.email
        AND i.customer_id <> ALL ($2::uuid[]))
  AND NOT EXISTS (
      SELECT FROM shop.orders o
      WHERE o.store_id = $1 AND o.email_key = t.email AND o.id <> ALL ($4::uuid[]))"""

# Numbers that they told for an order or a delivery, as they wrote them.
_TOLD = """
    SELECT n.phone FROM shop.carts c
    CROSS JOIN LATERAL (VALUES (c.phone), (c.shipping_address ->> 'phone'),
                               (c.billing_address ->> 'phone')) AS n (phone)
    WHERE c.store_id = $1 AND c.id = ANY ($4::uuid[])
    UNION
    SELECT n.phone FROM shop.orders o
    CROSS JOIN LATERAL (VALUES (o.phone), (o.shipping_address ->> 'phone'),
                               (o.billing_address ->> 'phone')) AS n (phone)
    WHERE o.store_id = $1 AND o.id = ANY ($3::uuid[])
    UNION
    SELECT address ->> 'phone' FROM shop.addresses
    WHERE store_id = $1 AND customer_id = ANY ($2::uuid[])"""

# The same for numbers. What a guest told for an order stands on the cart that it was.
_PHONES = f"""
WITH told AS (
    SELECT phone, phone_verified_at IS NOT NULL AS proved FROM shop.customers
    WHERE store_id = $1 AND id = ANY ($2::uuid[])
    UNION
    SELECT phone, false FROM ({_TOLD}) AS for_orders
),
known AS (
    SELECT phone, proved, regexp_replace(phone, '[^0-9]', '', 'g') AS digits FROM told
    WHERE phone IS NOT NULL
)
SELECT phone FROM shop.customer_identities WHERE store_id = $1 AND customer_id = ANY ($2::uuid[])
UNION
SELECT t.phone FROM known t
WHERE t.proved
   OR NOT EXISTS (
      SELECT FROM shop.customers c
      WHERE c.store_id = $1 AND c.phone_key = t.digits AND c.id <> ALL ($2::uuid[]))
  AND NOT EXISTS (
      SELECT FROM shop.customer_identities i
      WHERE i.store_id = $1 AND i.phone IN (t.phone, '+' || t.digits, t.digits)
        AND i.customer_id <> ALL ($2::uuid[]))
  AND NOT EXISTS (
      SELECT FROM shop.carts c JOIN shop.orders o ON o.store_id = $1 AND o.cart_id = c.id
      WHERE c.store_id = $1 AND c.phone_key = t.digits AND o.id <> ALL ($3::uuid[]))"""

# Names of one word stand in anything.
_WORDS = """
WITH told AS (
    SELECT name FROM shop.customers WHERE store_id = $1 AND id = ANY ($2::uuid[])
    UNION
    SELECT name FROM shop.customer_identities
    WHERE store_id = $1 AND customer_id = ANY ($2::uuid[])
    UNION
    SELECT name FROM shop.orders WHERE store_id = $1 AND id = ANY ($3::uuid[])
    UNION
    SELECT w.word FROM (
        SELECT address FROM shop.addresses WHERE store_id = $1 AND customer_id = ANY ($2::uuid[])
        UNION
        SELECT a.address FROM shop.orders o
        CROSS JOIN LATERAL (VALUES (o.shipping_address), (o.billing_address)) AS a (address)
        WHERE o.store_id = $1 AND o.id = ANY ($3::uuid[])
    ) AS place
    CROSS JOIN LATERAL (VALUES
        (concat_ws(' ', place.address ->> 'first_name', place.address ->> 'last_name')),
        (place.address ->> 'address_1')) AS w (word)
)
SELECT DISTINCT lower(btrim(name)) FROM told WHERE btrim(name) LIKE '% %' ORDER BY 1"""

# Of two who only told the same, neither is shown to be the other.
_NAMESAKES = f"""
WITH own AS (
    SELECT 'email' AS contact, identity AS value, true AS proved FROM shop.customer_identities
    WHERE store_id = $1 AND customer_id = ANY ($2::uuid[]) AND channel = $5
    UNION
    SELECT 'phone', ltrim(phone, '+'), true FROM shop.customer_identities
    WHERE store_id = $1 AND customer_id = ANY ($2::uuid[]) AND phone IS NOT NULL
    UNION
    SELECT 'email', email_key, email_verified_at IS NOT NULL FROM shop.customers
    WHERE store_id = $1 AND id = ANY ($2::uuid[]) AND email_key IS NOT NULL
    UNION
    SELECT 'phone', phone_key, phone_verified_at IS NOT NULL FROM shop.customers
    WHERE store_id = $1 AND id = ANY ($2::uuid[]) AND phone_key IS NOT NULL
    UNION
    SELECT 'email', email_key, false FROM shop.carts
    WHERE store_id = $1 AND id = ANY ($4::uuid[]) AND email_key IS NOT NULL
    UNION
    SELECT 'email', email_key, false FROM shop.orders
    WHERE store_id = $1 AND id = ANY ($3::uuid[]) AND email_key IS NOT NULL
    UNION
    SELECT 'phone', regexp_replace(phone, '[^0-9]', '', 'g'), false FROM ({_TOLD}) AS for_orders
    WHERE phone IS NOT NULL
),
other AS (
    SELECT i.customer_id, o.contact, o.proved AS here, true AS there
    FROM own o JOIN shop.customer_identities i
        ON i.store_id = $1 AND i.channel = $5 AND i.identity = o.value
    WHERE o.contact = 'email'
    UNION ALL
    SELECT i.customer_id, o.contact, o.proved, true
    FROM own o JOIN shop.customer_identities i
        ON i.store_id = $1 AND i.phone IN (o.value, '+' || o.value)
    WHERE o.contact = 'phone'
    UNION ALL
    SELECT c.id, o.contact, o.proved, c.email_verified_at IS NOT NULL
    FROM own o JOIN shop.customers c
        ON c.store_id = $1 AND c.email_key COLLATE "C" = o.value AND c.erased_at IS NULL
    WHERE o.contact = 'email'
    UNION ALL
    SELECT c.id, o.contact, o.proved, c.phone_verified_at IS NOT NULL
    FROM own o JOIN shop.customers c
        ON c.store_id = $1 AND c.phone_key = o.value AND c.erased_at IS NULL
    WHERE o.contact = 'phone'
    UNION ALL
    SELECT c.customer_id, o.contact, o.proved, false
    FROM own o JOIN shop.carts c ON c.store_id = $1 AND c.email_key = o.value
    WHERE o.contact = 'email' AND o.proved
    UNION ALL
    SELECT c.customer_id, o.contact, o.proved, false
    FROM own o JOIN shop.carts c
        ON c.store_id = $1 AND c.customer_id IS NOT NULL AND o.value IN (
            c.phone_key, regexp_replace(c.shipping_address ->> 'phone', '[^0-9]', '', 'g'),
            regexp_replace(c.billing_address ->> 'phone', '[^0-9]', '', 'g'))
    WHERE o.contact = 'phone' AND o.proved
    UNION ALL
    SELECT a.customer_id, o.contact, o.proved, false
    FROM own o JOIN shop.addresses a
        ON a.store_id = $1 AND regexp_replace(a.address ->> 'phone', '[^0-9]', '', 'g') = o.value
    WHERE o.contact = 'phone' AND o.proved
)
SELECT customer_id, contact, bool_or(here AND there) AS proved
FROM other WHERE customer_id <> ALL ($2::uuid[]) AND (here OR there)
GROUP BY customer_id, contact ORDER BY customer_id, contact LIMIT $6"""

# A dispute is open until the bank has decided it.
_OBSTACLE = """
SELECT CASE
    WHEN EXISTS (
        SELECT FROM shop.orders
        WHERE store_id = $1 AND id = ANY ($4::uuid[])
          AND status IN ('draft', 'pending', 'processing'))
        THEN 'customer_has_open_orders'
    WHEN EXISTS (
        SELECT FROM shop.payment_sessions
        WHERE store_id = $1 AND status IN ('starting', 'open')
          AND (cart_id = ANY ($2::uuid[]) OR order_id = ANY ($4::uuid[])))
        OR EXISTS (
        SELECT FROM shop.payments
        WHERE store_id = $1 AND id = ANY ($3::uuid[]) AND order_id IS NULL
          AND (status = 'authorized' OR captured > refunded))
        OR EXISTS (
        SELECT FROM shop.refunds
        WHERE store_id = $1 AND payment_id = ANY ($3::uuid[]) AND status = 'pending')
        OR EXISTS (
        SELECT FROM shop.captures
        WHERE store_id = $1 AND payment_id = ANY ($3::uuid[]) AND status = 'pending')
        OR EXISTS (
        SELECT FROM shop.payment_facts
        WHERE store_id = $1 AND payment_id = ANY ($3::uuid[]) AND kind = 'dispute'
        GROUP BY payment_id, object_id HAVING NOT bool_or(status IN ('won', 'lost')))
        THEN 'customer_has_open_payments'
    END"""


async def customers(tx: Transaction, customer_id: UUID, *, lock: bool = False) -> list[UUID]:
    """A customer, also one that is erased, and the profiles that were merged into theirs."""
    query = f"{_CUSTOMERS} FOR UPDATE" if lock else _CUSTOMERS
    return await _ids(tx, query, customer_id)


async def identities(tx: Transaction, customers: Sequence[UUID]) -> list[ChatIdentity]:
    """How channels know them; an address that they proved is not among these."""
    rows = await tx.fetch(
        """SELECT channel, identity FROM shop.customer_identities
           WHERE store_id = $1 AND customer_id = ANY ($2::uuid[]) AND channel <> $3
           ORDER BY channel, identity""",
        tx.store_id,
        list(customers),
        EMAIL,
    )
    return [ChatIdentity(row["channel"], row["identity"]) for row in rows]


async def lock_conversations(tx: Transaction, customers: Sequence[UUID]) -> list[UUID]:
    """Their conversations; nothing is said in them until the transaction ends."""
    return await _ids(tx, _CONVERSATIONS, customers)


async def lock_carts(
    tx: Transaction, customers: Sequence[UUID], guest_orders: Sequence[UUID]
) -> list[UUID]:
    """Their carts, those that became orders and those that went into another one among them."""
    found = fresh = await _ids(tx, _CARTS, customers, guest_orders)
    while fresh:
        fresh = await _ids(tx, _MERGED, found)
        found = [*found, *fresh]
    return found


async def lock_payments(
    tx: Transaction, carts: Sequence[UUID], orders: Sequence[UUID]
) -> list[UUID]:
    """The payments of carts and orders."""
    return await _ids(tx, _PAYMENTS, carts, orders)


async def orders(
    tx: Transaction,
    customers: Sequence[UUID],
    carts: Sequence[UUID],
    guest: Sequence[UUID],
    *,
    lock: bool = False,
) -> list[UUID]:
    """Their orders, and those that they made as a guest; payments are locked before orders."""
    query = f"{_ORDERS} FOR UPDATE" if lock else _ORDERS
    return await _ids(tx, query, customers, carts, guest)


async def refunds(tx: Transaction, payments: Sequence[UUID]) -> list[UUID]:
    """What was given back, or was to be."""
    return await _ids(tx, _REFUNDS, payments)


async def captures(tx: Transaction, payments: Sequence[UUID]) -> list[UUID]:
    """What was taken of held money, or was to be."""
    return await _ids(tx, _CAPTURES, payments)


async def messages(
    tx: Transaction, conversations: Sequence[UUID], orders: Sequence[UUID], emails: Sequence[str]
) -> list[UUID]:
    """What was said in chats and written about orders or to addresses."""
    return await _ids(tx, _MESSAGES, conversations, orders, emails)


async def grants(tx: Transaction, customers: Sequence[UUID], orders: Sequence[UUID]) -> list[UUID]:
    """Credits that they bought or were given."""
    return await _ids(tx, _GRANTS, customers, orders)


async def emails(
    tx: Transaction, customers: Sequence[UUID], carts: Sequence[UUID], orders: Sequence[UUID]
) -> list[str]:
    """Mail addresses that are theirs alone, in lower case."""
    rows = await tx.fetch(_EMAILS, tx.store_id, list(customers), list(carts), list(orders), EMAIL)
    return [row[0] for row in rows]


async def phones(
    tx: Transaction, customers: Sequence[UUID], carts: Sequence[UUID], orders: Sequence[UUID]
) -> list[str]:
    """Phone numbers that a channel knows, or that they told and are theirs alone."""
    rows = await tx.fetch(_PHONES, tx.store_id, list(customers), list(orders), list(carts))
    return [row[0] for row in rows if row[0]]


async def words(tx: Transaction, customers: Sequence[UUID], orders: Sequence[UUID]) -> list[str]:
    """Their full names and streets, in lower case."""
    rows = await tx.fetch(_WORDS, tx.store_id, list(customers), list(orders))
    return [row[0] for row in rows]


async def namesakes(tx: Transaction, person: Person, most: int) -> list[Namesake]:
    """Others with an address or number that one of both has proved, by their ids."""
    ids = (list(person.customers), list(person.orders), list(person.carts))
    rows = await tx.fetch(_NAMESAKES, tx.store_id, *ids, EMAIL, most)
    return [Namesake(**dict(row)) for row in rows]


async def obstacle(
    tx: Transaction, carts: Sequence[UUID], payments: Sequence[UUID], orders: Sequence[UUID]
) -> Obstacle | None:
    """What has to come to its end first."""
    found: Obstacle | None = await tx.fetchval(
        _OBSTACLE, tx.store_id, list(carts), list(payments), list(orders)
    )
    return found


async def _ids(tx: Transaction, query: str, *given: Any) -> list[UUID]:
    args = [one if isinstance(one, UUID) else list(one) for one in given]
    return [row["id"] for row in await tx.fetch(query, tx.store_id, *args)]
