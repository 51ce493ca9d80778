"""What a checkout asks across domains, where the journey would otherwise need more round trips."""

from uuid import UUID

import msgspec

from tradewind.carts.rules import LARGEST_LINE, MOST_PER_LINE, Cart, CartStatus
from tradewind.catalog.queries.counting import counting_price
from tradewind.checkout.rules import ClaimedLine
from tradewind.contracts.errors import NotFound
from tradewind.database import Transaction

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


# One line more for a cart that its own shopper edits. What stands in the way changes nothing and
# leaves no row: what it is, is found out afterwards. The guard of stock is repeated on the newest
# version of the line. Whoever was waited for may have begun to pay the cart, unseen by this
# statement: so where its row was moved meanwhile, attempts to pay are looked for anew.
_ADD = f"""
WITH cart AS (
    SELECT c.id, c.currency, c.region_id, c.ctid AS place FROM shop.carts c
    WHERE c.store_id = $1 AND c.id = $3 AND c.status = 'open' AND c.session_id IS NULL
      AND c.customer_id IS NOT DISTINCT FROM $4::uuid
    FOR UPDATE
), offer AS (
    SELECT b.id AS cart_id, price.amount,
           CASE WHEN NOT v.tracked OR stock.backorder OR stock.free >= $8::bigint
                THEN $8::bigint
                ELSE least($8::bigint, coalesce(stock.free, 0) + coalesce((
                    SELECT sum(h.quantity)::bigint FROM shop.stock_reservations h
                    WHERE h.store_id = $1 AND h.cart_id = b.id AND h.variant_id = v.id), 0))
           END AS most
    FROM cart b
    JOIN shop.variants v ON v.store_id = $1 AND v.id = $5 AND v.archived_at IS NULL
    JOIN shop.products p ON p.store_id = $1 AND p.id = v.product_id AND p.status = 'published'
    CROSS JOIN LATERAL
        {counting_price("v.id", currency="b.currency", region="b.region_id", now="$2")} price
    CROSS JOIN LATERAL (
        SELECT sum(l.on_hand - l.reserved - l.held)::bigint AS free,
               bool_or(l.backorder) AS backorder
        FROM shop.inventory_levels l WHERE l.store_id = $1 AND l.variant_id = v.id) stock
), added AS (
    INSERT INTO shop.cart_lines
        (store_id, id, cart_id, variant_id, quantity, unit_price, created_at)
    SELECT $1, $7, o.cart_id, $5, $6::bigint, o.amount, $2 FROM offer o
    WHERE o.most >= $6::bigint AND o.amount <= $9::bigint / $6::bigint
    ON CONFLICT (store_id, cart_id, variant_id) DO UPDATE
    SET quantity = cart_lines.quantity + EXCLUDED.quantity, unit_price = EXCLUDED.unit_price
    WHERE cart_lines.quantity + EXCLUDED.quantity <= (SELECT o.most FROM offer o)
      AND EXCLUDED.unit_price <= $9::bigint / (cart_lines.quantity + EXCLUDED.quantity)
    RETURNING cart_id
)
UPDATE shop.carts c
SET version = c.version + 1, updated_at = $2, abandoned_at = NULL, notes = '[]',
    expires_at = $2::timestamptz + make_interval(days => coalesce(
        (SELECT cart_days FROM shop.store_settings WHERE store_id = $1), 7))
FROM added WHERE c.store_id = $1 AND c.id = added.cart_id
RETURNING EXISTS (
    SELECT FROM shop.payment_sessions s
    WHERE s.store_id = $1 AND s.cart_id = $3 AND s.status IN ('starting', 'open'))
    OR (SELECT seen.ctid FROM shop.carts seen WHERE seen.store_id = $1 AND seen.id = $3)
        IS DISTINCT FROM (SELECT place FROM cart) AS paying"""


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """A cart that is locked for placing; `sessions` are its attempts to pay that are not over."""

    status: CartStatus
    version: int
    lines: list[ClaimedLine]
    sessions: list[UUID]


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a cart was tried to be paid before, and how the store holds stock for carts."""

    tried: bool
    hold_minutes: int
    holds_per_shopper: int
    holds_per_address: int


async def claim(tx: Transaction, cart: Cart) -> Claim | None:
    """Lock a cart for placing; None when there is no such cart. Twice where it was waited for."""
    lines = ([line.variant_id for line in cart.lines], [line.quantity for line in cart.lines])
    args = (tx.store_id, cart.id, tx.now, *lines)
    row = await tx.fetchrow(_CLAIM, *args)
    if row is not None and row["moved"]:
        row = await tx.fetchrow(_CLAIM, *args)
    if row is None:
        return None
    found = msgspec.json.decode(row["lines"] or "[]", type=list[ClaimedLine])
    return Claim(
        status=row["status"], version=row["version"], lines=found, sessions=row["sessions"]
    )


async def add_line(
    tx: Transaction, cart_id: UUID, customer_id: UUID | None, variant_id: UUID, quantity: int
) -> bool | None:
    """Put `quantity` more of a variant in an open cart of this customer, or of a guest for None.

    Returns whether attempts to pay the cart may be under way; None when it cannot be done so.
    """
    paying: bool | None = await tx.fetchval(
        _ADD,
        tx.store_id,
        tx.now,
        cart_id,
        customer_id,
        variant_id,
        quantity,
        tx.new_id(),
        MOST_PER_LINE,
        LARGEST_LINE,
    )
    return paying


async def begin_paying(tx: Transaction, cart_id: UUID) -> tuple[CartStatus, int] | None:
    """Lock a cart that is to be paid; its status and version. Whoever waits for it notices."""
    row = await tx.fetchrow(
        """UPDATE shop.carts SET updated_at = $3
           WHERE store_id = $1 AND id = $2 RETURNING status, version""",
        tx.store_id,
        cart_id,
        tx.now,
    )
    return None if row is None else (row["status"], row["version"])


async def standing(tx: Transaction, cart_id: UUID) -> Standing:
    """What counts for a cart that is to be paid. Raises NotFound for a store never set up."""
    row = await tx.fetchrow(
        """SELECT s.hold_minutes, s.holds_per_shopper, s.holds_per_address, EXISTS (
               SELECT FROM shop.payment_sessions p WHERE p.store_id = $1 AND p.cart_id = $2
           ) AS tried
           FROM shop.store_settings s WHERE s.store_id = $1""",
        tx.store_id,
        cart_id,
    )
    if row is None:
        raise NotFound("This store has no settings yet.")
    return Standing(**dict(row))


async def lock_cart(tx: Transaction, cart_id: UUID) -> tuple[CartStatus, int] | None:
    """Lock a cart; its status and version."""
    row = await tx.fetchrow(
        "SELECT status, version FROM shop.carts WHERE store_id = $1 AND id = $2 FOR UPDATE",
        tx.store_id,
        cart_id,
    )
    return None if row is None else (row["status"], row["version"])
