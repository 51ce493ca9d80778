"""Who may open a cart, and how one is edited: every route of a cart begins here."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated
from uuid import UUID

from litestar import Response
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from tradewind.carts import service as carts
from tradewind.carts.merging import service as merging
from tradewind.carts.rules import Cart
from tradewind.checkout import service as checkout
from tradewind.checkout.links import opens
from tradewind.contracts.errors import CartMerged, NotFound
from tradewind.database import Transaction
from tradewind_host.access import Access, GivenAccess, answered
from tradewind_host.store_api.cart_view import CartAnswer, cart_answer

Edit = Callable[[Transaction, Cart], Awaitable[Cart]]
Token = Annotated[
    str,
    QueryParameter(
        max_length=200, description="Opens a cart or an order that is not the caller's own."
    ),
]


class CartDoor:
    """The cart that a request names, for as far as its sender may open it."""

    def __init__(self, access: Access, cart_id: UUID, token: str) -> None:
        self._access = access
        self._token = token
        self.id = cart_id

    async def read(self) -> Cart:
        """The cart. Raises NotFound, also when it is somebody else's; CartMerged."""
        access = self._access
        return self.admit(await checkout.read_cart(access.engine, access.store, self.id))

    async def show(self) -> CartAnswer:
        """The cart with the totals of this moment."""
        return cart_answer(await self.quoted())

    async def quoted(self) -> Cart:
        """The cart with what it comes to, kept. Raises NotFound, also for somebody else's."""
        access = self._access
        return await checkout.quote_at_once(access.engine, access.store, await self.read())

    async def edit(self, edit: Edit) -> Response[CartAnswer]:
        """Change the cart while nobody else does; what it cost before is no longer paid for.

        Its new totals are answered in the same transaction, unless plugins must be asked. Where
        these have no answer the edit stands, and a note says that totals are missing.
        """
        access = self._access
        async with access.transaction() as tx:
            cart = self.admit(await carts.lock_cart(tx, self.id))
            if not access.done:
                cart = await self._edited(tx, cart, edit)
            quoted = await checkout.quote_in(tx, access.engine, cart)
            if quoted is not None:
                return await access.answer(tx, cart_answer(quoted))
            await access.mark_done(tx)
        return await self._quoted(cart)

    async def add_line(self, variant_id: UUID, quantity: int) -> Response[CartAnswer]:
        """Put units of a variant in the cart: the edit that a shop sees most often.

        Where nothing stands in the way it takes one statement, which looks at who may edit. The
        answer to a named request is kept in the transaction of its effect.
        """
        access = self._access
        if access.done or self._token:
            return await self.edit(partial(_add, variant_id, quantity))
        if access.claim is None:
            added = await checkout.add_line_at_once(
                access.engine, access.store, self.id, access.customer_id, variant_id, quantity
            )
            if added is not None:
                return answered(cart_answer(added))
            return await self.edit(partial(_add, variant_id, quantity))
        async with access.transaction() as tx:
            cart = await checkout.add_line(tx, self.id, access.customer_id, variant_id, quantity)
            priced = await checkout.price_in(tx, access.engine, cart) if cart else None
            if priced is not None:
                return await access.answer(tx, cart_answer(priced))
            if cart is not None:
                await access.mark_done(tx)
        if cart is not None:
            return await self._quoted(cart)
        return await self.edit(partial(_add, variant_id, quantity))

    async def claim(self) -> Response[CartAnswer]:
        """Make it the cart of whoever is signed in; the answer is the cart to go on with."""
        access, customer_id = self._access, self._access.signed_in()
        async with access.transaction() as tx:
            given = await carts.get_cart(tx, self.id)
            if given.status != "merged":
                self.admit(given)
            cart = await checkout.claim_cart(tx, self.id, customer_id)
            quoted = await checkout.quote_in(tx, access.engine, cart)
            if quoted is not None:
                return await access.answer(tx, cart_answer(quoted))
            await access.mark_done(tx)
        return await self._quoted(cart)

    async def _quoted(self, cart: Cart) -> Response[CartAnswer]:
        """The answer to an edit that stands, once plugins were asked what the cart comes to."""
        access = self._access
        quoted = await checkout.quote_edited(access.engine, access.store, cart)
        return Response(cart_answer(quoted))

    async def _edited(self, tx: Transaction, cart: Cart, edit: Edit) -> Cart:
        """The cart after the change.

        A guest's becomes that of whoever is signed in by now and has no other open one. One that
        comes back with its new quote has had its attempts to pay called off already.
        """
        after = await self.owned(tx, await edit(tx, cart))
        if after.version != cart.version and not after.quoted:
            await checkout.cart_edited(tx, cart.id)
        return after

    async def owned(self, tx: Transaction, cart: Cart) -> Cart:
        """A guest's open cart as that of whoever is signed in, if they have no other."""
        customer_id = self._access.customer_id
        if customer_id is None or not _of_guest(cart) or cart.status != "open":
            return cart
        return await merging.own(tx, cart, customer_id)

    def admit(self, cart: Cart) -> Cart:
        """A guest's cart is opened by its id, which is its secret; others by more than that."""
        access = self._access
        own = cart.customer_id is not None and cart.customer_id == access.customer_id
        if (
            _of_guest(cart)
            or own
            or opens(access.engine, access.store, cart.id, "cart", self._token)
        ):
            if cart.status == "merged" and cart.merged_into is not None:
                raise CartMerged(cart.merged_into)
            return cart
        raise NotFound("There is no such cart.")


async def _add(variant_id: UUID, quantity: int, tx: Transaction, cart: Cart) -> Cart:
    return await carts.add_line(tx, cart, variant_id, quantity)


def _of_guest(cart: Cart) -> bool:
    return cart.customer_id is None and cart.session_id is None


GivenCart = NamedDependency[CartDoor]


def provide_cart(access: GivenAccess, cart_id: FromPath[UUID], token: Token = "") -> CartDoor:
    """The cart of the path."""
    return CartDoor(access, cart_id, token)
