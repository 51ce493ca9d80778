"""Pure decisions of a checkout: is a cart ready, is a way to pay acceptable, what is taken."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from tradewind.carts.rules import Cart, CartLine
from tradewind.contracts.errors import Conflict, FieldError, InvalidInput, NotFound
from tradewind.contracts.money import Money
from tradewind.contracts.payment import Intent, Method, PaymentCapabilities, PaymentResult
from tradewind.inventory.rules import Wanted
from tradewind.orders.rules import Order, OrderStatus
from tradewind.payments.rules import Payment, PaymentSession, Refund, RefundLine

MOST_ATTEMPTS = 10
"""Attempts to pay one order: each may prolong its time, and may ring somebody's phone."""


class OfferedMethod(msgspec.Struct, frozen=True, kw_only=True):
    """A way to pay and the provider it comes from."""

    provider: str
    method: Method


class StartRequest(msgspec.Struct, frozen=True, kw_only=True):
    """How a shopper wants to pay; without a method the provider's first is taken.

    `session_id` is minted by whoever may ask twice: the same request begins one attempt.
    """

    provider: str
    method: str | None = None
    inputs: Mapping[str, str] = {}
    intent: Intent = "pay"
    save_method: bool = False
    return_url: str = ""
    cancel_url: str = ""
    network_address: str = ""
    session_id: UUID | None = None


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """A cart as it was when a payment began: what is paid for is what is placed."""

    cart: Cart
    pays_later: bool


class Paying(msgspec.Struct, frozen=True, kw_only=True):
    """How an order that is being placed will be paid.

    `new`: payment and session are stored with the order. `stands`: it is placed for good, neither
    pending until `expires_at` nor a `draft`, which waits for the merchant. `settled`: the money
    came for this very cart, so later changes of it do not matter. One that waits for its money
    without being pending counts for its shopper and `network_address`, and ends `agreed_until`.
    `most_waiting` is how many may be pending under its mail address, None for any number.
    """

    payment: Payment | None = None
    session: PaymentSession | None = None
    new: bool = False
    stands: bool = True
    draft: bool = False
    expires_at: datetime | None = None
    settled: bool = False
    network_address: str = ""
    agreed_until: datetime | None = None
    most_waiting: int | None = None

    @property
    def on_trust(self) -> bool:
        """Whether stock is taken for money that nobody waits for with a provider."""
        return self.payment is not None and not self.settled and self.status != "pending"

    @property
    def status(self) -> OrderStatus:
        """What the order begins as."""
        if self.stands:
            return "processing"
        return "draft" if self.draft else "pending"


class ClaimedLine(msgspec.Struct, frozen=True, kw_only=True):
    """A variant as the catalog and the stock have it at the moment of placing."""

    variant_id: UUID
    sellable: bool
    price: int | None
    location_id: UUID | None


def check_ready(cart: Cart) -> None:
    """Raises Conflict saying what a cart lacks to be ordered.

    Codes: `cart_empty`, `line_unavailable`, `missing_email`.
    """
    if not cart.lines:
        raise Conflict("The cart is empty.", code="cart_empty")
    for line in cart.lines:
        if not line.sellable:
            raise unavailable(line)
    if not cart.email and not cart.phone:
        raise Conflict("An e-mail address or phone number is needed.", code="missing_email")


def unavailable(line: CartLine) -> Conflict:
    """The refusal for a line that can no longer be bought; it names the line."""
    return Conflict(
        f"{line.title} ({line.sku}) is no longer sold.",
        code="line_unavailable",
        errors=[FieldError(f"lines.{line.id}", "line_unavailable", "This is no longer sold.")],
    )


def check_payable(order: Order, now: datetime) -> None:
    """Raises Conflict `order_closed`, `nothing_to_pay` when an order waits for no money."""
    if order.status != "pending":
        raise Conflict(f"This order is {order.status}.", code="order_closed")
    if order.paid_total > order.refunded_total:
        raise Conflict("Part of this order is paid.", code="nothing_to_pay")
    if order.lapsed(now):
        raise Conflict("The time to pay this order is over.", code="order_closed")


def check_attempts(attempts: int) -> None:
    """Raises Conflict `too_many_attempts` when an order was tried to be paid often enough."""
    if attempts >= MOST_ATTEMPTS:
        raise Conflict("This order was tried to be paid too often.", code="too_many_attempts")


def check_capture(order: Order, amount: int | None, held: int, offered: int) -> int:
    """What is taken when `held` is held, and `offered` of it with providers that give it later.

    Never more than is due. Raises InvalidInput, Conflict `order_closed`, `already_paid`,
    `nothing_to_capture`, `capture_too_large`, `capture_not_offered`.
    """
    if order.closed:
        raise Conflict(f"This order is {order.status}.", code="order_closed")
    if order.due == 0:
        raise Conflict("This order is paid.", code="already_paid")
    if held == 0:
        raise Conflict("No money is held for this order.", code="nothing_to_capture")
    most = min(held, order.due)
    wanted = most if amount is None else amount
    if wanted <= 0:
        error = FieldError("amount", "out_of_range", "More than nothing, in minor units.")
        raise InvalidInput("This is no amount.", errors=[error])
    if wanted > most:
        message = f"Only {order.money(most).text()} can be taken."
        raise Conflict(message, code="capture_too_large")
    if wanted > offered:
        message = "The provider of this payment lets no money be taken later."
        raise Conflict(message, code="capture_not_offered")
    return wanted


