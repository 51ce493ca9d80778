"""Promotions: discounts with a code or without, their limits, and how often they were used."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Response, delete, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from tradewind.contracts.errors import FieldError, InvalidInput
from tradewind.pricing.promotions import service
from tradewind.pricing.promotions.rules import (
    KeptPromotion,
    NewPromotion,
    PromotionChange,
    PromotionFilter,
    PromotionState,
    parse_value,
)
from tradewind.pricing.rules import PromotionKind, PromotionRules
from tradewind.settings.service import audit
from tradewind_host.access import GivenAccess
from tradewind_host.problems import reads, writes
from tradewind_host.shapes import Body, Cursor, Limit, id_cursor

Value = Annotated[
    int | float | str,
    msgspec.Meta(
        description="Percent, as a number or as decimal text (`12.5`), of `percentage` and "
        "`buy_x_get_y`; whole minor units of `fixed`; not used by `free_shipping`."
    ),
]
State = Annotated[PromotionState | None, QueryParameter(name="state")]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]
Search = Annotated[
    str | None, QueryParameter(max_length=100, description="Part of a code or title.")
]


class RulesInput(PromotionRules, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which lines a promotion is about and how far it goes; an empty list is no limit.

    Who buys `buy` units gets `get` more at the percentage off. `maximum` (minor units) caps the
    whole discount.
    """


class PromotionInput(Body, frozen=True, kw_only=True):
    """A promotion to be made; without a code it is for everybody.

    Amounts (`value` of `fixed`, `minimum`, `rules.maximum`) are minor units of `currency`, which is
    the store's where none is given; the promotion is for carts in this currency alone then.
    """

    kind: PromotionKind
    value: Value = 0
    code: str | None = None
    title: str = ""
    currency: str | None = None
    minimum: int | None = None
    limit: int | None = None
    limit_per_customer: int | None = None
    starts_at: Moment | None = None
    ends_at: Moment | None = None
    stackable: bool = False
    priority: int = 0
    rules: RulesInput = RulesInput()


class PromotionChangeInput(Body, frozen=True, kw_only=True):
    """What to change; what is not named stays, null takes away. `rules` are replaced as a whole."""

    kind: PromotionKind | msgspec.UnsetType = msgspec.UNSET
    value: Value | msgspec.UnsetType = msgspec.UNSET
    code: str | msgspec.UnsetType | None = msgspec.UNSET
    title: str | msgspec.UnsetType = msgspec.UNSET
    currency: str | msgspec.UnsetType | None = msgspec.UNSET
    minimum: int | msgspec.UnsetType | None = msgspec.UNSET
    limit: int | msgspec.UnsetType | None = msgspec.UNSET
    limit_per_customer: int | msgspec.UnsetType | None = msgspec.UNSET
    starts_at: Moment | msgspec.UnsetType | None = msgspec.UNSET
    ends_at: Moment | msgspec.UnsetType | None = msgspec.UNSET
    stackable: bool | msgspec.UnsetType = msgspec.UNSET
    priority: int | msgspec.UnsetType = msgspec.UNSET
    rules: RulesInput | msgspec.UnsetType = msgspec.UNSET


class RulesView(msgspec.Struct, frozen=True, kw_only=True):
    """Which lines a promotion is about, and how far it goes."""

    skus: Sequence[str]
    category_ids: Sequence[UUID]
    region_ids: Sequence[UUID]
    country_codes: Sequence[str]
    buy: int
    get: int
    maximum: int | None


class PromotionView(msgspec.Struct, frozen=True, kw_only=True):
    """A promotion. `value`: percent as decimal text, or minor units as a whole number.

    `used` are the orders that stand. `state` says whether it can be had now, and if not, why.
    """

    id: UUID
    code: str | None
    title: str
    kind: PromotionKind
    value: int | str
    currency: str | None
    minimum: int | None
    limit: int | None
    limit_per_customer: int | None
    used: int
    state: PromotionState
    starts_at: datetime | None
    ends_at: datetime | None
    stackable: bool
    priority: int
    rules: RulesView
    created_at: datetime


class PromotionAnswer(msgspec.Struct, frozen=True):
    """One promotion."""

    promotion: PromotionView


class PromotionList(msgspec.Struct, frozen=True):
    """A page of promotions."""

    promotions: Sequence[PromotionView]
    next_cursor: str | None


_WRITES = writes()


