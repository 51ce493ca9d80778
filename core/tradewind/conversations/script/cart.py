"""The cart: putting in, taking out, looking, changing."""

from collections.abc import Sequence
from uuid import UUID

from tradewind.carts import service as carts
from tradewind.carts.rules import Cart, CartLine
from tradewind.catalog import service as catalog
from tradewind.contracts.channel import Button, OrderContent, OrderItem, Row
from tradewind.contracts.errors import InvalidInput, NotFound, OutOfStock, Refusal
from tradewind.conversations.rules import Answer, Command, Tap, clean, fit_lines, tap
from tradewind.conversations.rules.commands import LARGEST_QUANTITY
from tradewind.conversations.script import figures
from tradewind.conversations.script.turn import Turn, paged
from tradewind.inventory import service as inventory
from tradewind.messaging.rules import width

MOST_ITEMS = 30
LONGEST_SKU = 64


async def show(turn: Turn, note: str = "") -> Answer:
    """The cart as it stands, below `note`."""
    return await summary(turn, await carts.cart_of_session(turn.tx, turn.talk.session_id), note)


async def summary(turn: Turn, cart: Cart | None, note: str = "") -> Answer:
    """A cart with what can be done with it."""
    if cart is None or not cart.lines:
        text = "\n\n".join(part for part in (note, turn.words("cart.empty")) if part)
        return turn.choice(text, turn.button("browse", "menu", 0))
    cart = await figures.priced(turn, cart)
    others = [turn.button("change", "edit", 0), turn.button("menu", "menu", 0)]
    if figures.offers_credits(cart):
        others = [turn.button("use_credits", "credits", 1), others[0]]
    text = cart_text(turn, cart, note)
    return turn.choice(text, turn.button("checkout", "checkout"), *others)


def cart_text(turn: Turn, cart: Cart, note: str = "") -> str:
    """A cart in words: as many lines as fit, and the subtotal; of one with codes, every figure."""
    words = turn.words
    units = sum(line.quantity for line in cart.lines)
    subtotal = words("cart.subtotal", amount=words.money(cart.subtotal, cart.currency))
    sums = figures.lines(turn, cart) if figures.told(cart) else [subtotal]
    tail = ["", *sums, *figures.remarks(turn, cart)]
    head = [*([note, ""] if note else []), words.count("cart.title", units)]
    room = turn.body_limit - width("\n".join([*head, *tail])) - 1
    lines = [line_text(turn, cart, line) for line in cart.lines]
    return "\n".join([*head, *fit_lines(lines, room, words.raw("cart.more")), *tail])


def line_text(turn: Turn, cart: Cart, line: CartLine) -> str:
    """One line of a cart in words."""
    if not line.sellable:
        return turn.words("cart.gone", title=line.title)
    total = turn.words.money(line.subtotal, cart.currency)
    return turn.words("cart.line", quantity=line.quantity, title=line.title, total=total)


async def add(turn: Turn, command: Command) -> Answer:
    """Put items in the cart, or say why that cannot be."""
    if command.items:
        return await _filled(turn, command.items)
    if command.wrong:
        return _misused(turn, command)
    try:
        cart = await carts.add_sku(turn.tx, turn.new_cart(), command.sku, command.quantity)
    except OutOfStock as shortage:
        return turn.choice(short(turn, shortage), *_after_refusal(turn))
    except NotFound:
        return await _unknown(turn, command)
    except InvalidInput:
        return _how_many(turn, command)
    return _added(turn, await figures.priced(turn, cart), command)


async def add_tapped(turn: Turn, tapped: Tap) -> Answer:
    """The button below a product."""
    return await add(turn, Command(name="add", sku=tapped.text, quantity=tapped.number))


def _misused(turn: Turn, command: Command) -> Answer:
    if command.wrong == "no_sku":
        return turn.choice(turn.words("cart.usage_add"), turn.button("browse", "menu", 0))
    return _how_many(turn, command)


def _how_many(turn: Turn, command: Command) -> Answer:
    text = turn.words("cart.usage_quantity", sku=command.sku, most=LARGEST_QUANTITY)
    return turn.choice(text, turn.button("cart", "cart"))


def _added(turn: Turn, cart: Cart, command: Command) -> Answer:
    line = next((one for one in cart.lines if one.sku.upper() == command.sku.upper()), None)
    title = line.title if line else command.sku
    note = turn.words("cart.added", quantity=command.quantity, title=title)
    return turn.choice(
        cart_text(turn, cart, note),
        turn.button("checkout", "checkout"),
        turn.button("keep_shopping", "menu", 0),
        turn.button("cart", "cart"),
    )


def short(turn: Turn, shortage: OutOfStock) -> str:
    """How many are left of what was asked for."""
    if shortage.left <= 0:
        return turn.words("cart.left_none", sku=shortage.sku)
    return turn.words.count("cart.left", shortage.left, sku=shortage.sku)


def _after_refusal(turn: Turn) -> list[Button]:
    return [turn.button("cart", "cart"), turn.button("browse", "menu", 0)]


async def _unknown(turn: Turn, command: Command) -> Answer:
    text = turn.words("cart.unknown", sku=command.sku)
    near = await catalog.similar_skus(turn.tx, command.sku)
    if not near:
        return turn.choice(text, turn.button("browse", "menu", 0), turn.button("help", "help"))
    listed = "\n".join(f"ADD {sku} {command.quantity}" for sku in near)
    buttons = [Button(tap("add", command.quantity, sku), sku) for sku in near]
    return turn.choice(f"{text} {turn.words('cart.similar')}\n\n{listed}", *buttons)


