"""What a checkout asks across domains, where the journey would otherwise need more round trips."""

from uuid import UUID

import msgspec

from tradewind.carts.queries import cart_of_row
from tradewind.carts.rules import LARGEST_LINE, MOST_LINES, MOST_PER_LINE, Cart, CartStatus
from tradewind.catalog.queries.counting import counting_price
from tradewind.checkout.rules import ClaimedLine
from tradewind.contracts.errors import NotFound
from tradewind.database import Database, Transaction
from tradewind.database.sql import Writes
from tradewind.orders.unpaid.queries import in_turn
from tradewind.orders.unpaid.rules import Turns
from tradewind.payments.attempt_queries import attempts_of_rows
from tradewind.payments.rules import Payment, PaymentSession

# The claim: nobody else completes this cart meanwhile. Its lines are looked up in the catalog as
# they are now, with the place where each is best taken: where the cart holds it, where there is
# enough, the location of the first priority. `moved`: somebody was waited for who has changed the
# cart or begun to pay it, and the rest is as it was before. Arrays come as subselects: the elements
# of one that is handed to unnest are counted, and the statement is planned anew each time.
_CLAIM = f"""
SELECT c.status, c.version, c.ctid IS DISTINCT FROM (
    SELECT seen.ctid FROM shop.carts seen WHERE seen.store_id = $1 AND seen.id = $2
) AS moved, ARRAY(
    SELECT s.id FROM shop.payment_sessions s
    WHERE s.store_id = c.store_id AND s.cart_id = c.id AND s.status IN ('starting', 'open')
) AS sessions, (
    SELECT jsonb_agg(jsonb_build_object(
        'variant_id', v.id, 'sellable', p.status = 'published' AND v.archived_at IS NULL,
        'price', {counting_price("v.id", currency="c.currency", region="c.region_id", now="$3")},
        'location_id', (
            SELECT l.location_id FROM shop.inventory_levels l
            JOIN shop.stock_locations s ON s.store_id = l.store_id AND s.id = l.location_id
            LEFT JOIN shop.stock_reservations h ON h.store_id = l.store_id
                AND h.cart_id = c.id AND h.variant_id = l.variant_id
                AND h.location_id = l.location_id
            WHERE l.store_id = c.store_id AND l.variant_id = v.id
            ORDER BY h.id IS NULL, l.on_hand - l.reserved - l.held < w.quantity,
                     s.priority, s.id
            LIMIT 1)))
    FROM unnest((SELECT $4::uuid[]), (SELECT $5::bigint[])) AS w(variant_id, quantity)
    JOIN shop.variants v ON v.store_id = c.store_id AND v.id = w.variant_id
    JOIN shop.products p ON p.store_id = v.store_id AND p.id = v.product_id) AS lines
FROM shop.carts c WHERE c.store_id = $1 AND c.id = $2 FOR UPDATE OF c
"""


# The same where the order will count: those of one shopper, or of one address, are counted one
# after another. This statement waits for those before, so that the one that counts sees them.
_CLAIM_IN_TURN = _CLAIM.replace(
    "SELECT c.status,", f"SELECT {in_turn('$1', '$6', '$7')}, c.status,"
)


# `moved`: as above.
_STANDING = """
    SELECT c.status, c.version, s.hold_minutes, s.holds_per_shopper, s.holds_per_address,
           EXISTS (SELECT FROM shop.payment_sessions p
                   WHERE p.store_id = $1 AND p.cart_id = $2) AS tried,
           c.ctid IS DISTINCT FROM (
               SELECT seen.ctid FROM shop.carts seen WHERE seen.store_id = $1 AND seen.id = $2
           ) AS moved
    FROM shop.carts c LEFT JOIN shop.store_settings s ON s.store_id = c.store_id
    WHERE c.store_id = $1 AND c.id = $2 FOR UPDATE OF c"""
_TOUCH = "UPDATE shop.carts SET updated_at = {2} WHERE store_id = {0} AND id = {1}"

# Two calls, which name the store each for itself: neither reads a row before it has.
_WITH_ATTEMPTS = """
    SELECT * FROM shop.cart_at($1, $2, $3) LEFT JOIN shop.attempts_at($1, $3) ON true"""
