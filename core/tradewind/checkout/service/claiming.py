"""Carts in the hands of their shoppers; attempts to pay what they were before are called off."""

from uuid import UUID

import msgspec

from tradewind.carts import service as carts
from tradewind.carts.merging import service as merging
from tradewind.carts.rules import Cart, CartUpdate, NewCart
from tradewind.catalog.service import region_for
from tradewind.checkout.service.ending import cart_edited
from tradewind.contracts.errors import Conflict
from tradewind.customers import service as customers
from tradewind.database import Transaction
from tradewind.inventory import service as inventory
from tradewind.payments import queries as payment_rows


async def claim_cart(tx: Transaction, cart_id: UUID, customer_id: UUID) -> Cart:
    """A guest's cart as the customer's, merged into the open cart that they have, if any.

    A cart that is paid and about to be placed becomes an order of its own: nothing changes then.
    Raises NotFound, Conflict (`cart_completed`, `cart_of_chat`, `already_paid`).
    """
    await tx.execute("SAVEPOINT before_claim")
    claimed = await merging.claim(tx, cart_id, customer_id)
    for changed, version in claimed.changed.items():
        if await payment_rows.is_paid(tx, changed, version):
            await tx.execute("ROLLBACK TO SAVEPOINT before_claim")
            raise Conflict("This cart is paid.", code="already_paid")
    await tx.execute("RELEASE SAVEPOINT before_claim")
    for changed in sorted(claimed.changed):
        await cart_edited(tx, changed)
    if claimed.absorbed is not None:
        await inventory.release_holds(tx, claimed.absorbed)
    return claimed.cart


async def open_own_cart(tx: Transaction, customer_id: UUID, new: NewCart) -> Cart:
    """The customer's one open cart, opened if need be, with what `new` says of it.

    Raises as `carts.service.open_cart`, and Conflict `cart_changed`.
    """
    email = new.email or await customers.proved_email(tx, customer_id)
    before = await carts.cart_of_customer(tx, customer_id)
    if before is None:
        fresh = msgspec.structs.replace(new, customer_id=customer_id, email=email)
        return await carts.open_cart(tx, fresh)
    region_id: UUID | msgspec.UnsetType = msgspec.UNSET
    if new.region_id is not None or new.currency not in {None, before.currency}:
        region_id = (await region_for(tx, new.region_id, new.currency)).id
    told = CartUpdate(
        email=new.email or before.email or email, metadata=new.metadata, region_id=region_id
    )
    after = await carts.update(tx, before, told)
    if after.version != before.version:
        await cart_edited(tx, after.id)
    return after
