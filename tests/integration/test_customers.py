"""Customers on PostgreSQL: known by a channel's identity, never guessed."""

import asyncio

import pytest

from tests.support.shops import make_shop
from tradewind.contracts.channel import Sender
from tradewind.contracts.errors import NotFound
from tradewind.contracts.pricing import Address
from tradewind.customers.service import (
    create,
    for_email,
    for_identity,
    get_customer,
    identities,
    last_address,
    remember_address,
    update,
)
from tradewind.database import Database

AMINA = Sender(identity="254700000001", phone="+254700000001", name="Amina", country="ke")
HOME = Address(
    first_name="Amina",
    last_name="Otieno",
    address_1="1 Moi Avenue",
    city="Nairobi",
    country_code="ke",
)


async def test_somebody_new_becomes_a_customer_once(database: Database) -> None:
    shop = await make_shop(database)

    async def meet() -> object:
        async with database.transaction(shop.store.id) as tx:
            return (await for_identity(tx, "whatsapp", AMINA)).id

    met = await asyncio.gather(*(meet() for _ in range(5)))
    assert len(set(met)) == 1
    async with database.transaction(shop.store.id) as tx:
        count = "SELECT count(*) FROM shop.customers WHERE store_id = $1"
        assert await tx.fetchval(count, tx.store_id) == 1
        customer = await for_identity(tx, "whatsapp", AMINA)
    assert (customer.name, customer.phone) == ("Amina", "+254700000001")


async def test_a_new_identity_with_a_known_alias_is_the_same_person(database: Database) -> None:
    shop = await make_shop(database)
    renamed = Sender(identity="KE.123", aliases=["254700000001"])
    async with database.transaction(shop.store.id) as tx:
        first = await for_identity(tx, "whatsapp", AMINA)
        second = await for_identity(tx, "whatsapp", renamed)
        third = await for_identity(tx, "whatsapp", Sender(identity="KE.123"))
        known = await identities(tx, first.id)
    assert first.id == second.id == third.id
    assert {one.identity for one in known} == {"254700000001", "KE.123"}


async def test_an_address_that_is_changed_is_not_proved_any_more(database: Database) -> None:
    shop = await make_shop(database)
    proved = "SELECT email_verified_at IS NOT NULL FROM shop.customers WHERE store_id = $1"
    async with database.transaction(shop.store.id) as tx:
        customer = await for_email(tx, "amina@example.com")
        await update(tx, customer.id, name="Amina", email="Amina@Example.com")
        assert await tx.fetchval(proved, tx.store_id)
        await update(tx, customer.id, email="other@example.com")
        assert not await tx.fetchval(proved, tx.store_id)


async def test_an_address_is_proved_by_one_customer(database: Database) -> None:
    shop = await make_shop(database)

    async def prove() -> object:
        async with database.transaction(shop.store.id) as tx:
            return (await for_email(tx, "amina@example.com")).id

    async with database.transaction(shop.store.id) as tx:
        typed = await create(tx, email="amina@example.com")
    proved = await asyncio.gather(*(prove() for _ in range(5)))
    assert len(set(proved)) == 1
    assert typed.id not in proved


async def test_the_same_number_on_another_channel_is_not_the_same_person(
    database: Database,
) -> None:
    shop = await make_shop(database)
    async with database.transaction(shop.store.id) as tx:
        one = await for_identity(tx, "whatsapp", AMINA)
        other = await for_identity(tx, "sms", AMINA)
    assert one.id != other.id


async def test_what_is_told_is_kept_and_what_is_not_told_stays(database: Database) -> None:
    shop = await make_shop(database)
    async with database.transaction(shop.store.id) as tx:
        customer = await create(tx, name="Amina", email="a@example.com")
        await update(tx, customer.id, phone="+254700000001")
        again = await get_customer(tx, customer.id)
    assert (again.name, again.email, again.phone) == ("Amina", "a@example.com", "+254700000001")


async def test_the_address_used_last_is_remembered_and_kept_once(database: Database) -> None:
    shop = await make_shop(database)
    async with database.transaction(shop.store.id) as tx:
        customer = await create(tx, name="Amina")
        assert await last_address(tx, customer.id) is None
        for _ in range(2):
            await remember_address(tx, customer.id, HOME)
        assert await last_address(tx, customer.id) == HOME
        count = "SELECT count(*) FROM shop.addresses WHERE store_id = $1"
        assert await tx.fetchval(count, tx.store_id) == 1


async def test_another_stores_customers_do_not_exist(database: Database) -> None:
    mine, theirs = await make_shop(database), await make_shop(database, "theirs")
    async with database.transaction(theirs.store.id) as tx:
        customer = await for_identity(tx, "whatsapp", AMINA)
    async with database.transaction(mine.store.id) as tx:
        for journey in (
            get_customer(tx, customer.id),
            update(tx, customer.id, name="Eve"),
            remember_address(tx, customer.id, HOME),
        ):
            with pytest.raises(NotFound):
                await journey
        assert (await for_identity(tx, "whatsapp", AMINA)).id != customer.id
