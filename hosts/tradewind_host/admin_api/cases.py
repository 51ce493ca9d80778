"""The money desk: what waits for a human."""

from collections.abc import Sequence
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from tradewind.cases import service
from tradewind.cases.service import Case
from tradewind.settings.service import audit
from tradewind_host.access import GivenAccess
from tradewind_host.problems import reads, writes
from tradewind_host.shapes import Cursor, Limit, id_cursor, page

CaseState = Annotated[Literal["open", "closed"] | None, QueryParameter(name="state")]


class CaseList(msgspec.Struct, frozen=True):
    """Cases, newest first."""

    cases: Sequence[Case]
    next_cursor: str | None


class CaseAnswer(msgspec.Struct, frozen=True):
    """One case."""

    case: Case


class Resolution(msgspec.Struct, frozen=True):
    """What was decided."""

    resolution: str = ""


@get("/cases", responses=reads(422))
async def list_cases(
    access: GivenAccess, case_state: CaseState = None, limit: Limit = 50, cursor: Cursor = None
) -> CaseList:
    """Cases, newest first."""
    async with access.transaction() as tx:
        rows = await service.list_cases(
            tx, state=case_state, before=id_cursor(cursor), limit=limit + 1
        )
    return CaseList(*page(rows, limit, lambda case: case.id))


@get("/cases/{case_id:uuid}", responses=reads(404))
async def get_case(access: GivenAccess, case_id: FromPath[UUID]) -> CaseAnswer:
    """One case with its evidence."""
    async with access.transaction() as tx:
        return CaseAnswer(await service.get_case(tx, case_id))


@post(
    "/cases/{case_id:uuid}/close",
    status_code=200,
    responses=writes(),
)
async def close_case(
    access: GivenAccess, case_id: FromPath[UUID], data: JSONBody[Resolution | None] = None
) -> Response[CaseAnswer]:
    """Take a case off the desk; nothing else happens by it."""
    words = data.resolution if data else ""
    async with access.transaction() as tx:
        case = await service.close_case(tx, case_id, access.actor, words)
        await audit(tx, access.actor, "case.closed", "case", str(case_id), {"resolution": words})
        return await access.answer(tx, CaseAnswer(case))


ROUTES = (list_cases, get_case, close_case)