_ADD = "SELECT * FROM shop.add_to_cart($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """A cart that is locked for placing; `sessions` are its attempts to pay that are not over."""

    status: CartStatus
    version: int
    lines: list[ClaimedLine]
    sessions: list[UUID]


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """A cart, and its attempts to pay with their payments, newest first."""

    cart: Cart
    attempts: list[tuple[PaymentSession, Payment]]


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """A locked cart, whether it was tried to be paid before, and how its store holds stock."""

    status: CartStatus
    version: int
    tried: bool
    hold_minutes: int
    holds_per_shopper: int
    holds_per_address: int


async def claim(tx: Transaction, cart: Cart, turns: Turns | None = None) -> Claim | None:
    """Lock a cart for placing; None when there is no such cart. Twice where it was waited for.

    `turns` are of an order that counts for its shopper and address.
    """
    lines = ([line.variant_id for line in cart.lines], [line.quantity for line in cart.lines])
    args = (tx.store_id, cart.id, tx.now, *lines, *(turns or ()))
    query = _CLAIM if turns is None else _CLAIM_IN_TURN
    row = await tx.fetchrow(query, *args)
    if row is not None and row["moved"]:
        row = await tx.fetchrow(query, *args)
    if row is None:
        return None
    found = msgspec.json.decode(row["lines"] or "[]", type=list[ClaimedLine])
    return Claim(
        status=row["status"], version=row["version"], lines=found, sessions=row["sessions"]
    )


async def cart_at_once(database: Database, store_id: UUID, cart_id: UUID) -> Cart | None:
    """A cart with its lines at today's prices, as a transaction of its own. One round trip."""
    now = database.clock.now()
    rows = await database.call("SELECT * FROM shop.cart_at($1, $2, $3)", store_id, now, cart_id)
    return cart_of_row(rows[0], now) if rows else None


async def tried_at_once(database: Database, store_id: UUID, cart_id: UUID) -> Tried | None:
    """The same with its attempts to pay."""
    now = database.clock.now()
    rows = await database.call(_WITH_ATTEMPTS, store_id, now, cart_id)
    if not rows:
        return None
    begun = [row for row in rows if row["attempt_id"] is not None]
    attempts = attempts_of_rows(database, begun)
    return Tried(cart=cart_of_row(rows[0], now), attempts=attempts)


async def add_line(
    tx: Transaction, cart_id: UUID, customer_id: UUID | None, variant_id: UUID, quantity: int
) -> Cart | None:
    """Put `quantity` more of a variant in an open cart of this customer, or of a guest for None.

    None, and nothing is changed, when anything stands in the way, an attempt to pay among it.
    """
    asked = (tx.now, cart_id, customer_id, variant_id, quantity, tx.new_id())
    limits = (MOST_PER_LINE, LARGEST_LINE, MOST_LINES)
    row = await tx.fetchrow(_ADD, tx.store_id, *asked, *limits, None)
    return None if row is None else cart_of_row(row, tx.now)


async def add_line_at_once(
    database: Database,
    store_id: UUID,
    cart_id: UUID,
    customer_id: UUID | None,
    variant_id: UUID,
    quantity: int,
    flag: str | None,
) -> Cart | None:
    """The same as a transaction of its own; None, too, where the store has switched `flag` off."""
    now = database.clock.now()
    asked = (now, cart_id, customer_id, variant_id, quantity, database.new_id())
    limits = (MOST_PER_LINE, LARGEST_LINE, MOST_LINES)
    rows = await database.call(_ADD, store_id, *asked, *limits, flag)
    return cart_of_row(rows[0], now) if rows else None


async def standing(tx: Transaction, cart_id: UUID) -> Standing | None:
    """Lock a cart that is to be paid, and say what counts for it. Twice where it was waited for.

    Raises NotFound for a store never set up.
    """
    row = await tx.fetchrow(_STANDING, tx.store_id, cart_id)
    if row is not None and row["moved"]:
        row = await tx.fetchrow(_STANDING, tx.store_id, cart_id)
    if row is None:
        return None
    if row["hold_minutes"] is None:
        raise NotFound("This store has no settings yet.")
    return Standing(**{name: row[name] for name in Standing.__struct_fields__})


async def touch(tx: Transaction, cart_id: UUID) -> None:
    """Have whoever waits for a cart notice that it is being paid and holds stock."""
    await tx.execute(_TOUCH.format("$1", "$2", "$3"), tx.store_id, cart_id, tx.now)


def write_touch(writes: Writes, tx: Transaction, cart_id: UUID) -> None:
    """Add the same to what is about to be written."""
    writes.add(_TOUCH, tx.store_id, cart_id, tx.now)


async def lock_cart(tx: Transaction, cart_id: UUID) -> tuple[CartStatus, int] | None:
    """Lock a cart; its status and version."""
    row = await tx.fetchrow(
        "SELECT status, version FROM shop.carts WHERE store_id = $1 AND id = $2 FOR UPDATE",
        tx.store_id,
        cart_id,
    )
    return None if row is None else (row["status"], row["version"])
