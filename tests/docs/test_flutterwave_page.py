"""What the pages say of Flutterwave is what the plugin does."""

import re
from itertools import chain

import pytest

from tests.docs.pages import read, rows
from tradewind_flutterwave import FlutterwaveSettings
from tradewind_flutterwave.methods import HOSTED, HOSTED_CURRENCIES, WALLETS

PAGE = "docs/providers/flutterwave.md"
SETTINGS = set(FlutterwaveSettings.__struct_fields__)


def named(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


@pytest.mark.parametrize("page", [PAGE, "plugins/flutterwave/README.md"])
def test_every_setting_is_explained_and_no_other(page: str) -> None:
    first = [named(row[0]) for row in rows(read(page))]
    found = [names for names in first if names and set(names) & SETTINGS]
    assert sorted(chain.from_iterable(found)) == sorted(SETTINGS)


def test_every_method_is_listed_as_it_is_offered() -> None:
    table = {row[0].strip("`"): row for row in rows(read(PAGE)) if len(row) == 5}
    assert set(table[HOSTED][2].split()) == HOSTED_CURRENCIES
    for wallet in WALLETS:
        _, title, currency, flow, in_v4 = table.pop(wallet.id)
        assert title == wallet.title
        assert currency.split(",")[0] == wallet.currency
        assert flow == wallet.flow
        assert in_v4.startswith(("yes", "only")) == bool(wallet.v4)
        assert in_v4.startswith("only") == (not wallet.v3)
    assert set(table) == {HOSTED}
