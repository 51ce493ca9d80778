"""What a batch of products changes, worked out before anything is written."""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from uuid import UUID

import msgspec

from tradewind.bulk.rules.batches import Group
from tradewind.bulk.rules.merging import (
    KnownProduct,
    KnownVariant,
    check,
    foreign_prices,
    merged,
    merged_variant,
    variant_of,
    with_own_pictures,
)
from tradewind.bulk.rules.products import ProductRows, VariantRow, read_product
from tradewind.bulk.rules.runs import Counts, Outcome, RowError
from tradewind.bulk.rules.shelves import Shelves
from tradewind.catalog.rules import NewProduct, Option, settled

Mint = Callable[[], UUID]


class Known(msgspec.Struct, frozen=True):
    """What is stored of what a batch names: products by handle, owners by upper-case SKU.

    `copies` are our own of pictures of other hosts, by the addresses there; the store sells in
    `currencies`.
    """

    products: Mapping[str, KnownProduct]
    owners: Mapping[str, UUID]
    copies: Mapping[str, str] = {}
    currencies: AbstractSet[str] = frozenset()


class ProductWrite(msgspec.Struct, frozen=True, kw_only=True):
    """A product to be written whole."""

    id: UUID
    handle: str
    title: str
    description: str
    kind: str
    status: str
    images: Sequence[str]
    options: Sequence[Option]


class PriceWrite(msgspec.Struct, frozen=True, kw_only=True):
    """A plain price to be set."""

    id: UUID
    variant_id: UUID
    currency: str
    amount: int


class VariantWrite(msgspec.Struct, frozen=True, kw_only=True):
    """A variant to be written whole."""

    id: UUID
    product_id: UUID
    sku: str
    title: str
    options: Mapping[str, str]
    tax_class: str
    tracked: bool
    weight_grams: int | None
    position: int
    image: str | None


class ShelvesOf(msgspec.Struct, frozen=True):
    """The categories that a product is in, and no others."""

    product_id: UUID
    category_ids: Sequence[UUID]


