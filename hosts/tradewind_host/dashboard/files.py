"""Files of products, prices and stock: out by a link, in by a form, and how far each is."""

import asyncio
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.datastructures import UploadFile
from litestar.params import FromPath, FromQuery

from tradewind.bulk.rules.runs import KINDS
from tradewind.bulk.service import importing, runs
from tradewind.contracts.errors import Conflict, InvalidInput, Refusal
from tradewind_host.dashboard.acting import status_of
from tradewind_host.dashboard.door import Desk, GivenDesk, text
from tradewind_host.dashboard.once import new_key, once
from tradewind_host.dashboard.reading import zone_of
from tradewind_host.idempotency import Claim, keep_answer
from tradewind_host.media.incoming import named
from tradewind_host.shapes import id_cursor, page

PER_PAGE = 20
_ERRORS_SHOWN = 50


@get("/files")
async def file_list(desk: GivenDesk, cursor: FromQuery[str] = "") -> Response[Any]:
    """What can be had and brought, and the imports so far, newest first."""
    return await _listed(desk, cursor)


@post("/files", status_code=200)
async def bring_file(request: Request[Any, Any, Any], desk: GivenDesk) -> Response[Any]:
    """Have a file imported, once for each form that was shown."""
    form = await request.form()
    try:
        told = await once(desk, "files", form, lambda claim: _keep(desk, form, claim))
    except Refusal as error:
        given = {name: text(form, name) for name in ("kind", "dry_run")}
        return await _listed(desk, "", trouble=_told(error), given=given, status=status_of(error))
    return desk.elsewhere(f"/dashboard/files/{told}")


@get("/files/{import_id:uuid}")
async def file_page(
    desk: GivenDesk, import_id: FromPath[UUID], still: FromQuery[str] = ""
) -> Response[Any]:
    """An import; the page looks again by itself while it goes on, unless it is to be `still`."""
    async with desk.transaction() as tx:
        zone = await zone_of(tx)
        run = await runs.get(tx, import_id)
        errors = await runs.errors(tx, import_id, 0, _ERRORS_SHOWN)
    return desk.page(
        "file.html",
        here="files",
        zone=zone,
        run=run,
        errors=errors,
        most=_ERRORS_SHOWN,
        looks=run.is_open and not still,
    )


@post("/files/{import_id:uuid}/cancel", status_code=200)
async def call_off_import(desk: GivenDesk, import_id: FromPath[UUID]) -> Response[Any]:
    """Call an import off; one that is over stays as it is."""
    async with desk.transaction() as tx:
        with suppress(Conflict):
            await runs.cancel(tx, import_id, desk.access.actor)
    return desk.elsewhere(f"/dashboard/files/{import_id}")


def _told(error: Refusal) -> str:
    """What is wrong with a file, with the column where it is one."""
    if not error.errors:
        return error.detail
    first = error.errors[0]
    return f"{first.path}: {first.message}" if first.path else first.message


async def _keep(desk: Desk, form: Any, claim: Claim) -> str:
    said, given = text(form, "kind"), form.get("file")
    kind = next((one for one in KINDS if one == said), None)
    if kind is None:
        raise InvalidInput("Say what the file holds.")
    if not isinstance(given, UploadFile):
        raise InvalidInput("Choose a file.")
    database, actor = desk.engine.database, desk.access.actor
    place = await importing.open_desk(database, desk.store, kind, actor)
    with tempfile.TemporaryDirectory(prefix="tradewind-") as folder:
        path = Path(folder) / "upload"
        await asyncio.to_thread(_copy, given, path)
        known = await runs.look_at(place, path, named(given.filename))
        async with desk.transaction() as tx:
            run = await runs.upload(tx, place, known, dry_run=text(form, "dry_run") == "yes")
            await keep_answer(tx, claim, 200, str(run.id).encode())
    return str(run.id)


def _copy(given: UploadFile, path: Path) -> None:
    given.file.seek(0)
    with path.open("wb") as file:
        shutil.copyfileobj(given.file, file)


async def _listed(
    desk: Desk,
    cursor: str,
    *,
    trouble: str = "",
    given: Mapping[str, str] | None = None,
    status: int = 200,
) -> Response[Any]:
    async with desk.transaction() as tx:
        zone = await zone_of(tx)
        found = await runs.listed(tx, id_cursor(cursor or None), PER_PAGE + 1)
    kept, following = page(found, PER_PAGE, lambda one: one.id)
    return desk.page(
        "files.html",
        here="files",
        status=status,
        zone=zone,
        runs=kept,
        following=following or "",
        paged=bool(cursor),
        trouble=trouble,
        given=given or {"kind": "", "dry_run": ""},
        form_key=new_key(),
    )
