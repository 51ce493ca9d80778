"""Looking around: categories, products, a product, its options, and search."""

from collections.abc import Sequence
from urllib.parse import urljoin
from uuid import UUID

from tradewind.catalog import service as catalog
from tradewind.catalog.rules import Category, Page, Product, Variant
from tradewind.contracts.channel import Button, Card, Menu, Row, Section
from tradewind.contracts.errors import NotFound
from tradewind.contracts.money import Money
from tradewind.conversations.rules import Answer, Tap, fit_lines, tap
from tradewind.conversations.script.turn import Turn, paged
from tradewind.media.rules import for_channel
from tradewind.messaging.rules import clip, width

LONGEST_QUERY = 60
LONGEST_DESCRIPTION = 600
FEW = 5


async def categories(turn: Turn, page: int = 0) -> Answer:
    """The shelves of the store; without any, everything it has."""
    shelves = [one for one in await catalog.list_categories(turn.tx) if one.products]
    if not shelves:
        return await everything(turn, "")
    rows = [_category_row(turn, one) for one in _shown(shelves, turn.page_rows - 1)]
    rows.append(Row(tap("all", ""), turn.words("row.all")))
    rows = paged(rows, page, turn.page_rows, lambda n: _more(turn, "menu", n))
    if not rows:
        raise NotFound("There is no such page.")
    return turn.menu(turn.words("browse.categories"), "label.categories", rows)


def _shown(shelves: Sequence[Category], most: int) -> Sequence[Category]:
    """All shelves where one page holds them, each after the one it belongs to; else the top."""
    ids = {one.id for one in shelves}
    top = [one for one in shelves if one.parent_id not in ids]
    if len(shelves) > most:
        return top
    ordered: list[Category] = []
    _place(top, shelves, ordered)
    return ordered


def _place(level: Sequence[Category], all_: Sequence[Category], ordered: list[Category]) -> None:
    for one in level:
        ordered.append(one)
        _place([child for child in all_ if child.parent_id == one.id], all_, ordered)


def _category_row(turn: Turn, one: Category) -> Row:
    count = turn.words.count("browse.products_count", one.products)
    return Row(tap("in", one.id, ""), one.name, _described(turn, one.name, count))


async def everything(turn: Turn, cursor: str) -> Answer:
    """All products, page by page."""
    page = await _products(turn, cursor=cursor)
    return _listing(turn, turn.words("row.all"), page, "all")


async def category(turn: Turn, shelf: Tap) -> Answer:
    """The products on one shelf and on those below it."""
    page = await _products(turn, category_id=shelf.id, cursor=shelf.cursor)
    names = {one.id: one.name for item in page.items for one in item.categories}
    title = names.get(shelf.id) or turn.words("browse.section_products")
    return _listing(turn, title, page, "in", shelf.id)


async def search(turn: Turn, query: str, cursor: str = "") -> Answer | None:
    """What sounds like `query`; a single product is shown at once. None when nothing does."""
    words = query[:LONGEST_QUERY].strip()
    page = await _products(turn, query=words, cursor=cursor)
    if not page.items:
        return None
    if len(page.items) == 1 and not cursor:
        return _card(turn, page.items[0])
    rows = [_product_row(turn, one) for one in page.items]
    if page.next_cursor is not None:
        rows.append(Row(tap("find", page.next_cursor, words), turn.words("row.more")))
    return turn.menu(turn.words("browse.found", query=words), "label.products", rows)


def not_found(turn: Turn, query: str) -> Answer:
    """Nothing sounds like it."""
    text = turn.words("browse.not_found", query=clip(query, LONGEST_QUERY))
    return turn.choice(text, turn.button("browse", "menu", 0), turn.button("help", "help"))


async def more_found(turn: Turn, found: Tap) -> Answer:
    """The next page of a search."""
    answer = await search(turn, found.text, found.cursor)
    if answer is None:
        raise NotFound("There is nothing more.")
    return answer


async def product(turn: Turn, product_id: UUID) -> Answer:
    """A product with its picture and what can be done with it. Raises NotFound."""
    return _card(turn, await _product(turn, product_id))


async def options(turn: Turn, product_id: UUID, page: int = 0) -> Answer:
    """The variants of a product, to choose from. Raises NotFound."""
    item = await _product(turn, product_id)
    rows = [
        Row(
            tap("v", item.id, one.id),
            one.title or one.sku,
            _described(turn, one.title, _price_and_stock(turn, one)),
        )
        for one in item.variants
    ]
    rows = paged(rows, page, turn.page_rows, lambda n: _more(turn, "options", item.id, n))
    if not rows:
        raise NotFound("There is no such page.")
    text = turn.words("browse.options", title=item.title)
    return turn.menu(text, "label.options", rows)


