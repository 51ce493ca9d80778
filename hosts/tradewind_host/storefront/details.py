"""The form of the checkout: contact and address, from what is known to what is kept."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from tradewind.carts.rules import Cart, CartUpdate, email_address
from tradewind.checkout.rules import has_physical
from tradewind.contracts.errors import InvalidInput
from tradewind.contracts.pricing import Address
from tradewind.customers.countries import by_name
from tradewind.customers.rules import Customer
from tradewind_host.storefront import forms
from tradewind_host.storefront.texts import Words

_ADDRESS = "shipping_address."
_MESSAGES = {"required": "error.required", "not_served": "error.country"}


class Details(NamedTuple):
    """What was filled in, and messages, by the names of the fields."""

    values: Mapping[str, str]
    errors: Mapping[str, str] = {}


class Kind(NamedTuple):
    """One field: its name, what browsers may fill in by themselves, how it is typed."""

    name: str
    autocomplete: str
    required: bool = False
    type: str = "text"
    half: bool = False


CONTACT = (
    Kind("email", "email", required=True, type="email"),
    Kind("phone", "tel", type="tel"),
)
ADDRESS = (
    Kind("first_name", "given-name", required=True, half=True),
    Kind("last_name", "family-name", half=True),
    Kind("address_1", "address-line1", required=True),
    Kind("address_2", "address-line2"),
    Kind("postal_code", "postal-code", half=True),
    Kind("city", "address-level2", required=True, half=True),
    Kind("province", "address-level1"),
    Kind("country_code", "country", required=True, type="country"),
)


class Field(NamedTuple):
    """A field as the page shows it; `options` are the countries."""

    kind: Kind
    label: str
    value: str
    error: str
    options: Sequence[tuple[str, str]] = ()


def kinds(cart: Cart) -> Sequence[Kind]:
    """The fields that a cart needs."""
    return (*CONTACT, *ADDRESS) if has_physical(cart) else CONTACT


class Known(NamedTuple):
    """A signed-in customer, and the address they used last."""

    customer: Customer
    address: Address | None


def known(cart: Cart, owner: Known | None) -> Details:
    """What a cart knows already, or else its customer."""
    address = cart.shipping_address or (owner.address if owner else None)
    values = {
        "email": cart.email or (owner.customer.email if owner else None) or "",
        "phone": cart.phone or (owner.customer.phone if owner else None) or "",
    }
    for kind in ADDRESS:
        values[kind.name] = (getattr(address, kind.name) if address else None) or ""
    if address and not values["phone"]:
        values["phone"] = address.phone or ""
    return Details(values)


def fields(given: Details, cart: Cart, words: Words) -> dict[str, Field]:
    """The fields as the page shows them, by name."""
    return {kind.name: _field(kind, given, cart, words) for kind in kinds(cart)}


def _field(kind: Kind, given: Details, cart: Cart, words: Words) -> Field:
    value, error = given.values.get(kind.name, ""), given.errors.get(kind.name, "")
    options: Sequence[tuple[str, str]] = ()
    if kind.type == "country":
        options = by_name(cart.region.countries, words.language)
    return Field(kind, words(f"field.{kind.name}"), value, error, options)


def read(form: Mapping[str, Any], cart: Cart, words: Words) -> Details:
    """What was filled in; phone numbers as E.164 where they can be read."""
    values = {kind.name: forms.text(form, kind.name) for kind in kinds(cart)}
    errors = {
        kind.name: words("error.required")
        for kind in kinds(cart)
        if kind.required and not values[kind.name]
    }
    if values["email"] and email_address(values["email"]) is None:
        errors["email"] = words("error.email")
    if values["phone"]:
        country = values.get("country_code") or next(iter(cart.region.countries), "")
        number = forms.e164(values["phone"], country)
        if not number:
            errors["phone"] = words("error.phone")
        values["phone"] = number or values["phone"]
    return Details(values, errors)


def change(given: Details, cart: Cart, words: Words) -> CartUpdate:
    """What to keep of it in the cart."""
    values = given.values
    contact = CartUpdate(
        email=values["email"], phone=values["phone"] or None, locale=words.language
    )
    if not has_physical(cart):
        return contact
    optional = ("address_2", "province", "postal_code", "phone")
    address = Address(
        first_name=values["first_name"],
        last_name=values["last_name"],
        address_1=values["address_1"],
        city=values["city"],
        country_code=values["country_code"],
        **{name: values[name] or None for name in optional},
    )
    return CartUpdate(
        email=contact.email,
        phone=contact.phone,
        locale=contact.locale,
        shipping_address=address,
    )


def refused(given: Details, refusal: InvalidInput, words: Words) -> Details:
    """What was filled in, with what the engine had against it."""
    errors = {
        one.path.removeprefix(_ADDRESS): words(_MESSAGES.get(one.code, "error.input"))
        for one in refusal.errors
    }
    return Details(given.values, errors)
