"""Codes of promotions are for those who were told them: whoever tries many is slowed down."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from tradewind.contracts.errors import NotFound
from tradewind_host.limits import Limiter

UNKNOWN = "unknown_promotion"


@contextmanager
def entering(limiter: Limiter, cart_id: UUID, address: str) -> Iterator[None]:
    """Count a code that is entered here, by its cart and by the address, if there is none such.

    Each is counted before it is looked up, so that many at the same time are as one after the
    other. Raises Limited.
    """
    counted = (("wrong_code_cart", str(cart_id)), ("wrong_code_address", address))
    for rule, key in counted:
        limiter.take(rule, key)
    wrong = False
    try:
        yield
    except NotFound as refused:
        wrong = refused.reason == UNKNOWN
        raise
    finally:
        for rule, key in () if wrong else counted:
            limiter.give_back(rule, key)
