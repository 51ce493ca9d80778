"""The files that a digital product delivers."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, Response, delete, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from tradewind.catalog import service as catalog
from tradewind.catalog.rules import Product
from tradewind.contracts.errors import Conflict, FieldError, InvalidInput
from tradewind.database import Transaction
from tradewind.downloads import service as downloads
from tradewind.downloads.rules import DAYS, DOWNLOADS, ProductFile
from tradewind.media import service as media
from tradewind.media.rules import MediaItem
from tradewind.settings.service import audit
from tradewind_host.access import Access, GivenAccess
from tradewind_host.admin_api.media import Name
from tradewind_host.media.incoming import UploadOperation, incoming
from tradewind_host.media.keeping import file_of
from tradewind_host.order_view import DownloadView, download_views
from tradewind_host.problems import reads, writes
from tradewind_host.shapes import Body
from tradewind_host.store_api.catalog import default_currency

Title = Annotated[str, QueryParameter(max_length=200, description="By default the file's name.")]
Days = Annotated[int, QueryParameter(description="How long a buyer may fetch it, in days.")]
Times = Annotated[
    int, QueryParameter(name="downloads", description="How often, for each unit bought.")
]
Variant = Annotated[UUID | None, QueryParameter(description="By default every variant.")]


class FileTerms(Body, frozen=True, kw_only=True):
    """For how long and how often a file may be fetched; without a title it has its file's name."""

    title: Annotated[str, msgspec.Meta(max_length=200)] = ""
    days: int = DAYS
    downloads: int = DOWNLOADS
    variant_id: UUID | None = None


class FileAttached(FileTerms, frozen=True, kw_only=True):
    """A file that is kept already, by its `media_id`."""

    media_id: UUID


class FileView(msgspec.Struct, frozen=True, kw_only=True):
    """A file of a product; `days` after payment a buyer may fetch it `downloads` times a unit."""

    id: UUID
    media_id: UUID
    variant_id: UUID | None
    title: str
    days: int
    downloads: int
    created_at: datetime


class DownloadsAnswer(msgspec.Struct, frozen=True):
    """What a buyer may fetch, with the links; empty while the order is disputed or given back."""

    downloads: Sequence[DownloadView]


class FileAnswer(msgspec.Struct, frozen=True):
    """One file."""

    file: FileView


class FileList(msgspec.Struct, frozen=True):
    """The files of a product, oldest first."""

    files: Sequence[FileView]
    next_cursor: str | None = None


@post("/products/{product_id:uuid}/files", operation_class=UploadOperation, responses=writes())
async def add_file(
    access: GivenAccess,
    request: Request[Any, Any, Any],
    product_id: FromPath[UUID],
    name: Name = "",
    title: Title = "",
    days: Days = DAYS,
    times: Times = DOWNLOADS,
    variant_id: Variant = None,
) -> Response[FileAnswer]:
    """Have a digital product deliver a file, which nobody sees who has not paid for it.

    Send a form with a part `file`, or the bytes as the body.
    """
    async with access.transaction() as tx:
        await _check(tx, product_id, variant_id)
    async with incoming(request, name) as file:
        item = await file_of(access.engine, access.store, file)
    terms = FileTerms(title=title, days=days, downloads=times, variant_id=variant_id)
    async with access.transaction() as tx:
        kept, _ = await media.keep(tx, item)
        added = await _add(tx, access, product_id, kept, terms)
        return await access.answer(tx, FileAnswer(_view(added)), 201)


@post("/products/{product_id:uuid}/files/attach", responses=writes())
async def attach_file(
    access: GivenAccess, product_id: FromPath[UUID], data: JSONBody[FileAttached]
) -> Response[FileAnswer]:
    """Have a digital product deliver a file that another product delivers, or did."""
    async with access.transaction() as tx:
        await _check(tx, product_id, data.variant_id)
        kept = await media.find_item(tx, data.media_id, "file")
        if kept is None:
            wrong = FieldError("media_id", "unknown", "No file of this store.")
            raise InvalidInput("There is no such file.", errors=[wrong])
        added = await _add(tx, access, product_id, kept, data)
        return await access.answer(tx, FileAnswer(_view(added)), 201)


async def _add(
    tx: Transaction, access: Access, product_id: UUID, kept: MediaItem, terms: FileTerms
) -> ProductFile:
    added = ProductFile(
        id=tx.new_id(),
        product_id=product_id,
        variant_id=terms.variant_id,
        media_id=kept.id,
        title=terms.title.strip() or kept.name,
        days=terms.days,
        downloads=terms.downloads,
        created_at=tx.now,
    )
    await downloads.add_file(tx, added)
    detail = {"file_id": str(added.id), "title": added.title}
    await audit(tx, access.actor, "product.file_added", "product", str(product_id), detail)
    return added


@get("/products/{product_id:uuid}/files", responses=reads(404))
async def list_files(access: GivenAccess, product_id: FromPath[UUID]) -> FileList:
    """The files that a product delivers."""
    async with access.transaction() as tx:
        await _product(tx, product_id)
        return FileList([_view(one) for one in await downloads.list_files(tx, product_id)])


@delete("/products/{product_id:uuid}/files/{file_id:uuid}", responses=writes())
async def remove_file(
    access: GivenAccess, product_id: FromPath[UUID], file_id: FromPath[UUID]
) -> None:
    """Deliver a file no more; who has bought it may fetch it as before."""
    async with access.transaction() as tx:
        await downloads.remove_file(tx, product_id, file_id)
        detail = {"file_id": str(file_id)}
        await audit(tx, access.actor, "product.file_removed", "product", str(product_id), detail)


@post("/orders/{order_id:uuid}/downloads", status_code=200, responses=writes())
async def renew_downloads(
    access: GivenAccess, order_id: FromPath[UUID]
) -> Response[DownloadsAnswer]:
    """Let a buyer fetch the files of an order as on its first day, by new links."""
    async with access.transaction() as tx:
        order = await downloads.renew(tx, order_id, access.actor)
        found = await downloads.downloads_of(tx, order)
        views = download_views(access.engine, access.store, found)
        await audit(tx, access.actor, "order.downloads_renewed", "order", str(order_id))
        return await access.answer(tx, DownloadsAnswer(views))


async def _check(tx: Transaction, product_id: UUID, variant_id: UUID | None) -> None:
    """Raises NotFound, Conflict `not_digital`, InvalidInput."""
    product = await _product(tx, product_id)
    if product.kind != "digital":
        raise Conflict("Only a product of kind digital delivers files.", code="not_digital")
    if variant_id is not None and variant_id not in {one.id for one in product.variants}:
        wrong = FieldError("variant_id", "unknown", "The product has no such variant.")
        raise InvalidInput("There is no such variant.", errors=[wrong])


async def _product(tx: Transaction, product_id: UUID) -> Product:
    currency = await default_currency(tx)
    return await catalog.get_product(tx, str(product_id), currency=currency, published_only=False)


def _view(file: ProductFile) -> FileView:
    return FileView(
        id=file.id,
        media_id=file.media_id,
        variant_id=file.variant_id,
        title=file.title,
        days=file.days,
        downloads=file.downloads,
        created_at=file.created_at,
    )


ROUTES = (add_file, attach_file, list_files, remove_file, renew_downloads)
