"""Who is buying: known by a channel or a code they read out, never guessed or merged."""

from uuid import UUID

import msgspec

from tradewind.contracts.channel import Sender
from tradewind.contracts.errors import NotFound
from tradewind.contracts.pricing import Address
from tradewind.customers import queries
from tradewind.customers.codes.rules import EMAIL
from tradewind.customers.rules import Customer, Identity, KeptAddress
from tradewind.database import Transaction

_MOST_ADDRESSES = 100


async def for_identity(tx: Transaction, channel: str, sender: Sender) -> Customer:
    """The customer behind a channel's identity, made when there is none.

    An identity that is new but whose aliases are known belongs to the same person, because the
    channel vouches for it. One round trip for somebody known.
    """
    known = await queries.by_identities(tx, channel, [sender.identity, *sender.aliases])
    if known is not None:
        found_as, customer = known
        if found_as != sender.identity:
            await queries.add_identity(tx, customer.id, channel, sender)
        return customer
    new = Customer(id=tx.new_id(), name=sender.name, phone=sender.phone, country=sender.country)
    if await queries.add_with_identity(tx, new.id, channel, sender):
        return new
    again = await queries.by_identities(tx, channel, [sender.identity])
    if again is None:
        raise NotFound("The customer was removed meanwhile.")
    return again[1]


async def for_email(tx: Transaction, address: str) -> Customer:
    """The customer who has shown that an address (lower case) is theirs, made when there is none.

    Whoever only told this address, in a chat or at a checkout, is somebody else.
    """
    known = await queries.by_identities(tx, EMAIL, [address])
    if known is not None:
        return known[1]
    new = Customer(id=tx.new_id(), email=address)
    if await queries.add_with_email(tx, new.id, address):
        return new
    return await for_email(tx, address)


async def get_customer(tx: Transaction, customer_id: UUID) -> Customer:
    """One customer. Raises NotFound."""
    customer = await queries.customer(tx, customer_id)
    if customer is None:
        raise NotFound("There is no such customer.")
    return customer


async def proved_email(tx: Transaction, customer_id: UUID) -> str | None:
    """The mail address that a customer has shown to be theirs, or None."""
    return await queries.proved_email(tx, customer_id)


async def contacts_of(tx: Transaction, customer_id: UUID) -> tuple[list[str], list[str]]:
    """The mail addresses and the phone numbers of a customer, told or proved."""
    return await queries.contacts(tx, customer_id)


async def create(
    tx: Transaction,
    *,
    name: str | None = None,
    email: str | None = None,
    phone: str | None = None,
    locale: str | None = None,
) -> Customer:
    """Add a customer whom no channel knows yet."""
    customer = Customer(id=tx.new_id(), name=name, email=email, phone=phone, locale=locale)
    await queries.add_customer(tx, customer)
    return customer


async def update(
    tx: Transaction,
    customer_id: UUID,
    *,
    name: str | None = None,
    email: str | None = None,
    phone: str | None = None,
    locale: str | None = None,
) -> Customer:
    """Write down what a customer told; None leaves a value as it is. Raises NotFound."""
    told = {"name": name, "email": email, "phone": phone, "locale": locale}
    new = msgspec.structs.replace(
        await get_customer(tx, customer_id),
        **{key: value for key, value in told.items() if value is not None},
    )
    await queries.update(tx, new)
    return new


async def identities(tx: Transaction, customer_id: UUID) -> list[Identity]:
    """How the channels know a customer."""
    return await queries.identities(tx, customer_id)


async def addresses(tx: Transaction, customer_id: UUID) -> list[KeptAddress]:
    """The addresses of a customer, the one used last first; 100 at most."""
    return await queries.addresses(tx, customer_id, _MOST_ADDRESSES)


async def last_address(tx: Transaction, customer_id: UUID) -> Address | None:
    """The address a customer used last, or None."""
    return await queries.last_address(tx, customer_id)


async def remember_address(tx: Transaction, customer_id: UUID, address: Address) -> None:
    """Keep an address as the one used last. Raises NotFound."""
    await get_customer(tx, customer_id)
    await queries.remember_address(tx, customer_id, address)