async def remove(turn: Turn, command: Command) -> Answer:
    """Take items out of the cart, the whole line without a quantity."""
    if command.wrong:
        return turn.choice(turn.words("cart.usage_remove"), turn.button("cart", "cart"))
    cart = await carts.cart_of_session(turn.tx, turn.talk.session_id)
    line = _line_of_sku(cart, command.sku)
    if cart is None or line is None:
        return await summary(turn, cart, turn.words("cart.not_in", sku=command.sku))
    left = max(line.quantity - command.quantity, 0) if command.quantity else 0
    return await _set(turn, cart, line, left)


def _line_of_sku(cart: Cart | None, sku: str) -> CartLine | None:
    lines = cart.lines if cart else ()
    return next((line for line in lines if line.sku.upper() == sku.upper()), None)


async def edit(turn: Turn, page: int = 0) -> Answer:
    """The lines of the cart, to choose one that shall change."""
    cart = await carts.cart_of_session(turn.tx, turn.talk.session_id)
    if cart is None or not cart.lines:
        return await summary(turn, cart)
    rows = [_line_row(turn, cart, line) for line in cart.lines]
    rows += _saving_rows(turn, cart)
    rows.append(Row(tap("clear"), turn.words("row.clear")))
    more = turn.words("row.more")
    rows = paged(rows, page, turn.page_rows, lambda n: Row(tap("edit", n), more))
    if not rows:
        return await summary(turn, cart)
    return turn.menu(turn.words("cart.which"), "label.lines", rows)


def _saving_rows(turn: Turn, cart: Cart) -> list[Row]:
    """What takes codes and credits off again."""
    words = turn.words
    rows = [Row(tap("code_off", one), words("row.code_off", code=one)) for one in cart.codes]
    if cart.credits_wanted:
        rows.append(Row(tap("credits", 0), words("row.credits_off")))
    return rows


def _line_row(turn: Turn, cart: Cart, line: CartLine) -> Row:
    price = turn.words.money(line.unit_price, cart.currency)
    each = turn.words("cart.each", quantity=line.quantity, price=price)
    return Row(tap("line", line.id), line.title, f"{each} · {line.sku}")


async def line(turn: Turn, line_id: UUID) -> Answer:
    """What can be done with one line."""
    cart, found = await _line(turn, line_id)
    total = turn.words.money(found.subtotal, cart.currency)
    text = turn.words(
        "cart.line_actions",
        quantity=found.quantity,
        title=found.title,
        total=total,
        sku=found.sku,
    )
    return turn.choice(
        text,
        turn.button("one_more", "more", found.id),
        turn.button("one_less", "less", found.id),
        turn.button("remove", "drop", found.id),
    )


async def change(turn: Turn, line_id: UUID, by: int) -> Answer:
    """One more or one less of a line."""
    cart, found = await _line(turn, line_id)
    return await _set(turn, cart, found, found.quantity + by)


async def drop(turn: Turn, line_id: UUID) -> Answer:
    """Take a line out."""
    cart, found = await _line(turn, line_id)
    return await _set(turn, cart, found, 0)


async def clear(turn: Turn) -> Answer:
    """Take everything out."""
    cart = await carts.cart_of_session(turn.tx, turn.talk.session_id)
    if cart is not None and cart.lines:
        await carts.clear(turn.tx, cart)
        await inventory.release_holds(turn.tx, cart.id)
    turn.state.cart = None
    return turn.choice(turn.words("cart.cleared"), turn.button("browse", "menu", 0))


async def _line(turn: Turn, line_id: UUID) -> tuple[Cart, CartLine]:
    cart = await carts.cart_of_session(turn.tx, turn.talk.session_id)
    for found in cart.lines if cart else ():
        if cart is not None and found.id == line_id:
            return cart, found
    raise NotFound("There is no such line.")


async def _set(turn: Turn, cart: Cart, line: CartLine, quantity: int) -> Answer:
    try:
        changed = await carts.set_quantity(turn.tx, cart, line.id, quantity)
    except OutOfStock as shortage:
        return await summary(turn, cart, short(turn, shortage))
    key = "cart.changed" if quantity else "cart.removed"
    return await summary(turn, changed, turn.words(key, quantity=quantity, title=line.title))


async def catalog_order(turn: Turn, order: OrderContent) -> Answer:
    """A cart that was filled in the channel's own catalog, at our prices."""
    return await _filled(turn, order.items)


async def _filled(turn: Turn, items: Sequence[OrderItem]) -> Answer:
    """The cart with items that were chosen elsewhere, and what of them cannot be had."""
    wanted: dict[str, int] = {}
    for item in items[:MOST_ITEMS]:
        sku = clean(item.sku)[:LONGEST_SKU].upper()
        wanted[sku] = wanted.get(sku, 0) + item.quantity
    refused: list[str] = []
    cart: Cart | None = None
    for sku, quantity in wanted.items():
        try:
            cart = await carts.add_sku(turn.tx, turn.new_cart(), sku, quantity)
        except OutOfStock as shortage:
            refused.append(short(turn, shortage))
        except Refusal:
            refused.append(turn.words("cart.unknown", sku=sku))
    note = "\n".join(refused)
    return await show(turn, note) if cart is None else await summary(turn, cart, note)
