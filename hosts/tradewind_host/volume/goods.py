"""Products by number: the same seed and number make the same product, whatever was made before."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from random import Random
from typing import NamedTuple
from uuid import UUID

from tradewind.catalog.rules import handle_of
from tradewind.contracts.media import PREFIX
from tradewind.contracts.money import decimals
from tradewind_host.demo.catalog import STORES
from tradewind_host.volume.rows import (
    LevelRow,
    MovementRow,
    PriceRow,
    ProductRow,
    Row,
    ShelfRow,
    VariantRow,
)

_PER_DOLLAR: Mapping[str, int] = {
    "KES": 129,
    "UGX": 3700,
    "TZS": 2600,
    "RWF": 1400,
    "NGN": 1600,
    "JPY": 150,
    "KRW": 1380,
    "INR": 84,
    "ZAR": 18,
}
_COLORS = "Black White Red Blue Green Sand Indigo Ochre".split()
_SIZES = "S M L XL".split()
_LOOKS = (
    "Handmade Striped Carved Woven Painted Folding Everyday Heavy Light Round Narrow Embroidered "
    "Polished Rustic Padded Reversible Glazed Ribbed Quilted Brushed"
).split()
_STUFFS = (
    "Cotton Sisal Bamboo Leather Steel Clay Linen Glass Teak Wool Brass Paper Canvas Olive-Wood "
    "Soapstone Copper Banana-Fiber Enamel Silk Raffia"
).split()
_THINGS: Mapping[str, str] = {
    "Kitchen": "Kettle Ladle Tray Bowl Mug Teapot Skillet Apron Jar Colander Spoon Sufuria",
    "Home": "Basket Lamp Blanket Mirror Clock Cushion Vase Rug Curtain Stool Hammock Lantern",
    "Clothing": "Shirt Kikoi Kanga Dress Scarf Jacket Trousers Sandals Hat Belt Kitenge Shuka",
    "Travel": "Backpack Umbrella Bottle Pouch Suitcase Flask Wallet Tote",
    "Office": "Notebook Pen Folder Organizer Calendar Desk-Mat Bookend Stapler",
    "Play": "Puzzle Kite Drum Ball Marimba Doll Bao-Board Rattle",
}
_PLACES = (
    "Kericho Lamu Kisumu Nyeri Naivasha Mombasa Kitui Machakos Turkana Samburu Narok Embu Meru "
    "Malindi Nakuru Thika"
).split()
_ABOUT = (
    "Made in small numbers by people who have done it for years.",
    "Packed without plastic and checked twice before it leaves.",
    "It keeps its shape and its color, also after many washes.",
    "A gift that is used every day.",
    "Repairs are free for two years.",
    "Each piece differs a little from the next one.",
    "Crème de la crème of its kind, and not expensive.",
)
_KINDS = ("physical", "digital", "service", "pack")
_OFTEN = (90, 4, 4, 2)
_UNTOUCHABLE: Mapping[str, str] = {
    "digital": "E-Book: {thing} Making",
    "service": "{thing} Repair Visit",
    "pack": "{thing} Care Pack, 5 Visits",
}


_LIKE: Mapping[str, frozenset[str]] = {
    "Kitchen": frozenset(("kitchen",)),
    "Home": frozenset(("home", "storage")),
    "Clothing": frozenset(("clothing",)),
    "Travel": frozenset(("shoes",)),
    "Office": frozenset(("books", "paper-books")),
    "Play": frozenset(("crafts",)),
}
"""Which shelves of the demo have pictures of such things."""


class Place(NamedTuple):
    """Where goods are made for: the store's shelves, currencies, location, and the first day."""

    seed: int
    shelves: Mapping[str, UUID]
    currencies: Sequence[str]
    location: UUID
    began: datetime


class Dated:
    """Ids of version 7 for moments that are past, from a lot of their own."""

    def __init__(self, lot: Random) -> None:
        self._lot = lot

    def __call__(self, at: datetime) -> UUID:
        """An id that sorts by `at`."""
        millisecond = int(at.timestamp() * 1000)
        value = millisecond << 80 | 0x7 << 76 | self._lot.getrandbits(12) << 64
        return UUID(int=value | 0b10 << 62 | self._lot.getrandbits(62))


def shelves() -> Sequence[str]:
    """The names of the shelves that goods stand on."""
    return list(_THINGS)


def sku_of(seed: int, number: int) -> str:
    """How the SKUs of a product begin, and the whole of it where there is one."""
    return f"S{seed}-{number:06d}"


