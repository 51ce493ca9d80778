"""Ways to deliver: what each costs, and by weight, in bands that are edited as rows of a form."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.datastructures import FormMultiDict
from litestar.params import FromPath, FromQuery

from tradewind.catalog.rules import Region
from tradewind.contracts.errors import FieldError, InvalidInput, NotFound, Refusal
from tradewind.contracts.money import Money
from tradewind.database import Transaction
from tradewind.pricing import service
from tradewind.pricing.rules import BuiltInShipping, ShippingUpdate, WeightBand
from tradewind.settings.service import audit
from tradewind_host.changes import changes
from tradewind_host.dashboard import words
from tradewind_host.dashboard.acting import status_of
from tradewind_host.dashboard.deeds import amount_of
from tradewind_host.dashboard.door import Desk, GivenDesk, text
from tradewind_host.dashboard.once import new_key, once
from tradewind_host.idempotency import Claim, keep_answer

_HERE = "/dashboard/delivery"
_SPARE = 3
_MOST_ROWS = 60
_LONGEST_NUMBER = 12
_CELLS = ("over_grams", "up_to_grams", "price")
_BANDS = "rules.weight_bands."


class Way(NamedTuple):
    """A way to deliver, with what it costs in words."""

    option: BuiltInShipping
    cost: str


class Costs(NamedTuple):
    """What a way to deliver is to cost, in minor units, and by weight."""

    price: int
    bands: Sequence[WeightBand]


class Given(NamedTuple):
    """What a form says: the price, the cells of each row, and what is wrong, by its field."""

    price: str
    rows: Sequence[Mapping[str, str]]
    wrong: Mapping[str, str] = {}


@get("/delivery")
async def way_list(desk: GivenDesk) -> Response[Any]:
    """The store's own ways to deliver, by region."""
    async with desk.transaction() as tx:
        found = await service.shipping_by_region(tx)
    ways = [(one, [_way(option, one) for option in options]) for one, options in found]
    return desk.page("delivery.html", here="delivery", regions=ways)


@get("/delivery/{shipping_option_id:uuid}")
async def way_page(
    desk: GivenDesk, shipping_option_id: FromPath[UUID], told: FromQuery[str] = ""
) -> Response[Any]:
    """One way to deliver, with its bands of weight as rows of a form."""
    async with desk.transaction() as tx:
        option, region = await _known(tx, shipping_option_id)
    return _form(desk, option, region, _stored(option, region.currency), told=words.done(told))


@post("/delivery/{shipping_option_id:uuid}", status_code=200)
async def change_way(
    request: Request[Any, Any, Any], desk: GivenDesk, shipping_option_id: FromPath[UUID]
) -> Response[Any]:
    """Change what it costs, once for each form that was shown; or show more rows."""
    form = await request.form()
    async with desk.transaction() as tx:
        option, region = await _known(tx, shipping_option_id)
    given = _given(form, _stored(option, region.currency))
    if text(form, "more"):
        return _form(desk, option, region, given)
    try:
        costs = _read(given, region.currency)
        path = f"delivery/{option.id}"
        told = await once(desk, path, form, lambda claim: _save(desk, option.id, costs, claim))
    except Refusal as error:
        wrong = {_field(one.path, given): one.message for one in error.errors}
        return _form(
            desk,
            option,
            region,
            given._replace(wrong=wrong),
            trouble="" if wrong else words.refusal(error.reason),
            status=status_of(error),
        )
    return desk.elsewhere(f"{_HERE}/{option.id}?told={told}")


async def _save(desk: Desk, option_id: UUID, costs: Costs, claim: Claim) -> str:
    told = "delivery"
    async with desk.transaction() as tx:
        # Its other rules as they are by now.
        rules = (await service.shipping_option(tx, option_id)).rules
        rules = msgspec.structs.replace(rules, weight_bands=costs.bands)
        change = ShippingUpdate(price=costs.price, rules=rules)
        before, after = await service.change_shipping_option(tx, option_id, change)
        detail, actor = changes(before, after), desk.access.actor
        await audit(tx, actor, "shipping_option.updated", "option", str(option_id), detail)
        await keep_answer(tx, claim, 200, told.encode())
    return told


