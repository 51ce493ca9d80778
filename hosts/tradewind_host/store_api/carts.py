"""Carts: what is in them, where they go, what they cost. Totals come from the server alone."""

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, Response, delete, get, post
from litestar.params import FromPath, JSONBody

from tradewind.carts import service as carts
from tradewind.carts.rules import (
    MOST_CREDITS,
    MOST_PER_LINE,
    Cart,
    CartUpdate,
    NewCart,
    ShippingMethod,
    check_open,
)
from tradewind.checkout import service as checkout
from tradewind.contracts.pricing import Address
from tradewind.database import Transaction
from tradewind.settings.engine import Engine
from tradewind_host.access import GivenAccess
from tradewind_host.limits import GivenLimiter, address_of
from tradewind_host.problems import told, writes
from tradewind_host.promotion_codes import entering
from tradewind_host.shapes import Body
from tradewind_host.store_api.cart_door import CartDoor, GivenCart
from tradewind_host.store_api.cart_view import (
    CartAnswer,
    ShippingOptionList,
    cart_answer,
    shipping_option_view,
)

SOURCE = "web"
_OPTION = msgspec.Meta(min_length=1, max_length=200)
_EMAIL = msgspec.Meta(min_length=3, max_length=254)
_CODE = msgspec.Meta(min_length=1, max_length=40)
_CREDITS = msgspec.Meta(ge=0, le=MOST_CREDITS)
_CURRENCY = msgspec.Meta(pattern="^[A-Z]{3}$")
_QUANTITY = msgspec.Meta(ge=1, le=MOST_PER_LINE)
_NEW_QUANTITY = msgspec.Meta(ge=0, le=MOST_PER_LINE)


