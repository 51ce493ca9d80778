"""Paying a cart: what it comes to and how to pay it, and the way back from the provider's page.

The order is made by the payment, or at once where it is paid later.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Request, Response, get
from litestar.params import FromPath, FromQuery

from tradewind.carts.rules import Cart
from tradewind.checkout.rules import OfferedMethod, StartRequest, has_physical
from tradewind.checkout.service import (
    complete,
    look_up_cart,
    payment_methods,
    place,
    place_agreed,
    quote,
    shipping_options,
    start_payment,
)
from tradewind.contracts.errors import NotFound, OutOfStock, ProviderFault, Refusal
from tradewind.contracts.money import Money
from tradewind.database import Store
from tradewind.orders import service as orders
from tradewind.payments import service as payments
from tradewind.payments.rules import PaymentSession
from tradewind.settings.engine import Engine
from tradewind_host.agreement import FLAG, METHOD, agreement_with
from tradewind_host.limits import address_of
from tradewind_host.operations import GivenEngine
from tradewind_host.storefront import chat, forms, paths, paying, redeeming, tickets, view
from tradewind_host.storefront.checkout import Underway, underway
from tradewind_host.storefront.paying import Trouble
from tradewind_host.storefront.reading import LIVE, store_of
from tradewind_host.storefront.rendering import SHOPPING, elsewhere, page
from tradewind_host.storefront.visit import AnyRequest, Visit, from_here, visit


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """The newest attempt to pay a cart, and why it came to nothing."""

    session: PaymentSession | None
    error_code: str


class CartBill:
    """A cart that is ready to be paid; `cart` is quoted."""

    waits = True

    def __init__(self, seen: Visit, cart: Cart, attempt: Attempt) -> None:
        self.seen = seen
        self.cart = cart
        self.attempt = attempt
        self.engine = seen.engine
        self.store = seen.store
        self.shop = seen.shop
        self.words = seen.words
        self.session = attempt.session
        self.live = _live(cart, attempt.session)
        self.here = f"{seen.shop.top}/pay"
        address = cart.shipping_address
        self.country = address.country_code if address else next(iter(cart.region.countries), "")
        self.phone = cart.phone or (address.phone if address else None) or ""

    async def offered(self) -> Sequence[OfferedMethod]:
        """Every way to pay it."""
        return await payment_methods(self.engine, self.store, self.cart.id)

    async def begin(
        self, way: OfferedMethod, request: StartRequest, known: str
    ) -> PaymentSession | None:
        """Begin to pay it; what is paid outside the shop is ordered at once."""
        request = msgspec.structs.replace(
            request,
            return_url=_back(self.engine, self.store, self.cart.id),
            cancel_url=f"{paths.origin(self.engine)}{self.here}",
        )
        if way.method.pays_later or way.method.flow == "instructions":
            await place(
                self.engine,
                self.store,
                self.cart.id,
                way.provider,
                way.method.id,
                request,
                expected_total=self.cart.total,
            )
            return None
        return await start_payment(
            self.engine, self.store, self.cart.id, request, replaces=_id(known)
        )

    async def again(self) -> "CartBill":
        """The cart as it is now; one that has become an order waits no more."""
        cart = await quote(self.engine, self.store, self.cart.id)
        bill = CartBill(self.seen, cart, await _attempt(self.engine, self.store, cart.id))
        bill.waits = cart.status == "open"
        return bill

    def short(self, error: OutOfStock) -> str:
        """That there is not as much left of something as is wanted."""
        titles = (line.title for line in self.cart.lines if line.sku == error.sku)
        title = next(titles, error.sku)
        return self.words("error.short", left=max(0, error.left), title=title)

    async def shown(self, trouble: Trouble | None = None) -> Response[Any]:
        """The whole purchase once more, and the ways to pay it."""
        words, cart = self.words, self.cart
        address, method = cart.shipping_address, cart.shipping_method
        return page(
            self.engine,
            "review.html",
            words,
            status=trouble.status if trouble else 200,
            headers=SHOPPING,
            shop=self.shop,
            cart=cart,
            known=self.session.id if self.session else "",
            due=Money(cart.total, cart.currency).text(),
            trouble=trouble.text if trouble else "",
            failed="" if trouble else self._failure(),
            **paying.at_hand(self),
            ways=await paying.ways(self, trouble.filled if trouble else None),
            lines=view.lines(cart, words),
            figures=view.cart_figures(cart, words),
            codes=view.codes(cart, words),
            credits=await redeeming.for_cart(self.seen, cart),
            address=view.address_lines(address, words) if address else [],
            delivery=method,
            action=self.here,
            look=self.here,
            steps=view.steps("pay", cart, words),
            agreed=await self.agreeing(),
        )

    async def agreeing(self) -> str:
        """The channel on which the purchase can be agreed upon; nothing where it cannot be."""
        if not self.phone or not await self.engine.flag(self.store, FLAG):
            return ""
        found = await chat.chat_link(self.engine, self.store, "", only=METHOD)
        return found.title if found else ""

    def _failure(self) -> str:
        if self.session is None or self.session.cart_version != self.cart.version:
            return ""
        return view.failure(self.session, self.attempt.error_code, self.words)


async def pay_page(
    engine: Engine, request: AnyRequest, slug: str, *, other: bool, still: bool
) -> Response[Any]:
    """How to pay the visitor's cart, or what is being waited for."""
    found = await underway(engine, request, slug)
    if isinstance(found, Response):
        return found
    await look_up_cart(engine, found.seen.store, found.cart.id)
    bill = await bill_of(engine, request, slug)
    if isinstance(bill, Response):
        return bill
    live = bill.live
    if live is not None and not other and paying.on_the_phone(live):
        return _waiting(bill, live, still=still)
    return await bill.shown()


