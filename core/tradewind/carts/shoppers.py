"""Who buys a cart, for whatever counts by shopper. No I/O."""

import re

import msgspec

from tradewind.carts.rules import Cart
from tradewind.pricing.promotions.shoppers import Shopper, known_by


def shopper_of(cart: Cart) -> Shopper:
    """Whom a limit for each shopper counts: the customer and every way to reach them that is told.

    As long as a cart names nobody, itself.
    """
    place = cart.shipping_address.country_code if cart.shipping_address else ""
    countries = cart.region.countries
    country = place or (countries[0] if len(countries) == 1 else "")
    emails, phones = ([one] if one else [] for one in (cart.email, cart.phone))
    known = known_by(cart.customer_id, emails, phones, country)
    return known if known.names else msgspec.structs.replace(known, names=[f"cart:{cart.id}"])


def shopper_key(cart: Cart, network_address: str) -> str:
    """Whose held stock or unpaid order is: the customer's, else of the mail address, of the phone.

    What a guest says is not proved, so it counts at their network address alone: who orders in
    somebody's name elsewhere takes nothing from them. As long as a cart names nobody, itself.
    """
    if cart.customer_id is not None:
        return str(cart.customer_id)
    phone = re.sub("[^0-9]", "", cart.phone or "")
    told = (cart.email or "").lower() or phone or str(cart.id)
    return f"{told} {network_address}"
