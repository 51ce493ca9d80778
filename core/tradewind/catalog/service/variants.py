"""Keeping the variants of a product one by one, and their prices. Each change is the product's."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from tradewind.catalog import queries
from tradewind.catalog.rules import (
    MOST_VARIANTS,
    AnyPrice,
    Choice,
    KeptProduct,
    KeptVariant,
    NewVariant,
    choice_errors,
    choices_in_all,
    filled,
    handle_of,
    inferred,
    missing_choices,
    one_variant_errors,
    price_errors,
    refuse,
    settled,
)
from tradewind.catalog.search import service as search
from tradewind.catalog.service.keeping import (
    Changed,
    kept_product,
    locked_product,
    refuse_unsellable,
    sku_taken,
    void_quotes,
    write_variants,
)
from tradewind.catalog.service.prices import refuse_ambiguous, write_prices
from tradewind.contracts.errors import FieldError, InvalidInput, NotFound
from tradewind.database import Transaction


async def create_variant(
    tx: Transaction,
    product_id: UUID,
    new: NewVariant,
    version: int | msgspec.UnsetType = msgspec.UNSET,
) -> Changed:
    """Add a variant, behind the others unless it says where.

    Raises NotFound, InvalidInput, Conflict `sku_taken`, `price_overlaps` or `product_changed`.
    """
    old = await locked_product(tx, product_id, version)
    return await _add(tx, old, [new])


async def generate_variants(tx: Transaction, product_id: UUID, pattern: NewVariant) -> Changed:
    """Add a variant for each choice of the declared options that none stands for yet.

    `pattern` is what they have in common; its SKU is the beginning of theirs, the values follow.
    Raises NotFound, InvalidInput, Conflict `sku_taken` or `price_overlaps`.
    """
    old = await locked_product(tx, product_id)
    options = old.options or inferred([one.options for one in old.live])
    if not 1 <= choices_in_all(options) <= MOST_VARIANTS:
        message = f"Options with 1 to {MOST_VARIANTS} choices in all are needed."
        refuse([FieldError("options", "out_of_range", message)])
    missing = missing_choices(options, [one.options for one in old.live])
    new = [
        msgspec.structs.replace(pattern, sku=sku_of(pattern.sku, choice), options=choice)
        for choice in missing
    ]
    return await _add(tx, old, new) if new else Changed(old, old)


async def update_variant(
    tx: Transaction,
    product_id: UUID,
    variant_id: UUID,
    entry: NewVariant,
    version: int | msgspec.UnsetType = msgspec.UNSET,
) -> Changed:
    """Change a variant; what is left unset stays. An archived one is on sale again.

    Raises NotFound, InvalidInput, Conflict `sku_taken`, `price_overlaps` or `product_changed`.
    """
    old = await locked_product(tx, product_id, version)
    present = _variant(old, variant_id)
    whole = filled(entry, present)
    others = {one.id: one for one in old.live if one.id != variant_id}
    refuse(
        [
            *one_variant_errors("", whole, old.kind),
            *_choice_errors(old, others, [whole.options or {}]),
        ]
    )
    owners = await queries.sku_owners(tx, [whole.sku])
    if any(owner != variant_id for owner, _ in owners.values()):
        raise sku_taken(whole.sku)
    changed = settled(whole, variant_id, old.kind, present.position)
    await write_variants(tx, product_id, [whole], [changed], path="")
    return await _touched(tx, old)


async def archive_variant(tx: Transaction, product_id: UUID, variant_id: UUID) -> Changed:
    """Take a variant off sale; its SKU stays its own, its stock and its orders are kept.

    Raises NotFound, Conflict `nothing_to_sell` for the last one of a published product.
    """
    old = await locked_product(tx, product_id)
    _variant(old, variant_id)
    await queries.archive_variant(tx, variant_id)
    return await _touched(tx, old)


async def kept_variant(tx: Transaction, variant_id: UUID) -> KeptVariant:
    """A variant with all its prices. Raises NotFound."""
    return _variant(await kept_product(tx, await _product_id(tx, variant_id)), variant_id)


async def set_price(tx: Transaction, variant_id: UUID, price: AnyPrice) -> Changed:
    """Set one price beside the others; one of the same currency, region and beginning is replaced.

    Raises NotFound, InvalidInput, Conflict `price_overlaps`.
    """
    old = await locked_product(tx, await _product_id(tx, variant_id))
    try:
        await _check_prices(tx, [price])
    except InvalidInput as error:
        raise InvalidInput(error.detail, errors=[_alone(one) for one in error.errors]) from None
    await write_prices(tx, [(variant_id, price)])
    return await _touched(tx, old)


async def replace_prices(tx: Transaction, variant_id: UUID, prices: Sequence[AnyPrice]) -> Changed:
    """Make these all the prices of a variant.

    Raises NotFound, InvalidInput, Conflict `nothing_to_sell` when a published product would be
    left without a price.
    """
    old = await locked_product(tx, await _product_id(tx, variant_id))
    await _check_prices(tx, prices)
    await queries.delete_prices(tx, variant_id)
    await write_prices(tx, [(variant_id, one) for one in prices])
    return await _touched(tx, old)


async def delete_price(tx: Transaction, variant_id: UUID, price_id: UUID) -> Changed:
    """Take a price away. Raises NotFound, Conflict `nothing_to_sell` as `replace_prices`."""
    old = await locked_product(tx, await _product_id(tx, variant_id))
    if not await queries.delete_price(tx, variant_id, price_id):
        raise NotFound("There is no such price.")
    return await _touched(tx, old)


def sku_of(beginning: str, choice: Choice) -> str:
    """`TEE` and the choice of S in blue: `TEE-S-BLUE`."""
    return "-".join([beginning, *(handle_of(value).upper() or "X" for value in choice.values())])


async def _add(tx: Transaction, old: KeptProduct, new: Sequence[NewVariant]) -> Changed:
    alone = len(new) == 1
    places = [""] if alone else [f"variants.{index}" for index, _ in enumerate(new)]
    errors = [
        error
        for place, one in zip(places, new, strict=True)
        for error in one_variant_errors(place, one, old.kind)
    ]
    if len(old.live) + len(new) > MOST_VARIANTS:
        errors.append(FieldError("variants", "out_of_range", f"At most {MOST_VARIANTS}."))
    present = {one.id: one for one in old.live}
    refuse([*errors, *_choice_errors(old, present, [one.options or {} for one in new])])
    if owners := await queries.sku_owners(tx, [one.sku for one in new]):
        raise sku_taken(min(owners))
    first = max((one.position for one in old.live), default=-1) + 1
    rows = [settled(one, tx.new_id(), old.kind, first + place) for place, one in enumerate(new)]
    await write_variants(tx, old.id, new, rows, path="" if alone else "variants")
    return await _touched(tx, old)


async def _touched(tx: Transaction, old: KeptProduct) -> Changed:
    await queries.touch_product(tx, old.id)
    kept = await kept_product(tx, old.id)
    if kept.status == "published":
        refuse_unsellable(kept, tx.now, before=old)
    await void_quotes(tx, old, kept)
    await search.index(tx, [kept.id])
    return Changed(old, kept)


def _choice_errors(
    product: KeptProduct, others: dict[UUID, KeptVariant], new: Sequence[Choice]
) -> list[FieldError]:
    """What is wrong with the choices of these variants beside the others; only theirs is told."""
    choices: dict[str, Choice] = {f"others.{one.id}": one.options for one in others.values()}
    mine = {f"new.{place}": choice for place, choice in enumerate(new)}
    found = choice_errors(product.options, {**choices, **mine})
    return [
        msgspec.structs.replace(one, path=one.path.removeprefix("new.").partition(".")[2])
        for one in found
        if one.path.startswith("new.")
    ]


async def _check_prices(tx: Transaction, prices: Sequence[AnyPrice]) -> None:
    refuse(price_errors("prices", prices))
    await refuse_ambiguous(tx, {"prices": prices})


def _alone(error: FieldError) -> FieldError:
    """The same of a price that is no list's."""
    return msgspec.structs.replace(error, path=error.path.removeprefix("prices.0."))


async def _product_id(tx: Transaction, variant_id: UUID) -> UUID:
    product_id = await queries.product_of_variant(tx, variant_id)
    if product_id is None:
        raise _no_variant()
    return product_id


def _variant(product: KeptProduct, variant_id: UUID) -> KeptVariant:
    for one in product.variants:
        if one.id == variant_id:
            return one
    raise _no_variant()


def _no_variant() -> NotFound:
    return NotFound("There is no such variant.")