async def pay(
    engine: Engine, request: Request[Any, Any, Any], slug: str, form: Mapping[str, Any]
) -> Response[Any]:
    """Begin to pay the cart as the form showed it."""
    from_here(engine, request)
    bill = await bill_of(engine, request, slug)
    if isinstance(bill, Response):
        return bill
    if forms.text(form, "cart") != str(bill.cart.version):
        return await bill.shown(Trouble(409, bill.words("error.changed")))
    if bill.cart.total == 0:
        return await _for_nothing(bill)
    host = address_of(request.scope)
    if forms.text(form, "agreed"):
        return await _agreed(bill, host)
    return await paying.pay(bill, form, host)


async def _agreed(bill: CartBill, host: str) -> Response[Any]:
    """Order the cart; how it is paid is agreed upon in a chat, and confirmed by the merchant."""
    if not await bill.agreeing():
        return await bill.shown(Trouble(409, bill.words("error.gone")))
    terms = agreement_with(bill.engine, bill.phone, host)
    try:
        order = await place_agreed(bill.engine, bill.store, bill.cart.id, terms)
    except OutOfStock as error:
        return await bill.shown(Trouble(409, bill.short(error)))
    except Refusal as error:
        text = bill.words(paying.REFUSALS.get(error.reason, "error.changed"), store=bill.store.name)
        return await bill.shown(Trouble(409, text))
    return elsewhere(paths.order_of(bill.engine, bill.store, order))


async def _for_nothing(bill: CartBill) -> Response[Any]:
    """A cart that costs nothing is ordered without paying."""
    try:
        await complete(bill.engine, bill.store, bill.cart.id, expected_total=0)
    except OutOfStock as error:
        return await bill.shown(Trouble(409, bill.short(error)))
    except Refusal:
        return await bill.shown(Trouble(409, bill.words("error.changed")))
    return elsewhere(bill.here)


async def bill_of(engine: Engine, request: AnyRequest, slug: str) -> CartBill | Response[Any]:
    """The visitor's cart, ready to be paid, or where they go instead."""
    found = await underway(engine, request, slug)
    if isinstance(found, Response):
        return found
    seen = found.seen
    cart = await quote(engine, seen.store, found.cart.id)
    attempt = await _attempt(engine, seen.store, cart.id)
    if attempt.session is not None and attempt.session.status == "completed":
        return await _settled(seen, cart.id)
    if view.undescribed(cart):
        return elsewhere(f"{seen.shop.top}/checkout")
    if await _undelivered(engine, found, cart):
        return elsewhere(f"{seen.shop.top}/checkout/delivery")
    return CartBill(seen, cart, attempt)