class ProductPlan:
    """Everything that a batch of products comes to."""

    def __init__(self, known: Known, shelves: Shelves, mint: Mint) -> None:
        self._known = known
        self._mint = mint
        self.shelves = shelves
        self.counts = Counts()
        self.errors: list[RowError] = []
        self.created: list[ProductWrite] = []
        self.changed: list[ProductWrite] = []
        self.variants: list[VariantWrite] = []
        self.prices: list[PriceWrite] = []
        self.placed: list[ShelvesOf] = []
        self.touched: list[UUID] = []

    @property
    def outcome(self) -> Outcome:
        """What became of the rows."""
        return Outcome(self.counts, self.errors)

    @property
    def pictures(self) -> list[tuple[UUID, str | None]]:
        """What the products that it writes are shown by."""
        named = [(one.id, image) for one in (*self.created, *self.changed) for image in one.images]
        return [*named, *((one.product_id, one.image) for one in self.variants)]

    @property
    def recounts(self) -> bool:
        """Whether a product that carts may hold could count otherwise for taxes and promotions."""
        new = {one.id for one in self.created}
        parts = {one.product_id for one in self.variants}
        parts.update(one.product_id for one in self.placed)
        return bool(self.changed) or not parts <= new

    def add(self, size: int, rows: ProductRows | list[RowError]) -> None:
        """Plan the rows of one product; with an error they are refused, all `size` of them."""
        old = None if isinstance(rows, list) else self._known.products.get(rows.handle)
        errors = self._wrong(rows, old)
        if errors or isinstance(rows, list):
            self.errors += errors
            self.counts += Counts(refused=size)
            return
        rows = with_own_pictures(rows, self._known.copies)
        product = merged(rows, old)
        product_id = old.id if old else self._mint()
        outcomes = [self._variant(product_id, product, old, row) for row in rows.variants]
        outcomes = outcomes or ["unchanged"]
        if self._product(product_id, product, old, rows, outcomes):
            outcomes[0] = "changed" if outcomes[0] == "unchanged" else outcomes[0]
        if old is None:
            outcomes = ["created"] * len(outcomes)
        self.counts += Counts(
            outcomes.count("created"), outcomes.count("changed"), outcomes.count("unchanged")
        )

    def _wrong(
        self, rows: ProductRows | list[RowError], old: KnownProduct | None
    ) -> list[RowError]:
        if isinstance(rows, list):
            return rows
        foreign = foreign_prices(rows, old, self._known.currencies)
        return [*check(rows, old, self._known.owners), *foreign]

    def _variant(
        self, product_id: UUID, product: NewProduct, old: KnownProduct | None, row: VariantRow
    ) -> str:
        known = variant_of(old, row.sku)
        wanted = merged_variant(row, known)
        position = known.position if known else self._behind(product_id, old)
        whole = settled(wanted, known.id if known else self._mint(), product.kind, position)
        variant = VariantWrite(
            id=whole.id,
            product_id=product_id,
            sku=whole.sku,
            title=whole.title,
            options=whole.options,
            tax_class=whole.tax_class,
            tracked=whole.tracked,
            weight_grams=whole.weight_grams,
            position=whole.position,
            image=whole.image,
        )
        before = known.prices if known else {}
        prices = [
            PriceWrite(
                id=self._mint(),
                variant_id=variant.id,
                currency=price.currency,
                amount=price.amount,
            )
            for price in wanted.prices
            if before.get(price.currency) != price.amount
        ]
        self.prices += prices
        if known is None or _differs(known, variant):
            self.variants.append(variant)
            return "created" if known is None else "changed"
        return "changed" if prices else "unchanged"

    def _behind(self, product_id: UUID, old: KnownProduct | None) -> int:
        """The place behind the variants that there are and that the plan has added."""
        taken = [one.position for one in (old.variants if old else ())]
        taken += [one.position for one in self.variants[-1:] if one.product_id == product_id]
        return max(taken, default=-1) + 1

    def _product(
        self,
        product_id: UUID,
        product: NewProduct,
        old: KnownProduct | None,
        rows: ProductRows,
        outcomes: Sequence[str],
    ) -> bool:
        """Plan the product itself; says whether it changes beyond its variants."""
        category_ids, moved = self._categories(old, rows)
        write = ProductWrite(
            id=product_id,
            handle=product.handle or "",
            title=product.title,
            description=product.description,
            kind=product.kind,
            status=product.status,
            images=product.images,
            options=product.options,
        )
        differs = old is None or _product_differs(old, write)
        if not (differs or moved or set(outcomes) != {"unchanged"}):
            return False
        (self.created if old is None else self.changed).append(write)
        if moved:
            self.placed.append(ShelvesOf(product_id, category_ids))
        self.touched.append(product_id)
        return differs or moved

    def _categories(
        self, old: KnownProduct | None, rows: ProductRows
    ) -> tuple[Sequence[UUID], bool]:
        """Where the product stands then, and whether that is a change."""
        before = self.shelves.standing(old.categories) if old else []
        if rows.categories is None:
            return before, False
        if set(rows.categories) == {self.shelves.path(one) for one in before}:
            return before, False
        return list(dict.fromkeys(map(self.shelves.find, rows.categories))), True


def plan_products(
    groups: Sequence[Group], known: Known, shelves: Shelves, mint: Mint, *, comma: bool
) -> ProductPlan:
    """What these rows change. `comma`: amounts may be written with one."""
    plan = ProductPlan(known, shelves, mint)
    for group in groups:
        plan.add(group.size, read_product(group, comma=comma))
    return plan


def _differs(known: KnownVariant, wanted: VariantWrite) -> bool:
    options = {name: value for name, value in known.options.items() if value}
    return known.archived or (
        (known.sku, known.title, options, known.tax_class, known.tracked)
        != (wanted.sku, wanted.title, wanted.options, wanted.tax_class, wanted.tracked)
        or (known.weight_grams, known.image) != (wanted.weight_grams, wanted.image)
    )


def _product_differs(old: KnownProduct, new: ProductWrite) -> bool:
    before = (old.title, old.description, old.kind, old.status, old.images, old.options)
    after = (new.title, new.description, new.kind, new.status, list(new.images), list(new.options))
    return before != after
