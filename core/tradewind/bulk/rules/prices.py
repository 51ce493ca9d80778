"""The file of prices: a row for each price of a variant, regional and dated ones too.

A price is known by its SKU, currency, region and beginning. A row without an amount takes it away.
"""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime, tzinfo
from uuid import UUID

import msgspec

from tradewind.bulk.rules.batches import Form, Group, alone
from tradewind.bulk.rules.cells import BadCell, amount, foreign, moment, moment_text
from tradewind.bulk.rules.runs import Counts, Outcome, RowError, row_error
from tradewind.bulk.rules.sheet import Row
from tradewind.contracts.errors import FieldError

COLUMNS = ("sku", "currency", "amount", "region", "starts_at", "ends_at")
Scope = tuple[UUID, str, UUID | None]
_EVER = datetime.max.replace(tzinfo=UTC)
_LETTERS = 3


def form(zone: tzinfo) -> Form:
    """What such a file looks like; times without a zone are in `zone`."""
    return Form(
        canonical=lambda word: word if word in COLUMNS else None,
        required=("sku", "currency", "amount"),
        together=alone,
        names=lambda row: [("sku", _name(row, zone))],
        groups=2000,
    )


def _name(row: Row, zone: tzinfo) -> str:
    """What a price is known by, however its beginning is written."""
    try:
        starts = moment_text(moment(row.get("starts_at"), zone)) if row.get("starts_at") else ""
    except BadCell:
        return ""
    words = [row.get(column).strip() for column in ("sku", "currency", "region")]
    return "\n".join([words[0].upper(), words[1].upper(), words[2], starts])


class KnownPrice(msgspec.Struct, frozen=True, kw_only=True):
    """A price as it is stored, in minor units."""

    id: UUID
    variant_id: UUID
    currency: str
    amount: int
    region_id: UUID | None
    starts_at: datetime | None
    ends_at: datetime | None

    @property
    def scope(self) -> Scope:
        """Where it counts: in a scope there is one price for each beginning."""
        return (self.variant_id, self.currency, self.region_id)


class PricedVariant(msgspec.Struct, frozen=True):
    """A variant that a row names."""

    id: UUID
    product_id: UUID


class PricedRegion(msgspec.Struct, frozen=True):
    """A region that a row may name."""

    id: UUID
    currency: str


class KnownPrices(msgspec.Struct, frozen=True):
    """What is stored: variants by upper-case SKU, regions by name, prices of the variants.

    The store sells in `currencies`.
    """

    variants: Mapping[str, PricedVariant]
    regions: Mapping[str, PricedRegion]
    prices: Sequence[KnownPrice]
    currencies: AbstractSet[str]


class PriceRow(msgspec.Struct, frozen=True):
    """What a row says: the price as it is to be, or that it is to be `gone`."""

    variant: PricedVariant
    price: KnownPrice
    gone: bool


class PricePlan:
    """What a batch of prices comes to. `touched` are the products whose prices change."""

    def __init__(self, known: KnownPrices, mint: Callable[[], UUID]) -> None:
        self._known = known
        self._mint = mint
        self._standing: dict[Scope, dict[datetime | None, KnownPrice]] = {}
        for price in known.prices:
            self._standing.setdefault(price.scope, {})[price.starts_at] = price
        self._moneys = {(price.variant_id, price.currency) for price in known.prices}
        self.counts = Counts()
        self.errors: list[RowError] = []
        self.created: list[KnownPrice] = []
        self.changed: list[KnownPrice] = []
        self.removed: list[UUID] = []
        self.touched: set[UUID] = set()

    @property
    def outcome(self) -> Outcome:
        """What became of the rows."""
        return Outcome(self.counts, self.errors)

    def add(self, group: Group, zone: tzinfo, *, comma: bool) -> None:
        """Plan one row."""
        row = group.rows[0]
        read = _Reading(row, self._known, self._mint, zone)
        wanted = None if group.errors else read.price(comma=comma)
        if wanted is not None:
            self._foreign(wanted, read.errors)
            self._overlap(wanted, read.errors)
        if wanted is None or read.errors:
            self.errors += [*group.errors, *(row_error(row.number, one) for one in read.errors)]
            self.counts += Counts(refused=group.size)
        else:
            self.counts += self._plan(wanted)

    def _foreign(self, row: PriceRow, errors: list[FieldError]) -> None:
        """What the store sells nowhere in is no price, unless the variant has one in it."""
        currency = row.price.currency
        known = currency in self._known.currencies or row.gone
        if not known and (row.price.variant_id, currency) not in self._moneys:
            errors.append(foreign("currency", currency))

    def _overlap(self, row: PriceRow, errors: list[FieldError]) -> None:
        """One price at a time: two that run for a time must not run at the same time."""
        standing = self._standing.get(row.price.scope, {})
        for other in standing.values():
            if not row.gone and _overlap(row.price, other):
                words = f"Another price runs from {moment_text(other.starts_at or _EVER)}."
                errors.append(FieldError("starts_at", "overlapping", words))
                return

    def _plan(self, row: PriceRow) -> Counts:
        wanted = row.price
        standing = self._standing.setdefault(wanted.scope, {})
        old = standing.get(wanted.starts_at)
        same = old is not None and (old.amount, old.ends_at) == (wanted.amount, wanted.ends_at)
        if (row.gone and old is None) or (same and not row.gone):
            return Counts(unchanged=1)
        self.touched.add(row.variant.product_id)
        if old is None:
            self.created.append(wanted)
            standing[wanted.starts_at] = wanted
            return Counts(created=1)
        if row.gone:
            self.removed.append(old.id)
            del standing[wanted.starts_at]
        else:
            changed = msgspec.structs.replace(wanted, id=old.id)
            self.changed.append(changed)
            standing[wanted.starts_at] = changed
        return Counts(changed=1)