async def _undelivered(engine: Engine, found: Underway, cart: Cart) -> bool:
    """Whether it is still to be chosen how the goods get there."""
    if not has_physical(cart) or cart.shipping_method is not None:
        return False
    return bool(await shipping_options(engine, found.seen.store, cart.id))


async def _attempt(engine: Engine, store: Store, cart_id: UUID) -> Attempt:
    async with engine.database.transaction(store.id) as tx:
        session = await payments.session_of_cart(tx, cart_id)
        payment = await payments.get_payment(tx, session.payment_id) if session else None
    return Attempt(session=session, error_code=payment.error_code if payment else "")


async def _settled(seen: Visit, cart_id: UUID) -> Response[Any]:
    """To the order of a cart whose money has come; it is made now if it was not yet."""
    engine, store = seen.engine, seen.store
    try:
        order = await complete(engine, store, cart_id)
    except (Refusal, ProviderFault):
        return page(seen.engine, "message.html", seen.words, name="unplaced", shop=seen.shop)
    return elsewhere(paths.order_of(engine, store, order))


@get("/{slug:str}/checkout/back")
async def back(
    request: AnyRequest,
    engine: GivenEngine,
    slug: FromPath[str],
    ticket: FromQuery[str] = "",
    still: FromQuery[str] = "",
) -> Response[Any]:
    """Where the provider sends the payer back to, in whatever browser. Nothing it says is believed.

    The provider is asked, though not too often whoever looks.
    """
    store = await store_of(engine, slug)
    cart_id = tickets.opened(engine, store, "back", ticket)
    if cart_id is None:
        raise NotFound("This link opens nothing.")
    await look_up_cart(engine, store, cart_id)
    seen = await visit(engine, request, slug)
    async with engine.database.transaction(store.id) as tx:
        order = await orders.order_of_cart(tx, cart_id)
    if order is not None:
        return elsewhere(paths.order_of(engine, store, order))
    session = (await _attempt(engine, store, cart_id)).session
    if session is not None and session.status == "completed":
        return await _settled(seen, cart_id)
    if session is None or session.status not in LIVE:
        return elsewhere(f"{seen.shop.top}/pay")
    return _confirming(seen, session, ticket, still=bool(still))


def _confirming(seen: Visit, session: PaymentSession, ticket: str, *, still: bool) -> Response[Any]:
    top = seen.shop.top
    here = f"{top}/checkout/back?{urlencode({'ticket': ticket})}"
    return page(
        seen.engine,
        "waiting.html",
        seen.words,
        headers=SHOPPING,
        refresh=0 if still else view.patience(seen.engine.clock.now() - session.created_at),
        shop=seen.shop,
        name="confirming",
        told="",
        label=seen.words("review.due"),
        due=Money(session.amount, session.currency).text(),
        look=here,
        still=f"{here}&still=1",
        other=f"{top}/pay?other=1",
    )


def _waiting(bill: CartBill, live: PaymentSession, *, still: bool) -> Response[Any]:
    return page(
        bill.engine,
        "waiting.html",
        bill.words,
        headers=SHOPPING,
        refresh=0 if still else view.patience(bill.engine.clock.now() - live.created_at),
        shop=bill.shop,
        **paying.waited_for(live),
        label=bill.words("review.due"),
        due=Money(live.amount, live.currency).text(),
        look=bill.here,
        still=f"{bill.here}?still=1",
        other=f"{bill.here}?other=1",
    )


def _live(cart: Cart, session: PaymentSession | None) -> PaymentSession | None:
    """The attempt under way for the cart as it is; one for an older state is not gone on with."""
    if session is None or session.status not in LIVE or session.cart_version != cart.version:
        return None
    return session


def _back(engine: Engine, store: Store, cart_id: UUID) -> str:
    """Where a payer comes back to, as the provider is told."""
    top = f"{paths.origin(engine)}{paths.shop(engine, store).top}"
    ticket = tickets.seal(engine, store, "back", cart_id)
    return f"{top}/checkout/back?{urlencode({'ticket': ticket})}"


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
