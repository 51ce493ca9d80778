"""What every test may ask for: a real PostgreSQL, a fresh database, stores, a clock."""

import logging
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

# A busy machine draws examples slowly, which says nothing about the code.
settings.register_profile("shared machine", suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared machine")

pytest_plugins = ["tradewind.testing.fixtures"]

LONG = ("faults", "slow", "browser")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with long tests first, so that no worker begins one while the others are done."""
    long = {item.path for item in items if any(map(item.get_closest_marker, LONG))}
    items.sort(key=lambda item: item.path not in long)


@pytest.fixture(autouse=True)
def _logs_of_one_test() -> Iterator[None]:
    """Whoever sends the logs of the process elsewhere does so for the length of a test."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
