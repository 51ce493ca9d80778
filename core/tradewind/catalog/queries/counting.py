"""Which price of a variant counts, as SQL; `rules.counting` is the same in words of Python.

`shop.add_to_cart` and `shop.lines_at`, which stand in the database, say it once more; a test holds
all to the rule.

The pieces are put into statements that bind the store as `$1`. What they are given is the text of
columns and placeholders, never values.
"""


def in_terms(price: str, *, currency: str, region: str) -> str:
    """Whether a price is for this currency and region; a price without region is for all."""
    of_region = f"({price}.region_id IS NULL OR {price}.region_id = {region})"
    return f"{price}.currency = {currency} AND {of_region}"


def has_begun(price: str, now: str) -> str:
    """Whether a price counts by now, or did."""
    return f"({price}.starts_at IS NULL OR {price}.starts_at <= {now})"


def is_not_over(price: str, now: str) -> str:
    """Whether a price counts, or will."""
    return f"({price}.ends_at IS NULL OR {price}.ends_at > {now})"


def may_count(price: str, *, currency: str, region: str, now: str) -> str:
    """Whether a price counts unless a better one does."""
    terms = in_terms(price, currency=currency, region=region)
    return f"{terms} AND {has_begun(price, now)} AND {is_not_over(price, now)}"


def best_first(price: str) -> str:
    """The order of prices that may count: a region's own first, then one that runs for a time."""
    return f"{price}.region_id NULLS LAST, {price}.starts_at DESC NULLS LAST"


def counting_price(
    variant: str, *, currency: str, region: str, now: str, wanted: str = "counting.amount"
) -> str:
    """The price that counts, a subquery of one row or none; `wanted` are columns of `counting`."""
    terms = may_count("counting", currency=currency, region=region, now=now)
    return f"""(
        SELECT {wanted} FROM shop.prices counting
        WHERE counting.store_id = $1 AND counting.variant_id = {variant} AND {terms}
        ORDER BY {best_first("counting")} LIMIT 1)"""
