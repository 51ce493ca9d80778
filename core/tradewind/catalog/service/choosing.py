"""What a visitor can choose from in a list of products."""

import msgspec

from tradewind.catalog import queries
from tradewind.catalog.search import service as search
from tradewind.catalog.service.showing import MOST_FOUND, Asked
from tradewind.database import Transaction


async def choices(tx: Transaction, asked: Asked) -> list[tuple[str, str]]:
    """Each option with each of its values, among all products that fit, on whatever page.

    The options that are asked for do not narrow this: another value can be chosen as well. Of more
    than 1,000 products the newest say it. One round trip; one more with a price, two with words.
    """
    filters = msgspec.structs.replace(asked.filters, options={})
    words = asked.query.strip()
    found = await search.find(tx, words, filters.category_id, MOST_FOUND) if words else None
    return await queries.choices(tx, asked.where, filters, found)