async def variant(turn: Turn, product_id: UUID, variant_id: UUID) -> Answer:
    """One variant of a product, ready for the cart. Raises NotFound."""
    item = await _product(turn, product_id)
    one = next((one for one in item.variants if one.id == variant_id), None)
    if one is None:
        raise NotFound("There is no such variant.")
    return _variant_card(turn, item, one)


async def _product(turn: Turn, product_id: UUID) -> Product:
    return await catalog.get_product(turn.tx, str(product_id), currency=turn.currency)


async def _products(
    turn: Turn, *, query: str | None = None, category_id: UUID | None = None, cursor: str = ""
) -> Page[Product]:
    return await catalog.list_products(
        turn.tx,
        currency=turn.currency,
        query=query,
        category_id=category_id,
        limit=turn.page_rows - 1,
        cursor=cursor or None,
    )


def _listing(
    turn: Turn, title: str, page: Page[Product], kind: str, *arguments: UUID | str
) -> Answer:
    if not page.items:
        return turn.choice(turn.words("browse.none"), turn.button("browse", "menu", 0))
    rows = [_product_row(turn, one) for one in page.items]
    if page.next_cursor is not None:
        rows.append(Row(tap(kind, *arguments, page.next_cursor), turn.words("row.more")))
    body = Menu(
        text=turn.words("browse.products", title=title),
        label=turn.words("label.products"),
        sections=[Section(title, rows)],
        footer=turn.words("footer.browse"),
    )
    return turn.answer(body)


def _more(turn: Turn, kind: str, *arguments: UUID | int) -> Row:
    return Row(tap(kind, *arguments), turn.words("row.more"))


def _product_row(turn: Turn, item: Product) -> Row:
    return Row(tap("p", item.id), item.title, _described(turn, item.title, _price(turn, item)))


def _described(turn: Turn, title: str, details: str) -> str:
    """The details of a row, and its title once more where the row can show only part of it."""
    limits = turn.talk.capabilities
    if width(title) <= limits.row_title_length:
        return details
    return clip(f"{details} · {title}", limits.row_description_length or 72)


def _price(turn: Turn, item: Product) -> str:
    prices = [one.price for one in item.variants if one.price is not None]
    if not prices:
        return turn.words("stock.no_price")
    least = min(prices, key=lambda price: price.amount)
    if all(price == least for price in prices):
        text = least.text()
    else:
        text = turn.words("browse.from", price=least.text())
    if not any(_sellable(one) for one in item.variants):
        return f"{text} · {turn.words('stock.sold_out')}"
    return text


def _price_and_stock(turn: Turn, one: Variant) -> str:
    if one.price is None:
        return turn.words("stock.no_price")
    return f"{one.price.text()} · {_stock(turn, one)}"


def _stock(turn: Turn, one: Variant) -> str:
    if one.available is None or one.available > FEW:
        return turn.words("stock.available")
    if one.available > 0:
        return turn.words.count("stock.few", one.available)
    return turn.words("stock.backorder" if one.backorder else "stock.sold_out")


def _sellable(one: Variant) -> bool:
    in_stock = one.available is None or one.available > 0 or one.backorder
    return one.price is not None and in_stock


def _card(turn: Turn, item: Product) -> Answer:
    if len(item.variants) == 1:
        return _variant_card(turn, item, item.variants[0])
    words = turn.words
    head = [item.title, "", clip(item.description, LONGEST_DESCRIPTION), ""]
    lines = [
        words("browse.option", title=one.title or one.sku, price=one.price.text(), sku=one.sku)
        for one in item.variants
        if one.price is not None
    ]
    room = turn.body_limit - width("\n".join(head)) - 1
    text = "\n".join([*head, *fit_lines(lines, room, words.raw("browse.more_options"))])
    buttons = [turn.button("options", "options", item.id, 0)] if item.variants else []
    return _show(turn, text, buttons, next(iter(item.images), None))


def _variant_card(turn: Turn, item: Product, one: Variant) -> Answer:
    words = turn.words
    price = _amount(turn, one.price)
    title = f"{item.title}, {one.title}" if one.title else item.title
    about = clip(item.description, LONGEST_DESCRIPTION)
    details = [price, _stock(turn, one), words("browse.item", sku=one.sku)]
    text = "\n\n".join(part for part in (title, about, "\n".join(details)) if part)
    buttons = [turn.button("add", "add", 1, one.sku)] if _sellable(one) else []
    return _show(turn, text, buttons, one.image or next(iter(item.images), None))


def _amount(turn: Turn, price: Money | None) -> str:
    if price is None:
        return turn.words("stock.no_price")
    return turn.words("browse.price", price=price.text())


def _show(turn: Turn, text: str, buttons: Sequence[Button], image: str | None) -> Answer:
    card = Card(
        text=clip(text, turn.body_limit),
        buttons=[*buttons, turn.button("cart", "cart"), turn.button("menu", "menu", 0)],
        image_url=urljoin(turn.engine.public_url + "/", for_channel(image)) if image else None,
    )
    return turn.answer(card)
