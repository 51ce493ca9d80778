"""The demo's merchandise keeps the promises that the first purchase in every store relies on."""

import io
import re
from collections import Counter
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from PIL import Image, ImageStat

from tradewind_host.demo.catalog import STORES, DemoProduct, DemoStore, DemoVariant
from tradewind_host.demo.motifs import motif_for
from tradewind_host.demo.pictures import draw

SKU = re.compile(r"[A-Z0-9]+(-[A-Z0-9]+)*")
HANDLE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
TWO_SENTENCES = re.compile(r"[A-Z][^.!?]*\. [A-Z][^!?]*\.")
LIST_ROWS = 10
LIST_ROW_TITLE = 24

every_store = pytest.mark.parametrize("store", STORES, ids=lambda store: store.slug)
every_product = pytest.mark.parametrize(
    "product",
    [
        pytest.param(product, id=f"{store.slug}-{product.handle}")
        for store in STORES
        for product in store.products
    ],
)


def variants(store: DemoStore) -> list[DemoVariant]:
    return [variant for product in store.products for variant in product.variants]


def test_there_are_a_kenyan_and_an_american_store() -> None:
    facts = [
        (s.slug, s.currency, s.country, s.region_name, s.tax_rate_percent, s.tax_inclusive)
        for s in STORES
    ]
    assert facts == [
        ("demo", "KES", "ke", "Kenya", "16", True),
        ("second", "USD", "us", "United States", "8.875", False),
    ]


def test_each_store_lives_in_its_own_time_zone() -> None:
    assert [ZoneInfo(store.timezone).key for store in STORES] == [
        "Africa/Nairobi",
        "America/New_York",
    ]


@every_store
def test_a_store_has_more_products_than_two_pages_show(store: DemoStore) -> None:
    assert len(store.products) >= 44


@every_store
def test_the_first_forty_variants_are_physical_tracked_plentiful_and_never_back_ordered(
    store: DemoStore,
) -> None:
    listed = ((p.kind, v) for p in store.products for v in p.variants)
    first = list(islice(listed, 40))
    assert len(first) == 40
    for kind, variant in first:
        assert kind == "physical"
        assert variant.tracked
        assert not variant.backorder
        assert variant.on_hand is not None
        assert variant.on_hand >= 100, variant.sku


@every_store
def test_scarce_and_uncounted_goods_stand_after_everything_plentiful(store: DemoStore) -> None:
    plentiful = [
        all(v.on_hand is not None and v.on_hand >= 100 and not v.backorder for v in p.variants)
        for p in store.products
    ]
    assert plentiful == sorted(plentiful, reverse=True)


@every_store
def test_the_catalog_ends_with_one_of_every_special_case(store: DemoStore) -> None:
    kinds = Counter(product.kind for product in store.products)
    assert set(kinds) == {"physical", "digital", "service", "pack"}
    stocks = variants(store)
    assert any(v.on_hand == 0 and not v.backorder for v in stocks)
    assert any(v.on_hand is not None and 0 < v.on_hand < 10 for v in stocks)
    assert any(v.backorder for v in stocks)


@every_store
def test_skus_are_unique_and_easy_to_type(store: DemoStore) -> None:
    skus = [variant.sku for variant in variants(store)]
    assert len(set(skus)) == len(skus)
    assert [sku for sku in skus if not SKU.fullmatch(sku) or len(sku) > 20] == []


def test_the_stores_share_a_few_skus_but_mostly_differ() -> None:
    ours, theirs = ({variant.sku for variant in variants(store)} for store in STORES)
    assert 4 <= len(ours & theirs) <= 12
    assert {"MUG-BLU", "TEA-500"} <= ours & theirs


@every_store
def test_titles_and_handles_are_unique(store: DemoStore) -> None:
    for names in zip(*((p.title, p.handle) for p in store.products), strict=True):
        assert len(set(names)) == len(names)


@every_store
def test_categories_fit_one_list_message_and_their_parents_exist(store: DemoStore) -> None:
    handles = [category.handle for category in store.categories]
    parents = {category.parent for category in store.categories} - {None}
    assert 6 <= len(set(handles)) == len(handles) < LIST_ROWS
    assert parents
    assert parents <= set(handles)
    assert all(len(category.name) <= LIST_ROW_TITLE for category in store.categories)


@every_store
def test_no_category_is_empty(store: DemoStore) -> None:
    used = {handle for product in store.products for handle in product.categories}
    assert used == {category.handle for category in store.categories}


