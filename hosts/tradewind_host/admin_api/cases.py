"""The money desk: what waits for a human."""

from collections.abc import Sequence
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from tradewind.cases import service
from tradewind.cases.service import Case
from tradewind.contracts.errors import Conflict
from tradewind.outbox import jobs
from tradewind.settings.service import audit
from tradewind_host.access import Access, GivenAccess
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


@post("/cases/{case_id:uuid}/{action:str}", status_code=200, responses=writes())
async def act_on_case(
    access: GivenAccess,
    case_id: FromPath[UUID],
    action: FromPath[str],
    data: JSONBody[Resolution | None] = None,
) -> Response[CaseAnswer]:
    """Do what the case offers, and take it off the desk.

    `close` does nothing else and is always offered; `replay` lets a dead job run again.
    """
    async with access.transaction() as tx:
        case = await service.get_case(tx, case_id)
    if action != "close":
        await _do(access, case, action)
    words = data.resolution if data else ""
    async with access.transaction() as tx:
        case = await service.close_case(tx, case_id, access.actor, words or action)
        detail = {"action": action, "resolution": words}
        await audit(tx, access.actor, "case.closed", "case", str(case_id), detail)
        return await access.answer(tx, CaseAnswer(case))


async def _do(access: Access, case: Case, action: str) -> None:
    if action not in case.actions or (action, case.subject_type) != ("replay", "job"):
        raise Conflict(f"This case does not offer “{action}”.", code="action_not_offered")
    if not await jobs.replay(access.engine.database, UUID(case.subject_id)):
        raise Conflict("This job is not dead any more.", code="job_not_dead")


ROUTES = (list_cases, get_case, act_on_case)
