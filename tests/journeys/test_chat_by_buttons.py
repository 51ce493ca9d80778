"""A shopper who taps: from the first word to a placed order."""

from typing import Any

from tests.support.shop import AMINA, Shop, titles, words


async def tapped(shop: Shop, *path: str) -> dict[str, Any]:
    """Tap one after another; each tap gets one message, the last one is returned."""
    answers: list[dict[str, Any]] = []
    for title in path:
        await shop.hears(AMINA)
        await shop.taps(AMINA, title)
        answers = await shop.hears(AMINA)
        assert len(answers) == 1, (title, [words(answer) for answer in answers])
    return answers[0]


async def test_the_first_words_get_one_answer_with_three_buttons(shop: Shop) -> None:
    await shop.says(AMINA, "hi")
    (answer,) = await shop.hears(AMINA)
    assert answer["interactive"]["type"] == "button"
    assert "Welcome to Demo" in words(answer)
    assert titles(answer) == ["Browse products", "View cart", "Help"]


async def test_help_as_the_first_words_gets_help_and_nothing_else(shop: Shop) -> None:
    await shop.says(AMINA, "HELP")
    (answer,) = await shop.hears(AMINA)
    for command in "ADD REMOVE CART CHECKOUT STATUS TRACK STOP START MENU".split():
        assert command in words(answer)


async def test_categories_and_products_are_lists(shop: Shop) -> None:
    await shop.says(AMINA, "hi")
    shelves = await tapped(shop, "Browse products")
    assert shelves["interactive"]["type"] == "list"
    assert titles(shelves) == ["Tea", "Coffee", "Baskets", "Mugs", "All products"]
    products = await tapped(shop, "Tea")
    assert products["interactive"]["type"] == "list"
    assert titles(products) == ["Kericho black tea", "Purple tea"]


async def test_a_long_list_goes_on_where_it_ended(shop: Shop) -> None:
    await shop.says(AMINA, "hi")
    first = titles(await tapped(shop, "Browse products", "Mugs"))
    second = titles(await tapped(shop, "More…"))
    assert first == [f"Mug number {n:02}" for n in range(1, 10)] + ["More…"]
    assert second == [f"Mug number {n:02}" for n in range(10, 13)]


async def test_a_product_is_a_picture_with_words_and_buttons(shop: Shop) -> None:
    await shop.says(AMINA, "hi")
    card = await tapped(shop, "Browse products", "Tea", "Purple tea")
    assert card["interactive"]["header"]["image"]["link"].endswith("tea-purple.jpg")
    assert "KES 800.00" in words(card)
    assert titles(card) == ["Add to cart", "View cart", "Menu"]


async def test_an_order_by_buttons_from_hi_to_confirmation(shop: Shop) -> None:
    await shop.says(AMINA, "hi")
    path = ["Browse products", "Tea", "Kericho black tea", "Choose option", "500 g"]
    cart = await tapped(shop, *path, "Add to cart", "View cart")
    assert "1 × Kericho black tea – 500 g: KES 450.00" in words(cart)
    asked = await tapped(shop, "Checkout")
    assert "full name" in words(asked)
    assert "e-mail" in words(await tapped(shop, "Use this name"))
    assert "street" in await shop.talks(AMINA, "amina@example.com")
    await shop.talks(AMINA, "Moi Avenue 12")
    await shop.says(AMINA, "Nairobi")
    (summary,) = await shop.hears(AMINA)
    assert titles(summary) == ["Confirm order", "Change", "Cancel"]
    for part in ("Courier", "KES 300.00", "KES 750.00", "Cash on delivery", "Moi Avenue 12"):
        assert part in words(summary)
    confirmation = await tapped(shop, "Confirm order")
    (order,) = (await shop.admin("GET", "/admin/orders"))["orders"]
    assert f"order {order['number']} is placed" in words(confirmation)
    assert (order["status"], order["payment_status"]) == ("processing", "awaiting")
    assert (order["source"], order["total"], order["currency"]) == ("whatsapp", 75_000, "KES")
    assert order["session_id"] == f"wa:{AMINA}"
    assert order["shipping_address"]["city"] == "Nairobi"
    level = await shop.admin("GET", "/admin/inventory/TEA-500")
    assert (level["reserved"], level["available"]) == (1, 99)


async def test_every_message_is_in_the_merchants_inbox_with_its_status(shop: Shop) -> None:
    await shop.says(AMINA, "hi")
    await tapped(shop, "Browse products")
    listed = await shop.messages(AMINA)
    assert [(m["direction"], m["kind"], m["status"]) for m in listed] == [
        ("in", "text", None),
        ("out", "choice", "delivered"),
        ("in", "reply", None),
        ("out", "menu", "delivered"),
    ]


async def test_a_button_of_long_ago_still_does_what_it_says(shop: Shop) -> None:
    await shop.says(AMINA, "hi")
    await tapped(shop, "Browse products", "Tea", "Purple tea")
    await shop.talks(AMINA, "MENU", "coffee", "STATUS")
    assert "Purple tea" in words(await tapped(shop, "add:1:TEA-PURPLE"))


async def test_a_confirmation_tapped_twice_places_one_order(shop: Shop) -> None:
    await shop.talks(AMINA, "ADD TEA-250 1", "CHECKOUT", "Amina", "a@example.com", "Moi 1")
    await shop.talks(AMINA, "Nairobi")
    await tapped(shop, "Confirm order")
    again = await tapped(shop, "Confirm order")
    assert "placed already" in words(again)
    assert len((await shop.admin("GET", "/admin/orders"))["orders"]) == 1


async def test_a_double_tap_on_confirm_places_one_order(shop: Shop) -> None:
    await shop.talks(AMINA, "ADD TEA-250 1", "CHECKOUT", "Amina", "a@example.com", "Moi 1")
    await shop.talks(AMINA, "Nairobi")
    await shop.tapped(AMINA, "Confirm order")
    await shop.tapped(AMINA, "Confirm order")
    await shop.settle()
    assert len((await shop.admin("GET", "/admin/orders"))["orders"]) == 1
    assert len(await shop.hears(AMINA)) == 2