def _overlap(one: KnownPrice, other: KnownPrice) -> bool:
    if one.starts_at is None or other.starts_at is None or one.starts_at == other.starts_at:
        return False
    first, second = sorted((one, other), key=lambda price: price.starts_at or _EVER)
    return first.ends_at is None or (second.starts_at or _EVER) < first.ends_at


class _Reading:
    """Reads one row, and keeps what is wrong with it."""

    def __init__(
        self, row: Row, known: KnownPrices, mint: Callable[[], UUID], zone: tzinfo
    ) -> None:
        self._row = row
        self._known = known
        self._mint = mint
        self._zone = zone
        self.errors: list[FieldError] = []

    def price(self, *, comma: bool) -> PriceRow | None:
        """The price that the row is about, or None with `errors`."""
        variant, region = self._variant(), self._region()
        currency = self._currency(region)
        gone = not self._cell("amount")
        minor = None if gone or not currency else self._amount(currency, comma=comma)
        starts, ends = self._moment("starts_at"), self._moment("ends_at")
        if ends and (starts is None or starts >= ends):
            words = "A price ends after its beginning."
            self.errors.append(FieldError("ends_at", "invalid", words))
        if self.errors or variant is None:
            return None
        price = KnownPrice(
            id=self._mint(),
            variant_id=variant.id,
            currency=currency,
            amount=minor or 0,
            region_id=region.id if region else None,
            starts_at=starts,
            ends_at=ends,
        )
        return PriceRow(variant, price, gone)

    def _cell(self, column: str) -> str:
        return self._row.get(column).strip()

    def _variant(self) -> PricedVariant | None:
        found = self._known.variants.get(self._cell("sku").upper())
        if found is None:
            self.errors.append(FieldError("sku", "unknown_sku", "There is no such SKU."))
        return found

    def _region(self) -> PricedRegion | None:
        name = self._cell("region")
        found = self._known.regions.get(name)
        if name and found is None:
            words = "There is no region of this name."
            self.errors.append(FieldError("region", "unknown_region", words))
        return found

    def _currency(self, region: PricedRegion | None) -> str:
        currency = self._cell("currency").upper()
        if len(currency) != _LETTERS or not (currency.isascii() and currency.isalpha()):
            words = "A code of ISO 4217, such as KES."
            self.errors.append(FieldError("currency", "invalid", words))
            return ""
        if region is not None and region.currency != currency:
            words = f"This region has the currency {region.currency}."
            self.errors.append(FieldError("currency", "wrong_currency", words))
        return currency

    def _amount(self, currency: str, *, comma: bool) -> int | None:
        try:
            return amount(self._cell("amount"), currency, comma=comma).amount
        except BadCell as bad:
            self.errors.append(bad.at("amount"))
            return None

    def _moment(self, column: str) -> datetime | None:
        try:
            return moment(self._cell(column), self._zone) if self._cell(column) else None
        except BadCell as bad:
            self.errors.append(bad.at(column))
            return None


def plan_prices(
    groups: Sequence[Group],
    known: KnownPrices,
    mint: Callable[[], UUID],
    zone: tzinfo,
    *,
    comma: bool,
) -> PricePlan:
    """What these rows change. `comma`: amounts may be written with one."""
    plan = PricePlan(known, mint)
    for group in groups:
        plan.add(group, zone, comma=comma)
    return plan