@every_store
def test_a_product_stands_in_its_category_and_in_that_categorys_parent(store: DemoStore) -> None:
    parents = {category.handle: category.parent for category in store.categories}
    for product in store.products:
        leaf = product.categories[0]
        assert product.categories[1:] == ((parents[leaf],) if parents[leaf] else ())


@every_product
def test_a_product_can_be_read_and_found(product: DemoProduct) -> None:
    assert len(product.title) <= 60
    assert HANDLE.fullmatch(product.handle)
    assert TWO_SENTENCES.fullmatch(product.description)


@every_product
def test_a_products_variants_are_told_apart_by_their_options(product: DemoProduct) -> None:
    names = [option.name for option in product.options]
    assert all(list(variant.options) == names for variant in product.variants)
    chosen = [variant.title for variant in product.variants]
    assert len(set(chosen)) == len(chosen) >= 1
    for option in product.options:
        assert {variant.options[option.name] for variant in product.variants} == set(option.values)


@every_store
def test_prices_are_positive_whole_minor_units(store: DemoStore) -> None:
    prices = [variant.price for variant in variants(store)]
    assert all(type(price) is int and price > 0 for price in prices)


@every_store
def test_stock_is_counted_for_physical_goods_alone(store: DemoStore) -> None:
    for product in store.products:
        assert all(v.tracked == (product.kind == "physical") for v in product.variants)


def test_shilling_prices_have_no_cents() -> None:
    kenya = STORES[0]
    amounts = [v.price for v in variants(kenya)] + [s.price for s in kenya.shipping_options]
    assert all(amount % 100 == 0 for amount in amounts)


@every_store
def test_a_store_delivers_for_a_price_and_hands_over_for_free(store: DemoStore) -> None:
    prices = [option.price for option in store.shipping_options]
    assert all(type(price) is int for price in prices)
    assert min(prices) == 0 < max(prices)


@every_store
def test_all_that_is_sent_has_a_weight(store: DemoStore) -> None:
    sent = {one.categories[0] for one in store.products if one.kind == "physical"}
    assert {store.weights[handle] > 0 for handle in sorted(sent)} == {True}
    for way in store.shipping_options:
        assert [grams for grams, _ in way.heavier] == sorted({grams for grams, _ in way.heavier})


@every_product
def test_every_product_has_a_small_square_picture(product: DemoProduct) -> None:
    jpeg = draw(product.title, product.handle, product.categories[0])
    assert len(jpeg) <= 60 * 1024
    with Image.open(io.BytesIO(jpeg)) as picture:
        picture.load()
        assert (picture.format, picture.mode, picture.size) == ("JPEG", "RGB", (640, 640))
        assert max(ImageStat.Stat(picture).stddev) > 15


def test_a_picture_is_the_same_every_time_and_differs_between_products() -> None:
    once = draw("Enamel Mug", "enamel-mug", "home")
    assert once == draw("Enamel Mug", "enamel-mug", "home")
    assert once != draw("Enamel Mugs", "enamel-mug", "home")
    assert once != draw("Enamel Mug", "stoneware-mug", "home")


def test_a_picture_has_the_size_that_was_asked_for() -> None:
    with Image.open(io.BytesIO(draw("Enamel Mug", "enamel-mug", "home", size=200))) as picture:
        assert picture.size == (200, 200)


@pytest.mark.parametrize(
    ("title", "category", "same_as"),
    [
        ("Striped Tea Towels, Pair", "coffee-bar", "towel"),
        ("Coffee Pack, 6 Bags", "coffee-bar", "coffee"),
        ("Terracotta Plant Pot", "garden", "planter"),
        ("Coast Recipes E-Book", "books", "e-book"),
        ("Something New", "tea-coffee", "coffee"),
    ],
)
def test_the_last_thing_a_title_names_chooses_the_drawing(
    title: str, category: str, same_as: str
) -> None:
    assert motif_for(title, category) is motif_for(same_as, "")


def test_a_product_that_nothing_describes_is_drawn_as_a_gift() -> None:
    gift = motif_for("Surprise", "mystery")
    assert gift is motif_for("Unknown", "")
    assert gift is not motif_for("mug", "")


def test_no_demo_product_is_left_with_the_gift() -> None:
    gift = motif_for("Surprise", "mystery")
    products = [product for store in STORES for product in store.products]
    assert [p.title for p in products if motif_for(p.title, p.categories[0]) is gift] == []
