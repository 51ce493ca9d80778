"""Packs and the credits of customers, as the merchant keeps them."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response, get, post, put
from litestar.params import FromPath, JSONBody

from tradewind.contracts.errors import FieldError, InvalidInput
from tradewind.credits import service
from tradewind.credits.rules import MOST, PackTerms
from tradewind.customers import service as customers
from tradewind.settings.service import audit
from tradewind_host.access import GivenAccess
from tradewind_host.credit_view import CreditsAnswer, credits_answer
from tradewind_host.problems import reads, writes
from tradewind_host.shapes import Body

_Days = Annotated[int, msgspec.Meta(ge=1, le=3650)]


class TermsInput(Body, frozen=True, kw_only=True):
    """What each unit grants; without `days` the credits never end."""

    credits: Annotated[int, msgspec.Meta(ge=1, le=MOST)]
    days: _Days | None = None


class TermsView(msgspec.Struct, frozen=True, kw_only=True):
    """What each unit of a variant grants."""

    variant_id: UUID
    credits: int
    days: int | None


class TermsAnswer(msgspec.Struct, frozen=True):
    """What a pack grants."""

    pack: TermsView


class CreditsInput(Body, frozen=True, kw_only=True):
    """Credits to give, or below zero to take; `days` are of those that are given."""

    credits: Annotated[int, msgspec.Meta(ge=-MOST, le=MOST)]
    days: _Days | None = None
    note: Annotated[str, msgspec.Meta(max_length=500)] = ""


@put("/variants/{variant_id:uuid}/credits", responses=writes())
async def set_pack(
    access: GivenAccess, variant_id: FromPath[UUID], data: JSONBody[TermsInput]
) -> Response[TermsAnswer]:
    """Have each unit of a variant of kind `pack` grant credits, from the next payment on."""
    terms = PackTerms(variant_id=variant_id, credits=data.credits, days=data.days)
    async with access.transaction() as tx:
        await service.set_terms(tx, terms)
        detail = {"credits": data.credits, "days": data.days}
        await audit(tx, access.actor, "variant.credits_set", "variant", str(variant_id), detail)
        view = TermsView(variant_id=variant_id, credits=data.credits, days=data.days)
        return await access.answer(tx, TermsAnswer(view))


@get("/customers/{customer_id:uuid}/credits", responses=reads(404))
async def list_credits(access: GivenAccess, customer_id: FromPath[UUID]) -> CreditsAnswer:
    """What a customer was granted, and what is left."""
    async with access.transaction() as tx:
        customer = await customers.get_customer(tx, customer_id)
        return credits_answer(await service.credits_of(tx, customer.id), tx.now)


@post("/customers/{customer_id:uuid}/credits", status_code=200, responses=writes())
async def change_credits(
    access: GivenAccess, customer_id: FromPath[UUID], data: JSONBody[CreditsInput]
) -> Response[CreditsAnswer]:
    """Give a customer credits, or take some: those that end first go first."""
    if not data.credits:
        wrong = FieldError("credits", "out_of_range", "More or fewer than none.")
        raise InvalidInput("Say how many.", errors=[wrong])
    async with access.transaction() as tx:
        customer = await customers.get_customer(tx, customer_id)
        if data.credits > 0:
            await service.give(tx, customer.id, data.credits, data.days, access.actor, data.note)
        else:
            await service.take(tx, customer.id, -data.credits, access.actor, data.note)
        detail = {"credits": data.credits}
        await audit(tx, access.actor, "customer.credits", "customer", str(customer.id), detail)
        found = await service.credits_of(tx, customer.id)
        return await access.answer(tx, credits_answer(found, tx.now))


ROUTES = (set_pack, list_credits, change_credits)