async def _known(tx: Transaction, option_id: UUID) -> tuple[BuiltInShipping, Region]:
    """A way to deliver that is offered, and where. Raises NotFound."""
    for region, options in await service.shipping_by_region(tx):
        for option in options:
            if option.id == option_id:
                return option, region
    raise NotFound("There is no such way to deliver.")


def _way(option: BuiltInShipping, region: Region) -> Way:
    bands = option.rules.weight_bands
    prices = [one.price for one in bands] or [option.price]
    low, high = (words.money(amount, region.currency) for amount in (min(prices), max(prices)))
    return Way(option, low if low == high else f"{low} to {high}, by weight")


def _form(
    desk: Desk,
    option: BuiltInShipping,
    region: Region,
    given: Given,
    *,
    told: str = "",
    trouble: str = "",
    status: int = 200,
) -> Response[Any]:
    spare = [dict.fromkeys(_CELLS, "")] * (_SPARE if desk.may_act else 0)
    return desk.page(
        "way.html",
        here="delivery",
        status=status,
        option=option,
        region=region,
        given=given,
        rows=[*given.rows, *spare][:_MOST_ROWS],
        full=len(given.rows) + _SPARE >= _MOST_ROWS,
        done=told,
        trouble=trouble or ("Please check what you entered." if given.wrong else ""),
        form_key=new_key(),
    )


def _stored(option: BuiltInShipping, currency: str) -> Given:
    rows = [
        {
            "over_grams": str(band.over_grams),
            "up_to_grams": "" if band.up_to_grams is None else str(band.up_to_grams),
            "price": str(Money(band.price, currency).major()),
        }
        for band in option.rules.weight_bands
    ]
    return Given(str(Money(option.price, currency).major()), rows)


def _given(form: FormMultiDict, stored: Given) -> Given:
    """What was typed, without rows that are empty."""
    rows = [
        {cell: text(form, f"{cell}.{number}") for cell in _CELLS} for number in range(_MOST_ROWS)
    ]
    price = text(form, "price") if "price" in form else stored.price
    return Given(price, [row for row in rows if any(row.values())])


def _read(given: Given, currency: str) -> Costs:
    """What a form asks for. Raises InvalidInput with every cell that cannot be read."""
    errors: list[FieldError] = []

    def money(path: str, typed: str) -> int:
        try:
            return amount_of(typed, currency)
        except InvalidInput as error:
            errors.append(FieldError(path, "invalid", error.errors[0].message))
            return 0

    def grams(path: str, typed: str) -> int:
        plain = typed.replace(" ", "").replace(",", "")
        if plain.isdecimal() and len(plain) <= _LONGEST_NUMBER:
            return int(plain)
        errors.append(FieldError(path, "invalid", "Whole grams, such as 2000."))
        return 0

    price = money("price", given.price)
    bands = [
        WeightBand(
            over_grams=grams(f"{path}.over_grams", row["over_grams"] or "0"),
            up_to_grams=grams(f"{path}.up_to_grams", row["up_to_grams"])
            if row["up_to_grams"]
            else None,
            price=money(f"{path}.price", row["price"]),
        )
        for path, row in ((f"{_BANDS}{place}", row) for place, row in enumerate(given.rows))
    ]
    if errors:
        raise InvalidInput("Some cells cannot be read.", errors=errors)
    return Costs(price, bands)


def _field(path: str, given: Given) -> str:
    """The field of the form that an error is about."""
    place, _, cell = path.removeprefix(_BANDS).partition(".")
    return f"{cell}.{place}" if cell in _CELLS and place.isdecimal() else path
