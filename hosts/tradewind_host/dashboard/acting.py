"""Doing something to an order: first a page that asks, then the deed, then the order again."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.params import FromPath

from tradewind.contracts.errors import Forbidden, NotFound, ProviderFault, Refusal
from tradewind.contracts.money import Money
from tradewind_host.dashboard import words
from tradewind_host.dashboard.deeds import (
    DEEDS,
    WITH_AMOUNT,
    Deed,
    Do,
    Filled,
    amount_of,
    note,
    offered,
)
from tradewind_host.dashboard.door import Desk, GivenDesk, text
from tradewind_host.dashboard.once import FIELD, new_key, once
from tradewind_host.dashboard.orders import show_order
from tradewind_host.dashboard.reading import OrderKnown, read_order
from tradewind_host.problems import STATUSES


@get("/orders/{order_id:uuid}/{deed:str}")
async def ask(desk: GivenDesk, order_id: FromPath[UUID], deed: FromPath[str]) -> Response[Any]:
    """Ask whether it is to be done, and how. Raises NotFound, Forbidden."""
    known = await _known(desk, order_id)
    found = _offered(desk, known, deed)
    if found is None:
        return desk.elsewhere(f"/dashboard/orders/{order_id}?told=not-offered")
    return _question(desk, known, found, {})


@post("/orders/{order_id:uuid}/{deed:str}", status_code=200)
async def act(
    request: Request[Any, Any, Any], desk: GivenDesk, order_id: FromPath[UUID], deed: FromPath[str]
) -> Response[Any]:
    """Do it, once for each form that was shown. Raises NotFound."""
    known, form = await _known(desk, order_id), await request.form()
    here, path = f"/dashboard/orders/{order_id}", f"{order_id}/{deed}"
    do = _doing(deed)
    filled: dict[str, str] = {name: text(form, name) for name in ("amount", "words", FIELD)}
    try:
        wanted = _read(known, deed, filled)
        told = await once(desk, path, form, lambda claim: do(desk, order_id, wanted, claim))
    except (Refusal, ProviderFault) as error:
        return await _again(desk, order_id, deed, filled, error)
    return desk.elsewhere(f"{here}?told={told}")


async def _again(
    desk: Desk, order_id: UUID, deed: str, filled: dict[str, str], error: Refusal | ProviderFault
) -> Response[Any]:
    """The question again, with what was wrong; or the order, when it is not a question any more."""
    status = status_of(error)
    code = error.reason if isinstance(error, Refusal) else error.code
    wrong = error.errors[0].message if isinstance(error, Refusal) and error.errors else ""
    trouble = wrong or words.refusal(code)
    known = await _known(desk, order_id)
    found = _offered(desk, known, deed)
    if found is None:
        return await show_order(desk, order_id, trouble=trouble, status=status)
    # Whether a provider that did not answer has done it is not known: the same key is one deed.
    if not isinstance(error, ProviderFault) and code != "in_progress":
        filled = {**filled, FIELD: new_key()}
    return _question(desk, known, found, filled, trouble=trouble, status=status)


def status_of(error: Refusal | ProviderFault) -> int:
    """The status that the APIs would answer with."""
    kinds = (STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES)
    return next(kinds, HTTPStatus.CONFLICT)


def _question(
    desk: Desk,
    known: OrderKnown,
    deed: Deed,
    filled: dict[str, str],
    *,
    trouble: str = "",
    status: int = 200,
) -> Response[Any]:
    currency = known.order.currency
    most = "" if deed.most is None else f"{Money(deed.most, currency).major()}"
    return desk.page(
        "deed.html",
        here="orders",
        status=status,
        order=known.order,
        deed=deed,
        most=most,
        limit=words.money(deed.most, currency) if deed.most else "",
        amount=filled.get("amount", most),
        text=filled.get("words", ""),
        trouble=trouble,
        form_key=filled.get(FIELD) or new_key(),
    )


def _doing(name: str) -> Do:
    """What does it. Raises NotFound."""
    if name == "note":
        return note
    if name not in DEEDS:
        raise NotFound("There is no such action.")
    return DEEDS[name].do


def _read(known: OrderKnown, deed: str, filled: dict[str, str]) -> Filled:
    """What was entered; raises InvalidInput for what is no amount where one is wanted."""
    if deed not in WITH_AMOUNT:
        return Filled(None, filled["words"])
    return Filled(amount_of(filled["amount"], known.order.currency), filled["words"])


def _offered(desk: Desk, known: OrderKnown, name: str) -> Deed | None:
    """What is asked for, if it may be done now. Raises Forbidden, NotFound."""
    if not desk.may_act:
        raise Forbidden("This role may only read.", code="read_only")
    _doing(name)
    return next((one for one in offered(desk, known) if one.name == name), None)


async def _known(desk: Desk, order_id: UUID) -> OrderKnown:
    async with desk.transaction() as tx:
        return await read_order(tx, order_id)
