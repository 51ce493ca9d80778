"""The money desk: what waits for a person, with its evidence and what it offers to do."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.params import FromPath, FromQuery

from tradewind.cases import service
from tradewind.contracts.errors import ProviderFault, Refusal
from tradewind_host.admin_api.cases import settle, without_secret
from tradewind_host.dashboard import view, words
from tradewind_host.dashboard.acting import status_of
from tradewind_host.dashboard.door import Desk, GivenDesk, text
from tradewind_host.dashboard.once import FIELD, new_key, once
from tradewind_host.dashboard.reading import zone_of
from tradewind_host.idempotency import Claim
from tradewind_host.shapes import id_cursor, page

PER_PAGE = 30


@get("/cases")
async def case_list(
    request: Request[Any, Any, Any], desk: GivenDesk, cursor: FromQuery[str] = ""
) -> Response[Any]:
    """Cases, newest first: the open ones, or those that are closed."""
    wanted = "closed" if request.query_params.get("state") == "closed" else "open"
    async with desk.transaction() as tx:
        zone = await zone_of(tx)
        rows = await service.list_cases(
            tx, state=wanted, before=id_cursor(cursor or None), limit=PER_PAGE + 1
        )
    kept, following = page(rows, PER_PAGE, lambda case: case.id)
    return desk.page(
        "cases.html",
        here="cases",
        cases=kept,
        state=wanted,
        zone=zone,
        following=following or "",
        paged=bool(cursor),
    )


@get("/cases/{case_id:uuid}")
async def case_page(
    desk: GivenDesk, case_id: FromPath[UUID], told: FromQuery[str] = ""
) -> Response[Any]:
    """One case."""
    return await _shown(desk, case_id, told=told)


@post("/cases/{case_id:uuid}/{action:str}", status_code=200)
async def act_on_case(
    request: Request[Any, Any, Any],
    desk: GivenDesk,
    case_id: FromPath[UUID],
    action: FromPath[str],
) -> Response[Any]:
    """Do what the case offers, once for each form that was shown."""
    form = await request.form()
    said = text(form, "words")

    async def do(claim: Claim) -> str:
        await settle(desk.access, case_id, action, said)
        return "close" if action == "close" else "case"

    try:
        told = await once(desk, f"{case_id}/{action}", form, do)
    except (Refusal, ProviderFault) as error:
        code = error.reason if isinstance(error, Refusal) else error.code
        kept = text(form, FIELD) if isinstance(error, ProviderFault) else ""
        trouble = words.refusal(code)
        return await _shown(desk, case_id, trouble=trouble, status=status_of(error), form_key=kept)
    return desk.elsewhere(f"/dashboard/cases/{case_id}?told={told}")


async def _shown(
    desk: Desk,
    case_id: UUID,
    *,
    told: str = "",
    trouble: str = "",
    status: int = 200,
    form_key: str = "",
) -> Response[Any]:
    async with desk.transaction() as tx:
        case = await service.get_case(tx, case_id)
        zone = await zone_of(tx)
    case = case if desk.may_act else without_secret(case)
    return desk.page(
        "case.html",
        here="cases",
        status=status,
        case=case,
        zone=zone,
        evidence=view.evidence(case),
        order_id=_order_of(case),
        actions=_actions(desk, case),
        done=words.done(told),
        trouble=trouble,
        form_key=form_key or new_key(),
    )


def _actions(desk: Desk, case: service.Case) -> list[str]:
    """What may be done; closing comes last and is always one of it."""
    if case.state != "open" or not desk.may_act:
        return []
    return [*(one for one in case.actions if one != "close"), "close"]


def _order_of(case: service.Case) -> str:
    """The order that a case is about, as far as it says."""
    if case.subject_type == "order":
        return case.subject_id
    found = case.evidence.get("order_id")
    return found if isinstance(found, str) else ""
