"""Files of products, prices and stock: taken in by the worker, given out as they are read."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIFormat, OpenAPIType
from litestar.params import FromPath, QueryParameter
from litestar.response import Stream

from tradewind.bulk.rules.runs import Import, Kind, RowError, State
from tradewind.bulk.service import importing, runs
from tradewind.bulk.service.exporting import export
from tradewind.contracts.errors import FieldError, InvalidInput
from tradewind_host.access import Access, GivenAccess
from tradewind_host.media.incoming import PART, incoming
from tradewind_host.problems import reads, writes
from tradewind_host.shapes import Cursor, Limit, id_cursor, page

CSV = "text/csv"
_PAGE = 1000
GivenKind = Annotated[Kind, QueryParameter(description="What the file holds.")]
DryRun = Annotated[bool, QueryParameter(description="Only say what would happen.")]
Name = Annotated[
    str, QueryParameter(max_length=500, description="The file's name, for a body without one.")
]
Form = Annotated[
    Literal["json", "csv"],
    QueryParameter(name="format", description="`csv` gives all from the cursor on."),
]


class ImportView(msgspec.Struct, frozen=True, kw_only=True):
    """An import. `done` of `rows` rows are dealt with; each was created, changed or neither."""

    id: UUID
    state: State
    kind: Kind
    file_name: str
    dry_run: bool
    rows: int
    done: int
    created: int
    changed: int
    unchanged: int
    refused: int
    error: str
    created_at: datetime
    finished_at: datetime | None


class ImportAnswer(msgspec.Struct, frozen=True, rename={"given": "import"}):
    """One import."""

    given: ImportView


class ImportList(msgspec.Struct, frozen=True):
    """Imports, newest first."""

    imports: Sequence[ImportView]
    next_cursor: str | None


class RowErrorList(msgspec.Struct, frozen=True):
    """What was refused, in the order of the file; the header is row 1."""

    errors: Sequence[RowError]
    next_cursor: str | None


_FILE = Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY)


@dataclass
class _Upload(Operation):
    """Says in the OpenAPI document what an upload looks like."""

    def __post_init__(self) -> None:
        form = Schema(type=OpenAPIType.OBJECT, properties={PART: _FILE}, required=[PART])
        self.request_body = RequestBody(
            required=True,
            content={
                CSV: OpenAPIMediaType(schema=_FILE),
                "multipart/form-data": OpenAPIMediaType(schema=form),
            },
        )


@dataclass
class _Download(Operation):
    """Says in the OpenAPI document that a file is answered."""

    def __post_init__(self) -> None:
        answer: Any = (self.responses or {})["200"]
        answer.content = {CSV: OpenAPIMediaType(schema=Schema(type=OpenAPIType.STRING))}
        answer.description = "A CSV file in UTF-8."


@dataclass
class _EitherForm(Operation):
    """Says in the OpenAPI document that a list may be had as a file."""

    def __post_init__(self) -> None:
        answer: Any = (self.responses or {})["200"]
        answer.content[CSV] = OpenAPIMediaType(schema=Schema(type=OpenAPIType.STRING))


@post("/imports", status_code=202, operation_class=_Upload, responses=writes())
async def create_import(
    access: GivenAccess,
    request: Request[Any, Any, Any],
    kind: GivenKind,
    *,
    dry_run: DryRun = False,
    name: Name = "",
) -> Response[ImportAnswer]:
    """Have the worker import a CSV file, or with `dry_run` say what importing it would do.

    Send the file as the body, or a form with a part `file`.
    """
    desk = await importing.open_desk(access.engine.database, access.store, kind, access.actor)
    async with incoming(request, name or f"{kind}.csv") as file:
        known = await runs.look_at(desk, file.path, file.name)
        async with access.transaction() as tx:
            run = await runs.upload(tx, desk, known, dry_run=dry_run)
            return await access.answer(tx, ImportAnswer(view(run)), 202)


@get("/imports", responses=reads(422))
async def list_imports(access: GivenAccess, limit: Limit = 50, cursor: Cursor = None) -> ImportList:
    """Imports, newest first, those from the command line too."""
    before = id_cursor(cursor)
    async with access.transaction() as tx:
        found = await runs.listed(tx, before, limit + 1)
    rows, following = page(found, limit, lambda one: one.id)
    return ImportList([view(one) for one in rows], following)


@get("/imports/{import_id:uuid}", responses=reads(404))
async def get_import(access: GivenAccess, import_id: FromPath[UUID]) -> ImportAnswer:
    """An import, and how far it is."""
    async with access.transaction() as tx:
        return ImportAnswer(view(await runs.get(tx, import_id)))


@get(
    "/imports/{import_id:uuid}/errors",
    operation_class=_EitherForm,
    responses={200: ResponseSpec(RowErrorList, generate_examples=False), **reads(404, 422)},
)
async def list_import_errors(
    access: GivenAccess,
    import_id: FromPath[UUID],
    form: Form = "json",
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response[RowErrorList] | Stream:
    """What was refused and why, row by row."""
    after = _number(cursor)
    async with access.transaction() as tx:
        found = await runs.errors(tx, import_id, after, limit + 1)
    if form == "csv":
        return _file(_errors(access, import_id, after), f"import-{import_id}-errors.csv")
    rows = found[:limit]
    following = str(rows[-1].number) if len(found) > limit else None
    errors = [
        RowError(row=one.row, column=one.column, code=one.code, message=one.message) for one in rows
    ]
    return Response(RowErrorList(errors, following))


@post("/imports/{import_id:uuid}/cancel", status_code=200, responses=writes())
async def cancel_import(access: GivenAccess, import_id: FromPath[UUID]) -> Response[ImportAnswer]:
    """Call an import off. What it has done until then stays."""
    async with access.transaction() as tx:
        run = await runs.cancel(tx, import_id, access.actor)
        return await access.answer(tx, ImportAnswer(view(run)))


@post("/imports/{import_id:uuid}/resume", status_code=202, responses=writes())
async def resume_import(access: GivenAccess, import_id: FromPath[UUID]) -> Response[ImportAnswer]:
    """Have the worker go on with an import that it gave up, where it was."""
    async with access.transaction() as tx:
        run = await runs.take_up(tx, import_id, access.actor)
        return await access.answer(tx, ImportAnswer(view(run)), 202)


@get("/exports/products", operation_class=_Download, media_type=CSV, responses=reads())
async def export_products(access: GivenAccess) -> Stream:
    """Every product that is not archived, a row for each variant."""
    return _export(access, "products")


@get("/exports/prices", operation_class=_Download, media_type=CSV, responses=reads())
async def export_prices(access: GivenAccess) -> Stream:
    """Every price: plain, regional and dated."""
    return _export(access, "prices")


@get("/exports/stock", operation_class=_Download, media_type=CSV, responses=reads())
async def export_stock(access: GivenAccess) -> Stream:
    """What is on hand of every SKU, by location."""
    return _export(access, "stock")


def _export(access: Access, kind: Kind) -> Stream:
    return _file(export(access.engine.database, access.store, kind), f"{kind}.csv")


async def _errors(access: Access, import_id: UUID, after: int) -> AsyncIterator[bytes]:
    yield runs.errors_sheet([])
    while True:
        async with access.transaction() as tx:
            found = await runs.errors(tx, import_id, after, _PAGE)
        if not found:
            return
        after = found[-1].number
        yield runs.errors_sheet(found, header=False)


def _file(parts: AsyncIterator[bytes], name: str) -> Stream:
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Stream(parts, media_type=f"{CSV}; charset=utf-8", headers=headers)


def _number(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not cursor.isdecimal() or len(cursor) > 15:
        wrong = FieldError("cursor", "invalid", "Use next_cursor of the page before.")
        raise InvalidInput("This cursor does not belong here.", errors=[wrong])
    return int(cursor)


def view(run: Import) -> ImportView:
    """An import as the API shows it."""
    return ImportView(
        id=run.id,
        state=run.state,
        kind=run.kind,
        file_name=run.file_name,
        dry_run=run.dry_run,
        rows=run.rows,
        done=run.done,
        created=run.created,
        changed=run.changed,
        unchanged=run.unchanged,
        refused=run.refused,
        error=run.error,
        created_at=run.created_at,
        finished_at=run.finished_at,
    )


ROUTES = (
    create_import,
    list_imports,
    get_import,
    list_import_errors,
    cancel_import,
    resume_import,
    export_products,
    export_prices,
    export_stock,
)
