"""The people who buy: who they are as far as they told, what they bought, where they live."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Response, delete, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from tradewind.carts.rules import contact_errors, metadata_errors
from tradewind.catalog.rules import refuse
from tradewind.contracts.errors import Forbidden
from tradewind.contracts.money import Money
from tradewind.customers import service as customers
from tradewind.customers.desk import service
from tradewind.customers.desk.rules import Record, RecordChange
from tradewind.database import Transaction
from tradewind.erasure.rules import Namesake
from tradewind.erasure.service import erase, prepare
from tradewind.orders import service as orders
from tradewind.orders.rules import Bought
from tradewind.settings.service import audit
from tradewind_host.access import GivenAccess
from tradewind_host.order_view import order_view
from tradewind_host.problems import reads, told, writes
from tradewind_host.shapes import Body, Cursor, Limit, id_cursor, page
from tradewind_host.store_api.customers import AddressList, AddressView, OwnOrders

Begins = Annotated[
    str | None,
    QueryParameter(
        max_length=254, description="How an e-mail address, name, last name or number begins."
    ),
]
_ERASE = told(
    writes(), {409: ("customer_has_open_orders", "customer_has_open_payments", "in_progress")}
)
_Name = Annotated[str, msgspec.Meta(max_length=200)]
_Email = Annotated[str, msgspec.Meta(min_length=3, max_length=254)]
_Phone = Annotated[str, msgspec.Meta(max_length=30)]
_Locale = Annotated[str, msgspec.Meta(pattern="^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$")]
_Note = Annotated[str, msgspec.Meta(max_length=4000)]


class CustomerRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A customer. `orders` counts those that stand, `spent` is what they paid less refunds.

    `email_verified_at` and `phone_verified_at` say when a code proved what they had told.
    """

    id: UUID
    name: str | None
    email: str | None
    phone: str | None
    locale: str | None
    country: str | None
    email_verified_at: datetime | None
    phone_verified_at: datetime | None
    metadata: Mapping[str, Any]
    note: str
    orders: int
    spent: Sequence[Money]
    created_at: datetime
    updated_at: datetime


class CustomerRecordList(msgspec.Struct, frozen=True):
    """Customers, newest first."""

    customers: Sequence[CustomerRecord]
    next_cursor: str | None


class CustomerRecordAnswer(msgspec.Struct, frozen=True):
    """One customer."""

    customer: CustomerRecord


class ErasedAnswer(msgspec.Struct, frozen=True):
    """What is left to decide: others who may be the same person and are not erased, 100 at most."""

    also_known_as: Sequence[Namesake]


class CustomerInput(Body, frozen=True, kw_only=True):
    """What is known of a customer; what is not named stays. Metadata is merged, key by key."""

    name: _Name | msgspec.UnsetType | None = msgspec.UNSET
    email: _Email | msgspec.UnsetType | None = msgspec.UNSET
    phone: _Phone | msgspec.UnsetType | None = msgspec.UNSET
    locale: _Locale | msgspec.UnsetType | None = msgspec.UNSET
    note: _Note | msgspec.UnsetType = msgspec.UNSET
    metadata: Mapping[str, Any] | msgspec.UnsetType = msgspec.UNSET


@get("/customers", responses=reads(422))
async def list_customers(
    access: GivenAccess, q: Begins = None, limit: Limit = 20, cursor: Cursor = None
) -> CustomerRecordList:
    """Customers, newest first."""
    before = id_cursor(cursor)
    async with access.transaction() as tx:
        found = await service.list_records(tx, q, before=before, limit=limit)
        kept, following = page(found, limit, lambda one: one.id)
        bought = await orders.bought_by(tx, [one.id for one in kept])
    return CustomerRecordList([_view(one, bought) for one in kept], following)


@post("/customers", responses=writes())
async def create_customer(
    access: GivenAccess, data: JSONBody[CustomerInput]
) -> Response[CustomerRecordAnswer]:
    """Add a customer. What is written here proves nothing: they sign in by a code of their own."""
    async with access.transaction() as tx:
        record = await service.create(tx, _told(data, {}))
        await audit(tx, access.actor, "customer.created", "customer", str(record.id))
        return await access.answer(tx, CustomerRecordAnswer(_view(record, {})), 201)