class AddressInput(Address, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where something goes to."""


class CartInput(Body, frozen=True, kw_only=True):
    """A new cart: by its region or its currency, else in the store's default region."""

    region_id: UUID | None = None
    currency_code: Annotated[str, _CURRENCY] | None = None
    email: Annotated[str, _EMAIL] | None = None
    metadata: Mapping[str, Any] = {}


class CartChange(Body, frozen=True, kw_only=True):
    """What to change; what is not named stays. Metadata is merged, key by key."""

    email: Annotated[str, _EMAIL] | msgspec.UnsetType | None = msgspec.UNSET
    shipping_address: AddressInput | msgspec.UnsetType | None = msgspec.UNSET
    billing_address: AddressInput | msgspec.UnsetType | None = msgspec.UNSET
    region_id: UUID | msgspec.UnsetType = msgspec.UNSET
    metadata: Mapping[str, Any] | msgspec.UnsetType = msgspec.UNSET


class LineInput(Body, frozen=True, kw_only=True):
    """So many more of a variant."""

    variant_id: UUID
    quantity: Annotated[int, _QUANTITY] = 1


class LineChange(Body, frozen=True, kw_only=True):
    """How many there shall be; none removes the line."""

    quantity: Annotated[int, _NEW_QUANTITY]


class ShippingChoice(Body, frozen=True, kw_only=True):
    """An option of `shipping-options`."""

    option_id: Annotated[str, _OPTION]


class CodeInput(Body, frozen=True, kw_only=True):
    """A code of a promotion, in any case of letters."""

    code: Annotated[str, _CODE]


class CreditChoice(Body, frozen=True, kw_only=True):
    """So many credits at most; 0 pays without them."""

    quantity: Annotated[int, _CREDITS] = MOST_CREDITS


OFF = ["channel_disabled", "read_only"]
READ = told(writes(), {403: OFF, 409: ["cart_changed", "cart_merged"]})
_NEW = told(writes(), {403: OFF, 409: ["no_region"]})
_EDIT = told(writes(), {403: OFF, 409: ["cart_completed", "cart_changed", "cart_merged"]})
_CLAIM = told(writes(), {403: OFF, 409: ["cart_completed", "cart_changed", "cart_of_chat"]})
_LINE = told(
    writes(),
    {
        403: OFF,
        404: ["unknown_variant"],
        409: [
            "out_of_stock",
            "line_unavailable",
            "too_many_lines",
            "cart_completed",
            "cart_merged",
        ],
    },
)
_CODES = told(
    writes(),
    {
        403: OFF,
        404: ["unknown_promotion"],
        409: [
            "promotion_not_started",
            "promotion_expired",
            "promotion_exhausted",
            "too_many_promotions",
            "cart_completed",
            "cart_changed",
        ],
    },
)
_UNCODE = told(
    writes(), {403: OFF, 404: ["unknown_promotion"], 409: ["cart_completed", "cart_changed"]}
)
_CREDIT = told(
    writes(),
    {403: OFF, 409: ["cart_of_guest", "cart_completed", "cart_changed", "cart_merged"]},
)
_DELIVERY = told(
    writes(),
    {
        403: OFF,
        404: ["unknown_shipping_option"],
        409: ["cart_completed", "cart_changed", "cart_merged"],
    },
)


@post("/", responses=_NEW)
async def create_cart(
    access: GivenAccess, data: JSONBody[CartInput | None] = None
) -> Response[CartAnswer]:
    """Open a cart. Its id is all that opens it: keep it as you would keep a password.

    With a customer's session it is the one open cart of that customer, which only they open.
    """
    given = data or CartInput()
    new = NewCart(
        source=SOURCE,
        region_id=given.region_id,
        currency=given.currency_code,
        email=_plain(given.email),
        metadata=given.metadata,
    )
    async with access.transaction() as tx:
        if access.customer_id is None:
            cart = await carts.open_cart(tx, new)
        else:
            cart = await checkout.open_own_cart(tx, access.customer_id, new)
            cart = await checkout.price_in(tx, access.engine, cart) or cart
        return await access.answer(tx, cart_answer(cart), 201)


@get("/{cart_id:uuid}", responses=READ)
async def get_cart(cart: GivenCart) -> CartAnswer:
    """A cart at the prices of this moment."""
    return await cart.show()


@post("/{cart_id:uuid}", status_code=200, responses=_EDIT)
async def update_cart(
    access: GivenAccess, cart: GivenCart, data: JSONBody[CartChange]
) -> Response[CartAnswer]:
    """Say who buys and where it goes; another region means other prices."""
    change = CartUpdate(
        email=_plain(data.email),
        shipping_address=_address(data.shipping_address),
        billing_address=_address(data.billing_address),
        region_id=data.region_id,
        metadata=data.metadata,
    )
    return await cart.edit(partial(_update, access.engine, change))


@post("/{cart_id:uuid}/line-items", status_code=200, responses=_LINE)
async def add_line(cart: GivenCart, data: JSONBody[LineInput]) -> Response[CartAnswer]:
    """Put a variant in the cart."""
    return await cart.add_line(data.variant_id, data.quantity)


@post("/{cart_id:uuid}/line-items/{line_id:uuid}", status_code=200, responses=_LINE)
async def change_line(
    cart: GivenCart, line_id: FromPath[UUID], data: JSONBody[LineChange]
) -> Response[CartAnswer]:
    """Change how many there shall be of a line."""
    return await cart.edit(partial(_set_quantity, line_id, data.quantity))


@delete("/{cart_id:uuid}/line-items/{line_id:uuid}", status_code=200, responses=_EDIT)
async def remove_line(cart: GivenCart, line_id: FromPath[UUID]) -> Response[CartAnswer]:
    """Take a line out of the cart."""
    return await cart.edit(partial(_set_quantity, line_id, 0))


@post("/{cart_id:uuid}/claim", status_code=200, responses=_CLAIM)
async def claim_cart(cart: GivenCart) -> Response[CartAnswer]:
    """Make a guest's cart the signed-in customer's; the answer is the cart to go on with.

    Where they have an open cart, it goes into that one: units add up as far as stock goes, and
    `notes` name what did not fit.
    """
    return await cart.claim()


@post("/{cart_id:uuid}/promotions", status_code=200, responses=_CODES)
async def add_promotion(
    request: Request[Any, Any, Any],
    limiter: GivenLimiter,
    cart: GivenCart,
    data: JSONBody[CodeInput],
) -> Response[CartAnswer]:
    """Enter a code; whether the cart fulfills its conditions is told in `promotions`.

    Who enters many codes that do not exist has to wait (429).
    """

    async def add(tx: Transaction, opened: Cart) -> Cart:
        return await carts.add_code(tx, opened, data.code)

    with entering(limiter, cart.id, address_of(request.scope)):
        return await cart.edit(add)


@delete("/{cart_id:uuid}/promotions/{code:str}", status_code=200, responses=_UNCODE)
async def remove_promotion(cart: GivenCart, code: FromPath[str]) -> Response[CartAnswer]:
    """Take a code off the cart."""

    async def remove(tx: Transaction, opened: Cart) -> Cart:
        return await carts.remove_code(tx, opened, code)

    return await cart.edit(remove)


@post("/{cart_id:uuid}/credits", status_code=200, responses=_CREDIT)
async def use_credits(
    cart: GivenCart, data: JSONBody[CreditChoice | None] = None
) -> Response[CartAnswer]:
    """Pay units of services with the customer's credits, as many as there are.

    Without a body there is no limit but these. What they pay is told in `credits`.
    """
    return await cart.edit(partial(_use_credits, cart, (data or CreditChoice()).quantity))


@delete("/{cart_id:uuid}/credits", status_code=200, responses=_CREDIT)
async def remove_credits(cart: GivenCart) -> Response[CartAnswer]:
    """Pay without credits."""
    return await cart.edit(partial(_use_credits, cart, 0))


@get("/{cart_id:uuid}/shipping-options", responses=READ)
async def list_shipping_options(access: GivenAccess, cart: GivenCart) -> ShippingOptionList:
    """The ways to deliver the cart; none where there is nothing to send."""
    opened = await cart.read()
    found = await checkout.shipping_options_of(access.engine, access.store, opened)
    return ShippingOptionList([shipping_option_view(one, opened.currency) for one in found])


@post("/{cart_id:uuid}/shipping-method", status_code=200, responses=_DELIVERY)
async def choose_shipping(
    access: GivenAccess, cart: GivenCart, data: JSONBody[ShippingChoice]
) -> Response[CartAnswer]:
    """Choose how the cart is delivered."""
    asked: list[ShippingMethod] = []
    if checkout.plugins_deliver(access.engine):
        check_open(await cart.read())
        asked = await checkout.shipping_options(access.engine, access.store, cart.id)

    async def choose(tx: Transaction, opened: Cart) -> Cart:
        check_open(opened)
        offered = await checkout.shipping_options_in(tx, access.engine, opened)
        option = checkout.named_option(asked if offered is None else offered, data.option_id)
        change = CartUpdate(shipping_method=option)
        return await checkout.change_in(tx, access.engine, opened, change)

    return await cart.edit(choose)


async def _update(engine: Engine, change: CartUpdate, tx: Transaction, cart: Cart) -> Cart:
    return await checkout.change_in(tx, engine, cart, change)


async def _set_quantity(line_id: UUID, quantity: int, tx: Transaction, cart: Cart) -> Cart:
    return await carts.set_quantity(tx, cart, line_id, quantity)


async def _use_credits(door: CartDoor, quantity: int, tx: Transaction, cart: Cart) -> Cart:
    return await carts.use_credits(tx, await door.owned(tx, cart), quantity)


def _address(given: AddressInput | msgspec.UnsetType | None) -> Any:
    return Address(**msgspec.structs.asdict(given)) if isinstance(given, Address) else given


def _plain(email: str | msgspec.UnsetType | None) -> Any:
    return email.strip() if isinstance(email, str) else email


ROUTES = (
    create_cart,
    get_cart,
    update_cart,
    add_line,
    change_line,
    remove_line,
    claim_cart,
    add_promotion,
    remove_promotion,
    use_credits,
    remove_credits,
    list_shipping_options,
    choose_shipping,
)
