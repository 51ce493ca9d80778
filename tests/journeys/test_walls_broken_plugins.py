"""The shop goes on beside plugins that somebody else got wrong: on import and over events."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest

import tests.support.shop as house
import tradewind
import tradewind_host
from tests.support.shop import AMINA, Shop, open_shop, words
from tests.support.thirdparty.broken import (
    Babbling,
    Clumsy,
    Hanging,
    NonsenseChat,
    NonsensePay,
    OfAnotherAge,
)
from tests.support.thirdparty.listener import Listener
from tests.support.walls import LIMIT, Opener, forgiving, let_it_fail, plugin_page, switch_on
from tradewind import (
    MessageReceived,
    OrderPlaced,
    Plugin,
)
from tradewind.outbox.rules import MAX_ATTEMPTS, wait
from tradewind.plugins import Late
from tradewind.settings.rules import QUARANTINE_AFTER
from tradewind.settings.service import configure
from tradewind.testing.clock import ManualClock
from tradewind.testing.database import DatabaseUrls
from tradewind_host.engine import open_engine

ADDRESS = ("Jane Doe", "jane@example.com", "12 Moi Avenue", "Nairobi")
NOTHING_TO_SELL = "raise RuntimeError('the licence server is away')"


@pytest.fixture
def opened(database_urls: DatabaseUrls, clock: ManualClock) -> Opener:
    """Opens the house with these plugins enabled in `demo`, whatever they do."""

    @asynccontextmanager
    async def beside(*plugins: Plugin) -> AsyncIterator[Shop]:
        async with open_shop(database_urls, clock=clock, plugins=plugins) as shop:
            shop.engine.plugins._dispatcher._timeout = LIMIT
            for plugin in plugins:
                if plugin.name in shop.engine.plugins.loaded:
                    await switch_on(shop, plugin.name)
            yield shop

    return beside


async def orders(shop: Shop) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await shop.admin("GET", "/admin/orders"))["orders"]
    return found


async def ask_for_order(shop: Shop) -> dict[str, Any]:
    """Order coffee in the chat; the order as the merchant sees it."""
    await shop.says(AMINA, "hi")
    await shop.taps(AMINA, "Browse products")
    await shop.taps(AMINA, "Coffee")
    await shop.taps(AMINA, "Nyeri coffee")
    await shop.taps(AMINA, "Add to cart")
    await shop.taps(AMINA, "Checkout")
    for answer in ADDRESS:
        await shop.says(AMINA, answer)
    await shop.taps(AMINA, "Confirm order")
    newest, *_ = await orders(shop)
    return newest


async def deliveries(shop: Shop, subscriber: str) -> list[dict[str, Any]]:
    found = (await shop.admin("GET", "/admin/event-deliveries?limit=100"))["event_deliveries"]
    return [one for one in found if one["subscriber"] == subscriber]


async def test_an_order_in_the_chat_beside_every_broken_plugin_at_once(
    opened: Opener, site: "Site", monkeypatch: pytest.MonkeyPatch
) -> None:
    site.install("explosive", NOTHING_TO_SELL)
    listener = Listener()
    clumsy, hanging = Clumsy(lambda: ZeroDivisionError("oops")), Hanging()
    broken = [clumsy, hanging, OfAnotherAge(), Babbling(), NonsenseChat(), NonsensePay()]
    with_entry_points(monkeypatch, site)
    async with opened(listener, *broken) as shop:
        forgiving(shop, monkeypatch)
        order = await ask_for_order(shop)
        left_out = {fault.name: fault.code for fault in shop.engine.plugins.faults}
    assert left_out == {"explosive": "import_failed", "future": "wrong_version"}
    assert (order["status"], order["payment_status"]) == ("processing", "awaiting")
    assert order["total"] == 1_200_00 + 300_00
    assert {"quote_tax", "shipping_options", "on_event"} <= set(hanging.calls)
    assert clumsy.calls
    (placed,) = [one for one in listener.heard if isinstance(one, OrderPlaced)]
    assert str(placed.order_id) == order["id"]


async def test_a_plugin_that_raises_on_import_is_left_out_and_the_shop_opens(
    opened: Opener, site: "Site", monkeypatch: pytest.MonkeyPatch
) -> None:
    site.install("explosive", NOTHING_TO_SELL)
    with_entry_points(monkeypatch, site)
    async with opened() as shop:
        (fault,) = shop.engine.plugins.faults
        await shop.says(AMINA, "hi")
        assert "Welcome" in words((await shop.hears(AMINA))[0])
    assert (fault.name, fault.distribution) == ("explosive", "tradewind-explosive")
    assert "the licence server is away" in fault.message


def test_the_command_line_tells_which_plugins_are_left_out_and_why(site: "Site") -> None:
    site.install("explosive", NOTHING_TO_SELL)
    site.install("future", made_for(">=9,<10", "future"))
    site.install("fine", made_for(">=0.1,<1", "fine"))
    listed = site.run("plugins", "list")
    assert listed.returncode == 0
    checked = site.run("plugins", "check")
    assert checked.returncode == 1
    for told in (listed.stdout, checked.stdout):
        assert "explosive is left out" in told
        assert "RuntimeError: the licence server is away" in told
        assert "future is left out" in told
        assert f"Made for Tradewind >=9,<10, and this is {tradewind.__version__}" in told
        assert "fine is left out" not in told
    assert "tradewind-fine" in listed.stdout


async def test_an_event_that_a_plugin_could_not_take_comes_again_and_hurts_nobody_else(
    opened: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    away: list[BaseException | None] = [ConnectionError("their server is away")]
    listener, clumsy = Listener(), Clumsy(lambda: away[-1])
    async with opened(listener, clumsy) as shop:
        forgiving(shop, monkeypatch)
        await shop.says(AMINA, "hi")
        assert (listener.types().count("message.received"), clumsy.calls) == (1, 1)
        away.append(None)
        shop.clock.advance(wait(1).total_seconds())
        await shop.settle()
        assert (listener.types().count("message.received"), clumsy.calls) == (1, 2)
        (heard,) = [one for one in listener.heard if isinstance(one, MessageReceived)]
        assert [one.id for one in clumsy.done] == [heard.id]
        (delivery,) = await deliveries(shop, "clumsy")
        assert (delivery["state"], delivery["attempts"]) == ("done", 2)


async def test_an_event_that_is_never_taken_is_given_up_told_and_can_be_replayed(
    opened: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    away: list[BaseException | None] = [ConnectionError("their server is away")]
    clumsy = Clumsy(lambda: away[-1])
    async with opened(clumsy) as shop:
        forgiving(shop, monkeypatch)
        await shop.says(AMINA, "hi")
        await let_it_fail(shop, MAX_ATTEMPTS)
        assert clumsy.calls == MAX_ATTEMPTS
        (delivery,) = await deliveries(shop, "clumsy")
        assert delivery["state"] == "dead"
        assert "their server is away" in delivery["error"]
        (case,) = (await shop.admin("GET", "/admin/cases?state=open"))["cases"]
        assert case["kind"] == "dead_letter"
        away.append(None)
        await shop.admin("POST", f"/admin/event-deliveries/{delivery['id']}/replay")
        assert [str(one.id) for one in clumsy.done] == [delivery["event_id"]]
        (delivery,) = await deliveries(shop, "clumsy")
        assert delivery["state"] == "done"
        assert not (await plugin_page(shop, "clumsy"))["quarantined_at"]


async def test_a_plugin_with_a_defect_is_quarantined_until_somebody_switches_it_on_again(
    opened: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    mood: list[BaseException | None] = [ZeroDivisionError("division by zero")]
    listener, clumsy = Listener(), Clumsy(lambda: mood[-1])
    async with opened(listener, clumsy) as shop:
        forgiving(shop, monkeypatch)
        await shop.says(AMINA, "hi")
        await let_it_fail(shop, QUARANTINE_AFTER)
        page = await plugin_page(shop, "clumsy")
        assert not page["enabled"]
        assert "ZeroDivisionError" in page["quarantine_reason"]
        await shop.says(AMINA, "menu")
        assert clumsy.calls == QUARANTINE_AFTER
        assert listener.types().count("message.received") == 2
        mood.append(None)
        await shop.admin("PUT", "/admin/plugins/clumsy", {"enabled": True})
        assert (await plugin_page(shop, "clumsy"))["enabled"]
        await shop.says(AMINA, "help")
        assert clumsy.done


async def test_what_a_plugin_in_quarantine_should_have_heard_is_kept_for_it(
    opened: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    clumsy = Clumsy(lambda: ZeroDivisionError("division by zero"))
    async with opened(clumsy) as shop:
        forgiving(shop, monkeypatch)
        await shop.says(AMINA, "hi")
        await let_it_fail(shop, MAX_ATTEMPTS)
        assert clumsy.calls == QUARANTINE_AFTER
        (delivery,) = await deliveries(shop, "clumsy")
        assert delivery["state"] != "done"


async def test_what_a_plugin_should_have_heard_before_it_was_switched_off_can_be_replayed(
    opened: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    mood: list[BaseException | None] = [ConnectionError("their server is away")]
    clumsy = Clumsy(lambda: mood[-1])
    async with opened(clumsy) as shop:
        forgiving(shop, monkeypatch)
        await shop.says(AMINA, "hi")
        await shop.admin("PUT", "/admin/plugins/clumsy", {"enabled": False})
        await let_it_fail(shop, 2)
        (delivery,) = await deliveries(shop, "clumsy")
        assert (clumsy.calls, delivery["state"]) == (1, "dead")
        assert "disabled" in delivery["error"]
        mood.append(None)
        await shop.admin("PUT", "/admin/plugins/clumsy", {"enabled": True})
        await shop.admin("POST", f"/admin/event-deliveries/{delivery['id']}/replay")
        assert [str(one.id) for one in clumsy.done] == [delivery["event_id"]]


async def test_a_plugin_in_quarantine_in_one_store_works_on_in_the_other(
    opened: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    clumsy = Clumsy(lambda: ZeroDivisionError("division by zero"))
    async with opened(clumsy) as shop:
        forgiving(shop, monkeypatch)
        other = shop.branches["second"].store
        await configure(shop.engine, other, "clumsy", settings={}, enabled=True, actor="test")
        await shop.says(AMINA, "hi")
        await let_it_fail(shop, QUARANTINE_AFTER)
        assert not (await plugin_page(shop, "clumsy"))["enabled"]
        there = await shop.admin("GET", "/admin/plugins/clumsy", store="second")
        assert there["enabled"]


async def test_a_subscriber_that_hangs_is_cut_off_and_told_so(
    opened: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    listener, hanging = Listener(), Hanging()
    async with opened(listener, hanging) as shop:
        forgiving(shop, monkeypatch)
        await shop.says(AMINA, "hi")
        assert "message.received" in listener.types()
        (delivery,) = await deliveries(shop, "hanging")
        assert (delivery["state"], delivery["attempts"]) == ("pending", 1)
        assert Late.__name__ in delivery["error"]
        assert (await plugin_page(shop, "hanging"))["enabled"]


class Site:
    """A folder with installed distributions, in front of everything else that is installed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def install(self, name: str, body: str) -> None:
        """A distribution with one module and one entry point."""
        (self.folder / f"{name}_plugin.py").write_text(body)
        about = self.folder / f"tradewind_{name}-1.0.dist-info"
        about.mkdir()
        metadata = f"Metadata-Version: 2.1\nName: tradewind-{name}\nVersion: 1.0\n"
        (about / "METADATA").write_text(metadata)
        (about / "entry_points.txt").write_text(f"[tradewind]\n{name} = {name}_plugin:plugin\n")

    def run(self, *command: str) -> "subprocess.CompletedProcess[str]":
        """The command line in a process of its own."""
        roots = {str(Path(one).parent) for one in (*tradewind.__path__, *tradewind_host.__path__)}
        paths = os.pathsep.join([str(self.folder), *sorted(roots)])
        environment = os.environ | {"PYTHONPATH": paths, "COLUMNS": "300"}
        program = "from tradewind_host.cli import main; main()"
        return subprocess.run(
            [sys.executable, "-c", program, *command],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.syspath_prepend(str(tmp_path))
    return Site(tmp_path)


def made_for(requires: str, name: str) -> str:
    """The module of a plugin that does nothing."""
    return (
        "from tradewind import Plugin\n\n\nclass It(Plugin):\n"
        f"    name = {name!r}\n    requires = {requires!r}\n\n\nplugin = It()\n"
    )


def with_entry_points(monkeypatch: pytest.MonkeyPatch, site: Site) -> None:
    """Have the house load what is installed at `site`, and nothing else that is installed."""
    modules = {path.stem for path in site.folder.glob("*.py")}
    points = [one for one in entry_points(group="tradewind") if one.module in modules]
    assert points
    plain: Callable[..., Awaitable[Any]] = open_engine

    async def with_points(*args: Any, **options: Any) -> Any:
        return await plain(*args, **{**options, "entry_points": points})

    monkeypatch.setattr(house, "open_engine", with_points)


def test_waits_grow_so_that_giving_up_takes_days() -> None:
    waits = [wait(attempt) for attempt in range(1, MAX_ATTEMPTS)]
    assert waits == sorted(waits)
    assert sum(waits, timedelta()) > timedelta(days=1)