def product(place: Place, number: int) -> Iterator[Row]:
    """A product with all that belongs to it."""
    lot = Random(f"{place.seed}:product:{number}")
    at = place.began + timedelta(seconds=number)
    new_id = Dated(lot)
    product_id, shelf = new_id(at), lot.choice(shelves())
    kind = lot.choices(_KINDS, _OFTEN)[0]
    title = _title(lot, kind, shelf)
    sku = sku_of(place.seed, number)
    made = ProductRow(
        id=product_id,
        title=title,
        handle=f"{handle_of(title)}-{sku.lower()}",
        description=" ".join(lot.sample(_ABOUT, 3)),
        kind=kind,
        status="published" if lot.random() < 0.97 else "draft",
        images=[_picture(lot, shelf, title)],
        metadata={"seed": sku},
        created_at=at,
        updated_at=at,
    )
    yield made
    yield ShelfRow(category_id=place.shelves[shelf], product_id=product_id)
    dollars = Decimal(int(100 * 1.6 ** lot.uniform(1, 10))) / 100
    for position, choice in enumerate(_choices(lot, kind, sku)):
        yield from _variant(place, new_id, made, choice, position, dollars + position)


def _title(lot: Random, kind: str, shelf: str) -> str:
    thing = lot.choice(_THINGS[shelf].split()).replace("-", " ")
    if kind in _UNTOUCHABLE:
        return f"{lot.choice(_PLACES)} {_UNTOUCHABLE[kind].format(thing=thing)}"
    stuff = lot.choice(_STUFFS).replace("-", " ")
    return f"{lot.choice(_PLACES)} {lot.choice(_LOOKS)} {stuff} {thing}"


def _picture(lot: Random, shelf: str, title: str) -> str:
    """A picture of the demo's, of such a thing if there is one."""
    named = [
        path for name, path in _PICTURES if name.rpartition(" ")[2] == title.rpartition(" ")[2]
    ]
    return lot.choice(named or [path for name, path in _PICTURES if name == shelf])


def _pictures() -> Iterator[tuple[str, str]]:
    """Titles and shelves, with a picture of such a thing."""
    for plan in STORES:
        for one in plan.products:
            path = f"{PREFIX}{plan.slug}/{one.handle}.jpg"
            yield one.title, path
            yield from ((shelf, path) for shelf in _LIKE if set(one.categories) & _LIKE[shelf])


def _choices(lot: Random, kind: str, sku: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    if kind != "physical" or lot.random() < 0.5:
        yield sku, {}
        return
    color = lot.choice(_COLORS)
    for size in _SIZES[: lot.randint(2, 4)]:
        yield f"{sku}-{size}", {"Color": color, "Size": size}


def _variant(
    place: Place,
    new_id: Dated,
    of: ProductRow,
    choice: tuple[str, Mapping[str, str]],
    position: int,
    dollars: Decimal,
) -> Iterator[Row]:
    (sku, options), at = choice, of.created_at
    variant_id, tracked = new_id(at), of.kind == "physical"
    yield VariantRow(
        id=variant_id,
        product_id=of.id,
        sku=sku,
        title=" / ".join(options.values()),
        options=options,
        tracked=tracked,
        weight_grams=250 + 100 * position if tracked else None,
        position=position,
        created_at=at,
    )
    for currency in place.currencies:
        yield PriceRow(
            id=new_id(at),
            variant_id=variant_id,
            currency=currency,
            amount=amount_of(dollars, currency),
            created_at=at,
        )
    if tracked:
        on_hand = 100 + 60 * position
        yield LevelRow(
            variant_id=variant_id,
            location_id=place.location,
            sku=sku,
            on_hand=on_hand,
            updated_at=at,
        )
        yield received(new_id(at), variant_id, place.location, on_hand, at)


def received(
    movement_id: UUID, variant_id: UUID, location_id: UUID, units: int, at: datetime
) -> MovementRow:
    """Goods that came in."""
    return MovementRow(
        id=movement_id,
        variant_id=variant_id,
        location_id=location_id,
        kind="received",
        on_hand=units,
        reason="Delivery",
        actor="seed",
        created_at=at,
    )


def amount_of(dollars: Decimal, currency: str) -> int:
    """About so many dollars in minor units, round in the way prices are."""
    major = dollars * _PER_DOLLAR.get(currency, 1)
    minor = int(major.scaleb(decimals(currency)).quantize(Decimal(1), ROUND_HALF_UP))
    step: int = 10 ** max(len(str(minor)) - 2, 0)
    return max(minor // step * step, 1)


_PICTURES = list(_pictures())
