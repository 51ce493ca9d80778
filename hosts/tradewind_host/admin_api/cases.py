"""The money desk: what waits for a human."""

from collections.abc import Sequence
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from tradewind.cases import plugins, service
from tradewind.cases.service import Case
from tradewind.checkout import service as checkout
from tradewind.contracts.errors import Conflict
from tradewind.outbox import inbox, jobs
from tradewind.payments.rules import Capture, Refund
from tradewind.settings.service import audit
from tradewind_host.access import Access, GivenAccess
from tradewind_host.problems import reads, writes
from tradewind_host.shapes import Body, Cursor, Limit, id_cursor, page

CaseState = Annotated[Literal["open", "closed"] | None, QueryParameter(name="state")]


class CaseList(msgspec.Struct, frozen=True):
    """Cases, newest first."""

    cases: Sequence[Case]
    next_cursor: str | None


class CaseAnswer(msgspec.Struct, frozen=True):
    """One case."""

    case: Case


class Resolution(Body, frozen=True):
    """What was decided."""

    resolution: str = ""


@get("/cases", responses=reads(422))
async def list_cases(
    access: GivenAccess, case_state: CaseState = None, limit: Limit = 50, cursor: Cursor = None
) -> CaseList:
    """Cases, newest first.

    Carts are not named to somebody who may only read: the id of a guest's lets them act for it.
    """
    async with access.transaction() as tx:
        rows = await service.list_cases(
            tx, state=case_state, before=id_cursor(cursor), limit=limit + 1
        )
    kept, following = page(rows, limit, lambda case: case.id)
    return CaseList([_shown(case, access) for case in kept], following)


def _shown(case: Case, access: Access) -> Case:
    """A case as it is shown: one that is closed offers nothing any more."""
    known = without_secret(case) if access.key.role == "read_only" else case
    return known if case.state == "open" else msgspec.structs.replace(known, actions=())


def without_secret(case: Case) -> Case:
    """A case for somebody who may only read: the id of a guest's cart is all that opens it."""
    subject = "" if case.subject_type == "cart" else case.subject_id
    evidence = {name: None if name == "cart_id" else value for name, value in case.evidence.items()}
    return msgspec.structs.replace(case, subject_id=subject, evidence=evidence)


@get("/cases/{case_id:uuid}", responses=reads(404))
async def get_case(access: GivenAccess, case_id: FromPath[UUID]) -> CaseAnswer:
    """One case with its evidence."""
    async with access.transaction() as tx:
        return CaseAnswer(_shown(await service.get_case(tx, case_id), access))


@post("/cases/{case_id:uuid}/{action:str}", status_code=200, responses=writes(502))
async def act_on_case(
    access: GivenAccess,
    case_id: FromPath[UUID],
    action: FromPath[str],
    data: JSONBody[Resolution | None] = None,
) -> Response[CaseAnswer]:
    """Do what the case offers, and take it off the desk.

    `close` does nothing else and is always offered. `refund` gives back the money that the case is
    about, `retry` tries a refund or a capture again, `cancel` calls off what a cart has led to,
    `replay` lets work that was given up be done again, `release` ends a plugin's quarantine. An
    action on a closed case changes nothing.
    """
    words = data.resolution if data else ""
    case = await settle(access, case_id, action, words)
    async with access.transaction() as tx:
        return await access.answer(tx, CaseAnswer(_shown(case, access)))


async def settle(access: Access, case_id: UUID, action: str, words: str) -> Case:
    """Do what a case offers, and close it; one that is closed already stays as it is.

    Raises NotFound, Conflict `action_not_offered`, and what the action raises.
    """
    async with access.transaction() as tx:
        case = await service.get_case(tx, case_id)
    if action != "close" and action not in case.actions:
        raise _not_offered(action)
    if case.state != "open":
        return case
    if action != "close":
        await _do(access, case, action, words)
    async with access.transaction() as tx:
        case = await service.close_case(tx, case_id, access.actor, words or action)
        detail = {"action": action, "resolution": words}
        await audit(tx, access.actor, "case.closed", "case", str(case_id), detail)
    return case


async def _do(access: Access, case: Case, action: str, words: str) -> None:
    engine, store, actor = access.engine, access.store, access.actor
    match action, case.subject_type:
        case "refund", "payment":
            _accepted(await checkout.refund_case(engine, store, case, actor))
        case "retry", "refund":
            _accepted(await checkout.retry_refund(engine, store, UUID(case.subject_id), actor))
        case "retry", "capture":
            _taken(await checkout.retry_capture(engine, store, UUID(case.subject_id)))
        case "cancel", "cart":
            await checkout.cancel_cart(engine, store, UUID(case.subject_id), actor, words)
        case "release", "plugin":
            name = case.subject_id
            await plugins.release(engine, store, name, actor=actor, resolution=words or action)
        case "replay", "job":
            if not await jobs.replay(engine.database, UUID(case.subject_id)):
                raise Conflict("This job is not dead any more.", code="job_not_dead")
        case "replay", "webhook_inbox":
            async with access.transaction() as tx:
                await inbox.replay_item(tx, UUID(case.subject_id))
        case _:
            raise _not_offered(action)


def _accepted(refunds: Sequence[Refund]) -> None:
    """A case stays on the desk when its money could not be sent off."""
    if any(one.status == "failed" for one in refunds):
        codes = ", ".join(one.code for one in refunds if one.code)
        raise Conflict(f"The provider gave nothing back: {codes}", code="refund_failed")


def _taken(captures: Sequence[Capture]) -> None:
    """The same of money that the provider holds and does not give."""
    if any(one.status == "failed" for one in captures):
        codes = ", ".join(one.code for one in captures if one.code)
        raise Conflict(f"The provider did not give the money: {codes}", code="capture_failed")


def _not_offered(action: str) -> Conflict:
    return Conflict(f"This case does not offer “{action}”.", code="action_not_offered")


ROUTES = (list_cases, get_case, act_on_case)
