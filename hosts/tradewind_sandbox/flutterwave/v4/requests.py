"""The bodies that v4 takes. What else a body holds is ignored."""

from decimal import Decimal
from typing import Any, Literal

import msgspec

from tradewind_sandbox.flutterwave.v4.caller import invalid

RefundReason = Literal[
    "duplicate", "fraudulent", "requested_by_customer", "expired_uncaptured_charge"
]


class CustomerIn(msgspec.Struct, kw_only=True):
    """`POST /customers`: only the e-mail address is needed."""

    email: str
    name: dict[str, Any] | None = None
    phone: dict[str, Any] | None = None
    address: dict[str, Any] | None = None
    meta: dict[str, Any] | None = None


class SearchIn(msgspec.Struct, kw_only=True):
    """`POST /customers/search`."""

    email: str


class MobileMoneyIn(msgspec.Struct, kw_only=True):
    """A phone that pays: dialling code without +, network, national number."""

    country_code: str
    network: str
    phone_number: str


class PaymentMethodIn(msgspec.Struct, kw_only=True):
    """`POST /payment-methods`: a type, and an object under the key that the type names."""

    type: Literal[
        "card",
        "mobile_money",
        "ussd",
        "opay",
        "bank_account",
        "bank_transfer",
        "applepay",
        "googlepay",
    ]
    mobile_money: MobileMoneyIn | None = None
    card: dict[str, Any] | None = None
    ussd: dict[str, Any] | None = None
    opay: dict[str, Any] | None = None
    bank_account: dict[str, Any] | None = None
    bank_transfer: dict[str, Any] | None = None
    applepay: dict[str, Any] | None = None
    googlepay: dict[str, Any] | None = None
    customer_id: str | None = None
    meta: dict[str, Any] | None = None

    def details(self) -> dict[str, Any]:
        """What the type's own object says, without what a card number could be read from."""
        given = getattr(self, self.type)
        if given is None and self.type != "opay":
            raise invalid(self.type, "must not be null")
        if self.type == "card":
            return {"first6": "553188", "last4": "2950", "network": "mastercard"}
        details: dict[str, Any] = msgspec.to_builtins(given or {})
        return details


class ChargeIn(msgspec.Struct, kw_only=True):
    """`POST /charges`. `amount` is in major units."""

    amount: Decimal
    currency: str
    reference: str
    customer_id: str
    payment_method_id: str
    redirect_url: str | None = None
    meta: dict[str, Any] | None = None


class DirectChargeIn(msgspec.Struct, kw_only=True):
    """`POST /orchestration/direct-charges`: a charge with its customer and its payment method."""

    amount: Decimal
    currency: str
    reference: str
    customer: CustomerIn
    payment_method: PaymentMethodIn
    redirect_url: str | None = None
    meta: dict[str, Any] | None = None


class ChargeUpdateIn(msgspec.Struct, kw_only=True):
    """`PUT /charges/{id}`: what the payer has typed, or other metadata."""

    authorization: dict[str, Any] | None = None
    meta: dict[str, Any] | None = None


class RefundIn(msgspec.Struct, kw_only=True):
    """`POST /refunds`. `amount` is in major units."""

    charge_id: str
    amount: Decimal
    reason: RefundReason
    meta: dict[str, Any] | None = None
