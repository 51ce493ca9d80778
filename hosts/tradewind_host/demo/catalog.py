"""The demo's two stores, one in shillings and one in dollars, as plain data to seed from.

The stores share a few SKUs on purpose, so that a leak from one to the other has something to show.
"""

from tradewind_host.demo.american_store import AMERICAN_STORE
from tradewind_host.demo.kenyan_store import KENYAN_STORE
from tradewind_host.demo.merchandise import (
    DemoCategory,
    DemoOption,
    DemoProduct,
    DemoShipping,
    DemoStore,
    DemoVariant,
    Kind,
)

__all__ = [
    "STORES",
    "DemoCategory",
    "DemoOption",
    "DemoProduct",
    "DemoShipping",
    "DemoStore",
    "DemoVariant",
    "Kind",
]

STORES: tuple[DemoStore, ...] = (KENYAN_STORE, AMERICAN_STORE)
"""Every demo store; the first is the one a newcomer meets."""
