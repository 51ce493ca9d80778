"""Carts at sign-in: what a guest had filled is found again by the customer they turn out to be."""

from collections.abc import Mapping
from uuid import UUID

import asyncpg
import msgspec

from tradewind.carts.merging import queries
from tradewind.carts.merging.rules import Marked, merge, region_of
from tradewind.carts.rules import Cart, check_open
from tradewind.carts.service import get_cart
from tradewind.contracts.errors import Conflict, NotFound
from tradewind.customers import service as customers
from tradewind.database import Transaction

_ATTEMPTS = 5
_MOST_MERGES = 20


class Claimed(msgspec.Struct, frozen=True, kw_only=True):
    """The customer's cart; `changed` are the versions of the carts that are not what they were.

    `absorbed` is the one that went into it, with what it holds.
    """

    cart: Cart
    changed: Mapping[UUID, int] = {}
    absorbed: UUID | None = None


async def claim(tx: Transaction, cart_id: UUID, customer_id: UUID) -> Claimed:
    """Make a guest's cart the customer's: as it is, or merged into the open cart they have.

    Whatever is claimed again stays as it is. Where money has come for what has changed, the caller
    refuses; else it calls off the attempts to pay that, and lets go of what the absorbed cart
    holds. Raises NotFound for the cart of somebody else, Conflict (`cart_completed`,
    `cart_of_chat`).
    """
    for _ in range(_ATTEMPTS):
        await tx.execute("SAVEPOINT claiming")
        try:
            claimed = await _claim(tx, cart_id, customer_id)
        except asyncpg.UniqueViolationError:
            claimed = None
        if claimed is not None:
            await tx.execute("RELEASE SAVEPOINT claiming")
            return claimed
        # They got another cart at this moment. Both are locked anew, in their order.
        await tx.execute("ROLLBACK TO SAVEPOINT claiming")
    raise Conflict("The cart was changed meanwhile.", code="cart_changed")


async def own(tx: Transaction, cart: Cart, customer_id: UUID) -> Cart:
    """A guest's open cart as the customer's; as it was when they have one already."""
    email = await customers.proved_email(tx, customer_id)
    await tx.execute("SAVEPOINT owning")
    try:
        done = await queries.own(tx, cart.id, customer_id, email)
    except asyncpg.UniqueViolationError:
        await tx.execute("ROLLBACK TO SAVEPOINT owning")
        return cart
    await tx.execute("RELEASE SAVEPOINT owning")
    return await get_cart(tx, cart.id) if done else cart


async def _claim(tx: Transaction, cart_id: UUID, customer_id: UUID) -> Claimed | None:
    locked = await queries.lock_both(tx, cart_id, customer_id)
    given = next((one for one in locked if one.id == cart_id), None)
    have = next((one for one in locked if one.id != cart_id), None)
    if given is None or given.customer_id not in {None, customer_id}:
        raise NotFound("There is no such cart.")
    if given.status == "merged":
        return Claimed(cart=await _followed(tx, given, customer_id))
    cart = await get_cart(tx, cart_id)
    check_open(cart)
    if given.customer_id == customer_id:
        return Claimed(cart=cart)
    if given.session_id is not None:
        raise Conflict("This cart is the one of a chat, and stays there.", code="cart_of_chat")
    if have is not None:
        return await _merged(tx, await get_cart(tx, have.id), cart)
    email = await customers.proved_email(tx, customer_id)
    if not await queries.own(tx, cart_id, customer_id, email):
        return None
    return Claimed(cart=await get_cart(tx, cart_id), changed={cart_id: cart.version})


async def _followed(tx: Transaction, given: Marked, customer_id: UUID) -> Cart:
    """Where a merged cart went, if that is a cart of this customer. Raises NotFound."""
    found: Marked | None = given
    for _ in range(_MOST_MERGES):
        if found is None or found.merged_into is None or found.status != "merged":
            break
        found = await queries.mark(tx, found.merged_into)
    if found is None or found.customer_id != customer_id:
        raise NotFound("There is no such cart.")
    return await get_cart(tx, found.id)


async def _merged(tx: Transaction, kept: Cart, absorbed: Cart) -> Claimed:
    variants = {line.variant_id for one in (kept, absorbed) for line in one.lines}
    region = region_of(kept, absorbed)
    terms = await queries.terms(tx, region, sorted(variants), [kept.id, absorbed.id])
    email = None
    if kept.customer_id is not None and not (kept.email or absorbed.email):
        email = await customers.proved_email(tx, kept.customer_id)
    await queries.write(tx, kept.id, absorbed.id, merge(kept, absorbed, terms, email))
    changed = {one.id: one.version for one in (kept, absorbed)}
    return Claimed(cart=await get_cart(tx, kept.id), changed=changed, absorbed=absorbed.id)
