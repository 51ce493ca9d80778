"""Selling files: what a product delivers, what an order has coming to it, each fetch counted."""

from collections.abc import Sequence
from uuid import UUID

from tradewind.contracts.errors import Conflict, NotFound
from tradewind.database import Transaction
from tradewind.downloads import queries
from tradewind.downloads.rules import (
    Download,
    ProductFile,
    check_terms,
    delivered_by,
    digital_lines,
    grants_of,
    is_paid,
    may_fetch,
    may_list,
)
from tradewind.fulfillment import service as fulfillment
from tradewind.orders import service as orders
from tradewind.orders.rules import Entry, Order

ACTOR = "tradewind"


async def add_file(tx: Transaction, file: ProductFile) -> None:
    """Have a product deliver a file from now on. Raises InvalidInput."""
    check_terms(file.title, file.days, file.downloads)
    await queries.insert_file(tx, file)


async def list_files(tx: Transaction, product_id: UUID) -> Sequence[ProductFile]:
    """The files of a product, oldest first."""
    return await queries.files_of(tx, [product_id])


async def remove_file(tx: Transaction, product_id: UUID, file_id: UUID) -> None:
    """Sell a file no more; who has bought it keeps it. Raises NotFound."""
    if not await queries.archive_file(tx, product_id, file_id):
        raise NotFound("This product has no such file.")


async def hand_over(tx: Transaction, order: Order) -> Order:
    """Deliver the files of a locked order that was paid, once: `fulfillment.delivered`.

    Lines whose product has no files wait for the merchant. Costs nothing where nothing is digital.
    """
    lines = digital_lines(order)
    if not lines or not is_paid(order):
        return order
    files = await queries.files_of(tx, [line.product_id for line in lines])
    grants = grants_of(order, files, tx.now)
    if not grants:
        return order
    await queries.grant(tx, order.id, grants)
    gone = delivered_by(order, grants)
    return await fulfillment.deliver(tx, order, gone, ACTOR) if gone else order


async def downloads_of(tx: Transaction, order: Order) -> Sequence[Download]:
    """What may be fetched of an order now: nothing before it is paid, nor while it is disputed."""
    if not may_list(order):
        return []
    return await queries.downloads_of(tx, order.id)


async def find(tx: Transaction, download_id: UUID) -> Download:
    """A download that a token opens, as it stands now.

    Raises NotFound, Conflict `download_withdrawn`.
    """
    found = await queries.download(tx, download_id)
    if found is None:
        raise NotFound("There is no such file.")
    if not may_fetch(await orders.get_order(tx, found.order_id)):
        raise Conflict("This order was given back.", code="download_withdrawn")
    return found


async def count(tx: Transaction, found: Download, *, begins: bool) -> None:
    """Count a fetch that begins at the first byte, or goes on with none that counted lately.

    Raises Conflict `download_used_up` when none is left or its time is over.
    """
    if not await queries.count(tx, found.id, begins=begins):
        raise Conflict("This was fetched as often as it may be.", code="download_used_up")


async def renew(tx: Transaction, order_id: UUID, actor: str) -> Order:
    """Let a buyer fetch everything of an order as on its first day.

    Raises NotFound, Conflict `no_downloads`.
    """
    order = await orders.lock_order(tx, order_id)
    if not await queries.renew(tx, order_id):
        raise Conflict("Nothing was delivered by download.", code="no_downloads")
    return await orders.apply(tx, order, [Entry(type="downloads.renewed", actor=actor)])