@get("/promotions", responses=reads(422))
async def list_promotions(
    access: GivenAccess,
    q: Search = None,
    promotion_state: State = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> PromotionList:
    """Promotions, newest first; without a state all but the archived ones."""
    wanted = PromotionFilter(q=q, state=promotion_state)
    before = id_cursor(cursor)
    async with access.transaction() as tx:
        page = await service.list_promotions(tx, wanted, before=before, limit=limit)
    return PromotionList([_view(one) for one in page.items], page.next_cursor)


@get("/promotions/{promotion_id:uuid}", responses=reads(404))
async def get_promotion(access: GivenAccess, promotion_id: FromPath[UUID]) -> PromotionAnswer:
    """One promotion, also when it is archived."""
    async with access.transaction() as tx:
        return PromotionAnswer(_view(await service.get_promotion(tx, promotion_id)))


@post("/promotions", responses=_WRITES)
async def create_promotion(
    access: GivenAccess, data: JSONBody[PromotionInput]
) -> Response[PromotionAnswer]:
    """Make a promotion; it counts from the next look at a cart."""
    new = NewPromotion(**_given(data))
    async with access.transaction() as tx:
        made = await service.create_promotion(tx, new)
        promotion = made.promotion
        detail = {"kind": promotion.kind, "code": promotion.code}
        await audit(tx, access.actor, "promotion.created", "promotion", str(promotion.id), detail)
        return await access.answer(tx, PromotionAnswer(_view(made)), 201)


@post("/promotions/{promotion_id:uuid}", status_code=200, responses=_WRITES)
async def change_promotion(
    access: GivenAccess, promotion_id: FromPath[UUID], data: JSONBody[PromotionChangeInput]
) -> Response[PromotionAnswer]:
    """Change a promotion. Orders that stand keep what they got."""
    given = _given(data)
    async with access.transaction() as tx:
        made = await service.change_promotion(tx, promotion_id, PromotionChange(**given))
        named = msgspec.structs.asdict(data).items()
        detail = {"changed": sorted(name for name, value in named if value is not msgspec.UNSET)}
        await audit(tx, access.actor, "promotion.changed", "promotion", str(promotion_id), detail)
        return await access.answer(tx, PromotionAnswer(_view(made)))


@delete("/promotions/{promotion_id:uuid}", status_code=200, responses=_WRITES)
async def archive_promotion(
    access: GivenAccess, promotion_id: FromPath[UUID]
) -> Response[PromotionAnswer]:
    """Take a promotion out of use for good; its code is free again."""
    async with access.transaction() as tx:
        made = await service.archive_promotion(tx, promotion_id)
        await audit(tx, access.actor, "promotion.archived", "promotion", str(promotion_id))
        return await access.answer(tx, PromotionAnswer(_view(made)))


def _given(data: PromotionInput | PromotionChangeInput) -> dict[str, Any]:
    """What was given, under the names that the engine has for it. Raises InvalidInput."""
    given = msgspec.structs.asdict(data)
    given["usage_limit"] = given.pop("limit")
    if given["value"] is not msgspec.UNSET:
        given["value"] = _value(given["value"])
    if isinstance(given["rules"], PromotionRules):
        given["rules"] = PromotionRules(**msgspec.structs.asdict(given["rules"]))
    return given


def _value(given: float | str) -> Decimal:
    # The shortest text of a number is what was written; its binary value is not.
    value = parse_value(str(given))
    if value is None:
        wrong = FieldError("value", "invalid", "A number, or decimal text.")
        raise InvalidInput("This is no value of a promotion.", errors=[wrong])
    return value


def _view(kept: KeptPromotion) -> PromotionView:
    promotion = kept.promotion
    fields: Mapping[str, Any] = msgspec.structs.asdict(promotion)
    names = set(PromotionView.__struct_fields__).intersection(fields)
    same = {name: fields[name] for name in names - {"value", "rules"}}
    percent = promotion.kind in {"percentage", "buy_x_get_y"}
    return PromotionView(
        **same,
        value=format(promotion.value.normalize(), "f") if percent else int(promotion.value),
        limit=promotion.usage_limit,
        state=kept.state,
        rules=RulesView(**msgspec.structs.asdict(promotion.rules)),
        created_at=kept.created_at,
    )


ROUTES = (
    list_promotions,
    get_promotion,
    create_promotion,
    change_promotion,
    archive_promotion,
)
