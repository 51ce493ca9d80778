"""A shopper who taps: from the first word to a placed order."""

from tests.support.shop import AMINA, Shop, titles, words


async def test_the_first_words_get_one_answer_with_three_buttons(shop: Shop) -> None:
    await shop.says(AMINA, "hi")
    (answer,) = await shop.hears(AMINA)
    assert answer["interactive"]["type"] == "button"
    assert "Welcome to Demo" in words(answer)
    assert titles(answer) == ["Browse products", "View cart", "Help"]
