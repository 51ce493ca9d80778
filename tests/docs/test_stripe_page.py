"""What the pages say of Stripe is what the plugin does."""

import re
from itertools import chain

import pytest

from tests.docs.pages import read, rows
from tradewind import MethodsQuery, Money
from tradewind_stripe import StripeSettings
from tradewind_stripe.door import EVENTS
from tradewind_stripe.methods import offered

PAGE = "docs/providers/stripe.md"
SETTINGS = set(StripeSettings.__struct_fields__)


def named(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


@pytest.mark.parametrize("page", [PAGE, "plugins/stripe/README.md"])
def test_every_setting_is_explained_and_no_other(page: str) -> None:
    first = [named(row[0]) for row in rows(read(page))]
    found = [names for names in first if names and set(names) & SETTINGS]
    assert sorted(chain.from_iterable(found)) == sorted(SETTINGS)


def test_every_event_to_subscribe_to_is_listed_once() -> None:
    [block] = re.findall(r"```text\n(.*?)```", read(PAGE), re.DOTALL)
    assert block.split() == sorted(EVENTS)


def test_every_method_is_listed_as_it_is_offered() -> None:
    query = MethodsQuery(amount=Money(1_000, "USD"), country=None, channel="web")
    account = StripeSettings(secret_key="sk_test_1", publishable_key="pk_test_1")
    table = {row[0].strip("`"): row for row in rows(read(PAGE)) if len(row) == 4}
    methods = offered(account, query)
    assert {one.id for one in methods} <= set(table)
    for method in methods:
        assert table[method.id][1:3] == [method.title, method.flow]
