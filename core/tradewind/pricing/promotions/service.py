"""Keeping promotions, and claiming their uses for orders. Every call takes the open transaction."""

from collections.abc import Iterable, Sequence
from uuid import UUID

import asyncpg
import msgspec

from tradewind.catalog.rules import Page, refuse
from tradewind.contracts.errors import FieldError, NotFound
from tradewind.customers.service import contacts_of
from tradewind.database import Transaction
from tradewind.pricing.promotions import queries
from tradewind.pricing.promotions.rules import (
    KeptPromotion,
    NewPromotion,
    PromotionChange,
    PromotionFilter,
    exhausted,
    normal,
    promotion_errors,
    refusal,
)
from tradewind.pricing.promotions.shoppers import Shopper
from tradewind.pricing.queries import live_promotions
from tradewind.pricing.rules import LineAdjustment, Promotion, not_usable
from tradewind.settings.service import pricing_changed
from tradewind.stores.service import settings_of

SOURCE = "tradewind"
MOST_TRIES = 20
"""Orders of one shopper that may take the next number at the same time."""


async def list_promotions(
    tx: Transaction, wanted: PromotionFilter, *, before: UUID | None = None, limit: int = 50
) -> Page[KeptPromotion]:
    """A page of promotions, newest first; the cursor is the last one's id."""
    found = await queries.promotions(tx, wanted, before, limit + 1)
    more = str(found[limit - 1].promotion.id) if len(found) > limit else None
    return Page(found[:limit], more)


async def get_promotion(tx: Transaction, promotion_id: UUID) -> KeptPromotion:
    """One promotion, also an archived one. Raises NotFound."""
    return _known(await queries.promotion(tx, promotion_id))


async def create_promotion(tx: Transaction, new: NewPromotion) -> KeptPromotion:
    """Make a promotion; every quote is void. Raises InvalidInput that names each refused field."""
    promotion = await _checked(tx, Promotion(id=tx.new_id(), **msgspec.structs.asdict(new)))
    if not await queries.insert(tx, promotion):
        refuse([_taken()])
    await pricing_changed(tx)
    return await get_promotion(tx, promotion.id)


async def change_promotion(
    tx: Transaction, promotion_id: UUID, change: PromotionChange
) -> KeptPromotion:
    """Change a promotion that is not archived; every quote is void.

    Orders that stand keep what they got. Raises NotFound, InvalidInput.
    """
    known = _known(await queries.promotion(tx, promotion_id, lock=True))
    if known.state == "archived":
        raise NotFound("This promotion is archived.")
    given = {
        name: value
        for name, value in msgspec.structs.asdict(change).items()
        if value is not msgspec.UNSET
    }
    after = await _checked(tx, msgspec.structs.replace(known.promotion, **given))
    if after == known.promotion:
        return known
    await queries.update(tx, after)
    await pricing_changed(tx)
    return await get_promotion(tx, promotion_id)


async def archive_promotion(tx: Transaction, promotion_id: UUID) -> KeptPromotion:
    """Take a promotion out of use for good. Orders that stand keep it. Raises NotFound."""
    known = _known(await queries.promotion(tx, promotion_id, lock=True))
    if known.state != "archived":
        await queries.archive(tx, promotion_id)
        await pricing_changed(tx)
    return await get_promotion(tx, promotion_id)


async def promotion_for_code(tx: Transaction, code: str, shopper: Shopper) -> Promotion:
    """The promotion that a shopper names by its code, in any case of letters.

    Raises NotFound `unknown_promotion`, Conflict (`promotion_not_started`, `promotion_expired`,
    `promotion_exhausted`); whether a cart fulfills its conditions is another matter.
    """
    names = await names_of(tx, shopper)
    found = await live_promotions(tx, [code.strip().upper()], [], names)
    if not found:
        raise NotFound("There is no such code.", code="unknown_promotion")
    refused = refusal(not_usable(found[0], tx.now))
    if refused is not None:
        raise refused
    return found[0]


def promotions_in(entries: Iterable[LineAdjustment]) -> list[UUID]:
    """The store's own promotions that gave something, in the order in which they are locked."""
    return sorted(
        {
            UUID(entry.reference)
            for entry in entries
            if entry.source == SOURCE and entry.kind == "promotion" and entry.reference
        }
    )


async def names_of(tx: Transaction, shopper: Shopper) -> Sequence[str]:
    """All that a shopper goes by: what they told, and what the profile of a customer says."""
    if shopper.customer_id is None:
        return shopper.names
    emails, phones = await contacts_of(tx, shopper.customer_id)
    return shopper.also(emails, phones).names


async def claim_uses(
    tx: Transaction, ids: Sequence[UUID], order_id: UUID, shopper: Shopper
) -> None:
    """Count promotions as used by an order that is being placed, each as far as it is limited.

    Called late in the transaction, before stock: what is limited waits for one another from here
    on. Raises Conflict `promotion_exhausted`; then nothing may be kept.
    """
    if not ids:
        return
    known = await queries.counted(tx, ids)
    names = shopper.names
    if any(one.limit_per_customer is not None for one in known):
        names = await names_of(tx, shopper)
    for one in known:
        if one.usage_limit is not None and not await queries.take(tx, one.id):
            raise exhausted(one.title)
        if one.limit_per_customer is not None and not await _numbered(tx, one, order_id, names):
            raise exhausted(one.title)
    free = [one.id for one in known if one.limit_per_customer is None]
    if free:
        await queries.insert_uses(tx, free, order_id, names)


async def give_back_uses(tx: Transaction, order_id: UUID) -> None:
    """An order does not stand any more: its promotions may be used once more. Counts once."""
    for promotion_id in await queries.give_back(tx, order_id):
        await queries.put_back(tx, promotion_id)


async def _numbered(
    tx: Transaction, promotion: queries.Counted, order_id: UUID, names: Sequence[str]
) -> bool:
    """Take the shopper's next number; another order of theirs may take one at the same time."""
    for _ in range(MOST_TRIES):
        await tx.execute("SAVEPOINT numbering")
        try:
            taken = await queries.insert_numbered(tx, promotion, order_id, names)
        except asyncpg.UniqueViolationError:
            await tx.execute("ROLLBACK TO SAVEPOINT numbering")
            continue
        await tx.execute("RELEASE SAVEPOINT numbering")
        return taken
    return False


async def _checked(tx: Transaction, promotion: Promotion) -> Promotion:
    """The promotion as it is stored. Raises InvalidInput."""
    promotion = normal(promotion, (await settings_of(tx)).currency)
    errors = promotion_errors(promotion)
    rules = promotion.rules
    missing = await queries.unknown(tx, rules.category_ids, rules.region_ids)
    errors += [
        FieldError(f"rules.{name}", "unknown", f"There is no {', '.join(map(str, ids))}.")
        for name, ids in missing.items()
        if ids
    ]
    if promotion.code is not None and await queries.taken(tx, promotion.code, promotion.id):
        errors.append(_taken())
    if promotion.usage_limit is not None and promotion.usage_limit < promotion.used:
        message = f"It was used {promotion.used} times already."
        errors.append(FieldError("limit", "out_of_range", message))
    refuse(errors)
    return promotion


def _taken() -> FieldError:
    return FieldError("code", "taken", "Another promotion has this code.")


def _known(found: KeptPromotion | None) -> KeptPromotion:
    if found is None:
        raise NotFound("There is no such promotion.")
    return found
