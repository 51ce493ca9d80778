"""Customers in SQL, one statement for each question."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from tradewind.contracts.channel import Sender
from tradewind.contracts.pricing import Address
from tradewind.customers.codes.rules import EMAIL
from tradewind.customers.rules import Customer, Identity, KeptAddress
from tradewind.database import Transaction

_CUSTOMER = """SELECT c.id, c.name, c.email, c.phone, c.locale, c.country FROM shop.customers c """


async def customer(tx: Transaction, customer_id: UUID) -> Customer | None:
    """One customer."""
    row = await tx.fetchrow(
        _CUSTOMER + "WHERE c.store_id = $1 AND c.id = $2 AND c.erased_at IS NULL",
        tx.store_id,
        customer_id,
    )
    return None if row is None else Customer(**dict(row))


async def proved_email(tx: Transaction, customer_id: UUID) -> str | None:
    """The address that a customer has shown to be theirs."""
    found: str | None = await tx.fetchval(
        """SELECT email FROM shop.customers
           WHERE store_id = $1 AND id = $2 AND email_verified_at IS NOT NULL""",
        tx.store_id,
        customer_id,
    )
    return found


async def contacts(tx: Transaction, customer_id: UUID) -> tuple[list[str], list[str]]:
    """The mail addresses and the phone numbers by which a customer is known."""
    rows = await tx.fetch(
        """SELECT email, phone FROM shop.customers WHERE store_id = $1 AND id = $2
           UNION ALL
           SELECT CASE WHEN channel = $3 THEN identity END, phone FROM shop.customer_identities
           WHERE store_id = $1 AND customer_id = $2""",
        tx.store_id,
        customer_id,
        EMAIL,
    )
    return (
        [row["email"] for row in rows if row["email"]],
        [row["phone"] for row in rows if row["phone"]],
    )


async def by_identities(
    tx: Transaction, channel: str, identities: Sequence[str]
) -> tuple[str, Customer] | None:
    """The customer behind one of these identities, the first that is known; and which it was."""
    row = await tx.fetchrow(
        """SELECT i.identity, c.id, c.name, c.email, c.phone, c.locale, c.country
           FROM unnest($3::text[]) WITH ORDINALITY AS asked(identity, rank)
           JOIN shop.customer_identities i
               ON i.store_id = $1 AND i.channel = $2 AND i.identity = asked.identity
           JOIN shop.customers c ON c.store_id = $1 AND c.id = i.customer_id
           ORDER BY asked.rank LIMIT 1""",
        tx.store_id,
        channel,
        list(identities),
    )
    if row is None:
        return None
    found = dict(row)
    return found.pop("identity"), Customer(**found)


async def add_with_identity(
    tx: Transaction, customer_id: UUID, channel: str, sender: Sender
) -> bool:
    """Add a customer known by an identity; false, and nothing is added, when it is taken."""
    added = await tx.fetchval(
        """WITH known AS (
               INSERT INTO shop.customer_identities
                   (store_id, channel, identity, customer_id, phone, name, created_at)
               VALUES ($1, $7, $8, $2, $4, $3, $6)
               ON CONFLICT (store_id, channel, identity) DO NOTHING RETURNING customer_id)
           INSERT INTO shop.customers (store_id, id, name, phone, country, created_at, updated_at)
           SELECT $1, customer_id, $3, $4, $5, $6, $6 FROM known RETURNING id""",
        tx.store_id,
        customer_id,
        sender.name,
        sender.phone,
        sender.country,
        tx.now,
        channel,
        sender.identity,
    )
    return added is not None


async def add_identity(tx: Transaction, customer_id: UUID, channel: str, sender: Sender) -> None:
    """Let a customer be known by one more identity."""
    await tx.execute(
        """INSERT INTO shop.customer_identities
               (store_id, channel, identity, customer_id, phone, name, created_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING""",
        tx.store_id,
        channel,
        sender.identity,
        customer_id,
        sender.phone,
        sender.name,
        tx.now,
    )


async def identities(tx: Transaction, customer_id: UUID) -> list[Identity]:
    """How the channels know a customer."""
    rows = await tx.fetch(
        """SELECT channel, identity, phone, name FROM shop.customer_identities
           WHERE store_id = $1 AND customer_id = $2 ORDER BY channel, identity""",
        tx.store_id,
        customer_id,
    )
    return [Identity(**dict(row)) for row in rows]


async def add_with_email(tx: Transaction, customer_id: UUID, address: str) -> bool:
    """Add a customer who has shown that an address is theirs; false when it is somebody's."""
    added = await tx.fetchval(
        """WITH known AS (
               INSERT INTO shop.customer_identities
                   (store_id, channel, identity, customer_id, verified_at, created_at)
               VALUES ($1, $4, $3, $2, $5, $5)
               ON CONFLICT (store_id, channel, identity) DO NOTHING RETURNING customer_id)
           INSERT INTO shop.customers
               (store_id, id, email, email_verified_at, created_at, updated_at)
           SELECT $1, customer_id, $3, $5, $5, $5 FROM known RETURNING id""",
        tx.store_id,
        customer_id,
        address,
        EMAIL,
        tx.now,
    )
    return added is not None


async def update(tx: Transaction, new: Customer) -> bool:
    """Overwrite what a customer told; false when there is no such customer."""
    changed = await tx.fetchval(
        """UPDATE shop.customers SET name = $3, email = $4, phone = $5, locale = $6,
               updated_at = $7,
               email_verified_at = CASE WHEN email_key = lower($4) THEN email_verified_at END,
               phone_verified_at = CASE WHEN phone = $5 THEN phone_verified_at END
           WHERE store_id = $1 AND id = $2 RETURNING id""",
        tx.store_id,
        new.id,
        new.name,
        new.email,
        new.phone,
        new.locale,
        tx.now,
    )
    return changed is not None


async def add_customer(tx: Transaction, new: Customer) -> None:
    """Store a customer."""
    await tx.execute(
        """INSERT INTO shop.customers (store_id, id, name, email, phone, locale, country,
                                       created_at, updated_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)""",
        tx.store_id,
        new.id,
        new.name,
        new.email,
        new.phone,
        new.locale,
        new.country,
        tx.now,
    )


async def addresses(tx: Transaction, customer_id: UUID, most: int) -> list[KeptAddress]:
    """The addresses of a customer, the one used last first."""
    rows = await tx.fetch(
        """SELECT id, address FROM shop.addresses WHERE store_id = $1 AND customer_id = $2
           ORDER BY used_at DESC, id DESC LIMIT $3""",
        tx.store_id,
        customer_id,
        most,
    )
    return [
        KeptAddress(id=row["id"], address=msgspec.json.decode(row["address"], type=Address))
        for row in rows
    ]


async def last_address(tx: Transaction, customer_id: UUID) -> Address | None:
    """The address a customer used last."""
    text = await tx.fetchval(
        """SELECT address FROM shop.addresses WHERE store_id = $1 AND customer_id = $2
           ORDER BY used_at DESC, id DESC LIMIT 1""",
        tx.store_id,
        customer_id,
    )
    return None if text is None else msgspec.json.decode(text, type=Address)


async def remember_address(tx: Transaction, customer_id: UUID, address: Address) -> None:
    """Keep an address as the one used last; the same address is kept once."""
    text = msgspec.json.encode(address).decode()
    await tx.execute(
        """WITH known AS (
               UPDATE shop.addresses SET used_at = $5
               WHERE store_id = $1 AND customer_id = $3 AND address = $4::jsonb RETURNING id)
           INSERT INTO shop.addresses (store_id, id, customer_id, address, used_at, created_at)
           SELECT $1, $2, $3, $4::jsonb, $5, $5 WHERE NOT EXISTS (SELECT FROM known)""",
        tx.store_id,
        tx.new_id(),
        customer_id,
        text,
        tx.now,
    )