def check_refund(amount: int | None, left: int, offered: int, currency: str) -> int:
    """What goes back when `left` is here, and `offered` of it with providers that give money back.

    Raises InvalidInput, Conflict `nothing_to_refund`, `refund_too_large`, `refund_not_offered`.
    """
    if left == 0:
        raise Conflict("There is nothing to give back.", code="nothing_to_refund")
    wanted = left if amount is None else amount
    if wanted <= 0:
        error = FieldError("amount", "out_of_range", "More than nothing, in minor units.")
        raise InvalidInput("This is no amount.", errors=[error])
    if wanted > left:
        message = f"Only {Money(left, currency).text()} can be given back."
        raise Conflict(message, code="refund_too_large")
    if wanted > offered:
        message = "The provider of this payment gives no money back; do it by hand."
        raise Conflict(message, code="refund_not_offered")
    return wanted


def part_of_lines(order: Order, before: Sequence[Refund], wanted: Sequence[RefundLine]) -> int:
    """What units of an order's lines cost, beside those that money went back for before.

    A line's units share its total so that all of them together come to it. Raises InvalidInput.
    """
    lines = {line.id: line for line in order.lines}
    gone: dict[UUID, int] = {}
    for refund in before:
        for units in refund.lines if refund.status != "failed" else ():
            gone[units.line_id] = gone.get(units.line_id, 0) + units.quantity
    amount = 0
    for index, units in enumerate(wanted):
        line, first = lines.get(units.line_id), gone.get(units.line_id, 0)
        last = first + units.quantity
        if line is None:
            raise _wrong_line(index, "line_id", "unknown", "The order has no such line.")
        if last > line.quantity:
            message = f"Only {line.quantity - first} are left of this line."
            raise _wrong_line(index, "quantity", "out_of_range", message)
        amount += line.total * last // line.quantity - line.total * first // line.quantity
        gone[line.id] = last
    return amount


def _wrong_line(index: int, field: str, code: str, message: str) -> InvalidInput:
    error = FieldError(f"lines.{index}.{field}", code, message)
    return InvalidInput("These lines cannot be refunded.", errors=[error])


def changed() -> Conflict:
    """The refusal for a cart that is not what the shopper saw."""
    return Conflict("The cart has changed; look at it again.", code="cart_changed")


def check_expected(cart: Cart, expected_total: int | None) -> None:
    """Raises Conflict `cart_changed` when the total is not the one the shopper saw."""
    if expected_total is not None and expected_total != cart.total:
        raise changed()


def check_claimed(cart: Cart, lines: Sequence[ClaimedLine]) -> None:
    """Raises Conflict when a line is off sale or its price is not the one that was shown."""
    now = {line.variant_id: line for line in lines}
    for line in cart.lines:
        found = now.get(line.variant_id)
        if found is None or not found.sellable or found.price is None:
            raise unavailable(line)
        if found.price != line.unit_price:
            raise changed()


def has_physical(cart: Cart) -> bool:
    """Whether anything in it is to be sent."""
    return any(line.kind == "physical" for line in cart.lines)


def needs_delivery(cart: Cart) -> bool:
    """Whether goods are to be sent somewhere and nothing says how."""
    return has_physical(cart) and cart.shipping_address is not None and cart.shipping_method is None


def wanted_stock(cart: Cart, locations: Mapping[UUID, UUID]) -> list[Wanted]:
    """The units a cart takes from stock, and where."""
    return [
        Wanted(line.variant_id, line.sku, line.quantity, locations.get(line.variant_id))
        for line in cart.lines
        if line.tracked
    ]


def accepts(method: Method, amount: int) -> bool:
    """Whether a method takes this amount."""
    if method.minimum is not None and amount < method.minimum:
        return False
    if method.maximum is not None and amount > method.maximum:
        return False
    return amount % method.step == 0


def choose_method(methods: Sequence[Method], wanted: str | None, amount: int) -> Method:
    """The method asked for, or the first.

    Raises NotFound `unknown_payment_method`, Conflict `amount_not_accepted`.
    """
    found = next((one for one in methods if wanted in {None, one.id}), None)
    if found is None:
        raise NotFound("There is no such way to pay.", code="unknown_payment_method")
    if not accepts(found, amount):
        raise Conflict(f"{found.title} does not take this amount.", code="amount_not_accepted")
    return found


def usable(result: PaymentResult, method: Method) -> bool:
    """Whether a look-up's answer can stand for the lost one of a start.

    The provider knows the payment, and there is something its payer can go on with.
    """
    known = result.status != "unknown" and bool(result.provider_ref or result.facts)
    waits = result.status in {"pending", "action_required"}
    needs_action = waits and method.flow in {"redirect", "client_secret"}
    return known and (result.action is not None or not needs_action)


def check_terms_of(capabilities: PaymentCapabilities, request: StartRequest) -> None:
    """Raises InvalidInput naming what is asked for and the provider does not do."""
    errors = []
    if request.intent == "authorize" and not capabilities.capture:
        message = "This provider holds no money to be captured later."
        errors.append(FieldError("intent", "not_offered", message))
    if (request.save_method or request.intent == "save_only") and not capabilities.saved_methods:
        message = "This provider keeps no way to pay."
        errors.append(FieldError("save_method", "not_offered", message))
    if errors:
        raise InvalidInput("The provider does not do this.", errors=errors)


def check_inputs(method: Method, inputs: Mapping[str, str]) -> None:
    """Raises InvalidInput naming what a method needs and was not given."""
    errors = []
    for one in method.inputs:
        value = inputs.get(one.name, "").strip()
        if one.required and not value:
            errors.append(FieldError(f"inputs.{one.name}", "required", "This is needed."))
        elif one.choices and value and value not in one.choices:
            errors.append(FieldError(f"inputs.{one.name}", "invalid", "Not one of the choices."))
    if errors:
        raise InvalidInput("The payment needs more.", errors=errors)
