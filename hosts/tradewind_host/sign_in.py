"""Signing in as a customer by a one-time code: the steps that the store API and the pages share."""

from typing import NamedTuple
from uuid import UUID

from tradewind.carts import service as carts
from tradewind.carts.rules import Cart, email_address
from tradewind.catalog.service import list_regions
from tradewind.checkout.service import claim_cart
from tradewind.contracts.errors import Conflict, FieldError, InvalidInput, NotFound
from tradewind.conversations.rules.phones import read_phone
from tradewind.customers.rules import Customer
from tradewind.database import Transaction
from tradewind.database.sessions import NewSession, Opened, open_session
from tradewind.messaging import codes
from tradewind.messaging.codes import Claimed
from tradewind.settings.engine import Engine
from tradewind_host.limits import Limiter


class SignedIn(NamedTuple):
    """A customer and the session just opened."""

    customer: Customer
    opened: Opened


def claim_email(text: str) -> Claimed:
    """Somebody's mail address. Raises InvalidInput."""
    found = email_address(text)
    if found is None or not found.isprintable():
        wrong = FieldError("email", "invalid", "Not an e-mail address.")
        raise InvalidInput("This is no e-mail address.", errors=[wrong])
    return Claimed(kind="email", identity=found.lower())


async def claim_phone(tx: Transaction, text: str) -> Claimed:
    """Somebody's number; without a country code it is of a country the store sells to.

    Raises InvalidInput.
    """
    countries = [code for region in await list_regions(tx) for code in region.countries]
    found = read_phone(text, countries)
    if not found:
        wrong = FieldError("phone", "invalid", "Write it with its country code.")
        raise InvalidInput("This is no phone number.", errors=[wrong])
    return Claimed(kind="phone", identity=found)


def count_asking(limiter: Limiter, tx: Transaction, claimed: Claimed) -> None:
    """Count a code for one identity. Raises Limited."""
    limiter.take("sign_in_identity", f"{tx.store_id}:{claimed.kind}:{claimed.identity}")


def count_address(limiter: Limiter, address: str) -> None:
    """Count what one network address asks and tries. Raises Limited."""
    limiter.take("sign_in_address", address)


async def sign_in(
    engine: Engine, tx: Transaction, claimed: Claimed, code: str, agent: str
) -> SignedIn | None:
    """Open a session if the code is right; None if it is not, and then commit as well."""
    customer = await codes.sign_in(tx, engine.keyring, claimed, code)
    if customer is None:
        return None
    new = NewSession(kind="customer", store_id=tx.store_id, customer_id=customer.id, agent=agent)
    return SignedIn(customer, await open_session(tx, new))


async def cart_of(tx: Transaction, found: SignedIn, guest_cart: UUID | None) -> Cart | None:
    """The cart that somebody goes on with who has just signed in, theirs with what they had.

    A cart that cannot become theirs is left alone: it must not keep them from signing in.
    """
    try:
        if guest_cart is not None:
            return await claim_cart(tx, guest_cart, found.customer.id)
    except (NotFound, Conflict):
        pass
    return await carts.cart_of_customer(tx, found.customer.id)