@get("/customers/{customer_id:uuid}", responses=reads(404))
async def get_customer_record(
    access: GivenAccess, customer_id: FromPath[UUID]
) -> CustomerRecordAnswer:
    """One customer."""
    async with access.transaction() as tx:
        return await _answer(tx, await service.get_record(tx, customer_id))


@post("/customers/{customer_id:uuid}", status_code=200, responses=writes())
async def update_customer(
    access: GivenAccess, customer_id: FromPath[UUID], data: JSONBody[CustomerInput]
) -> Response[CustomerRecordAnswer]:
    """Change what is known of a customer. An address that is new is not proved any more."""
    async with access.transaction() as tx:
        before = await service.get_record(tx, customer_id)
        record = await service.update(tx, customer_id, _told(data, before.metadata))
        named = {"changed": sorted(_given(data))}
        await audit(tx, access.actor, "customer.updated", "customer", str(customer_id), named)
        return await access.answer(tx, await _answer(tx, record))


@delete("/customers/{customer_id:uuid}", status_code=200, responses=_ERASE)
async def erase_customer(
    access: GivenAccess, customer_id: FromPath[UUID]
) -> Response[ErasedAnswer]:
    """Erase a customer on their request, for good; an owner may. Repeating it does no harm.

    Orders, payments and the ledger stay without names, contacts, addresses, notes and metadata.
    """
    if access.key.role != "owner":
        raise Forbidden("Only an owner may erase a customer.", code="owner_only")
    await prepare(access.engine, access.store, customer_id)
    async with access.transaction() as tx:
        others = await erase(tx, customer_id, access.actor)
        answer = await access.answer(tx, ErasedAnswer(others))
    access.engine.forget(access.store.id)
    return answer


@get("/customers/{customer_id:uuid}/orders", responses=reads(404, 422))
async def list_customer_orders(
    access: GivenAccess, customer_id: FromPath[UUID], limit: Limit = 20, cursor: Cursor = None
) -> OwnOrders:
    """What a customer ordered, newest first, as they see it themselves."""
    before = id_cursor(cursor)
    async with access.transaction() as tx:
        await service.get_record(tx, customer_id)
        rows = await orders.orders_for(tx, customer_id, before=before, limit=limit + 1)
    kept, following = page(rows, limit, lambda order: order.id)
    return OwnOrders([order_view(order) for order in kept], following)


@get("/customers/{customer_id:uuid}/addresses", responses=reads(404))
async def list_customer_addresses(access: GivenAccess, customer_id: FromPath[UUID]) -> AddressList:
    """Addresses a customer has used, the one used last first."""
    async with access.transaction() as tx:
        await service.get_record(tx, customer_id)
        kept = await customers.addresses(tx, customer_id)
    return AddressList(
        [AddressView(id=one.id, **msgspec.structs.asdict(one.address)) for one in kept]
    )


def _given(data: CustomerInput) -> dict[str, Any]:
    return {
        name: value.strip() or None if isinstance(value, str) and name != "note" else value
        for name in data.__struct_fields__
        if (value := getattr(data, name)) is not msgspec.UNSET
    }


def _told(data: CustomerInput, metadata: Mapping[str, Any]) -> RecordChange:
    """What is to be written down. Raises InvalidInput that names each wrong field."""
    given = _given(data)
    merged = {**metadata, **given.get("metadata", {})}
    refuse([*contact_errors(given.get("email"), given.get("phone")), *metadata_errors(merged)])
    return RecordChange(**given)


async def _answer(tx: Transaction, record: Record) -> CustomerRecordAnswer:
    return CustomerRecordAnswer(_view(record, await orders.bought_by(tx, [record.id])))


def _view(record: Record, bought: Mapping[UUID, Bought]) -> CustomerRecord:
    found = bought.get(record.id, Bought())
    return CustomerRecord(**msgspec.structs.asdict(record), orders=found.orders, spent=found.spent)


ROUTES = (
    list_customers,
    create_customer,
    get_customer_record,
    update_customer,
    erase_customer,
    list_customer_orders,
    list_customer_addresses,
)
