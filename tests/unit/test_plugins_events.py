"""Telling plugins: events one subscriber at a time, start-up and shutdown one after another."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.support.scripted_plugins import (
    ID,
    LOW,
    PLACED,
    Record,
    Scripted,
    context,
    hang,
    names,
    plugins,
    raising,
    returning,
)
from tradewind import (
    AppContext,
    Event,
    NotFound,
    OrderPlaced,
    PaymentPaid,
    Plugin,
    PluginProblem,
    hookimpl,
)


async def test_an_event_reaches_the_one_subscriber_it_is_for() -> None:
    one, other = Scripted("a", returning(None)), Scripted("b", returning(None))
    await plugins(one, other).deliver("a", PLACED, context("a"))
    assert one.seen[0][0] is PLACED
    assert other.calls == 0


async def test_what_a_subscriber_raises_reaches_the_job_and_the_record() -> None:
    record = Record()
    error = RuntimeError("boom")
    with pytest.raises(RuntimeError) as raised:
        await plugins(Scripted("m", raising(error)), record=record).deliver("m", PLACED, context())
    assert raised.value is error
    (failure,) = record.failures
    assert (failure.hook, failure.programming, failure.store_id) == ("on_event", True, ID)


async def test_a_subscriber_that_hangs_times_out() -> None:
    record = Record()
    with pytest.raises(TimeoutError):
        await plugins(Scripted("m", hang), record=record).deliver("m", PLACED, context())
    assert record.failures[0].timed_out


@pytest.mark.parametrize(
    "error", [SystemExit(1), asyncio.CancelledError(), GeneratorExit()], ids=repr
)
async def test_a_subscriber_cannot_stop_the_worker(error: BaseException) -> None:
    with pytest.raises(PluginProblem):
        await plugins(Scripted("m", raising(error))).deliver("m", PLACED, context())


async def test_a_subscriber_gets_only_the_events_it_names() -> None:
    class Chooser(Plugin):
        name = "chooser"
        requires = ">=0.1,<1"

        def __init__(self) -> None:
            self.seen: list[Event] = []

        @hookimpl(events=[OrderPlaced, PaymentPaid])
        async def on_event(self, event: Event) -> None:
            self.seen.append(event)

    chooser = Chooser()
    called = plugins(chooser)
    await called.deliver("chooser", LOW, context())
    await called.deliver("chooser", PLACED, context())
    assert chooser.seen == [PLACED]


async def test_an_event_for_a_plugin_that_is_gone_is_refused() -> None:
    with pytest.raises(NotFound):
        await plugins().deliver("gone", PLACED, context())


# --- start-up --------------------------------------------------------------------------------


class Opener(Plugin):
    requires = ">=0.1,<1"
    log: list[str]

    def __init__(self, name: str, log: list[str], error: BaseException | None = None) -> None:
        self.name = name
        self.log = log
        self.error = error

    @hookimpl
    def open(self, app: AppContext[Any]) -> None:
        self.log.append(f"open {self.name}")
        if self.error:
            raise self.error

    @hookimpl
    def close(self, app: AppContext[Any]) -> None:
        self.log.append(f"close {self.name}")


@pytest.fixture
async def app() -> AsyncIterator[AppContext[Any]]:
    async with httpx.AsyncClient() as http:
        yield AppContext(clock=None, http=http, public_url="https://shop.example")


def test_plugins_are_opened_in_order_and_closed_in_reverse(app: AppContext[Any]) -> None:
    log: list[str] = []
    called = plugins(Opener("b", log), Opener("a", log), Opener("c", log))
    assert called.open(app) == ()
    assert called.close(app) == ()
    assert log == ["open a", "open b", "open c", "close c", "close b", "close a"]


@pytest.mark.parametrize("error", [RuntimeError("boom"), SystemExit(1)], ids=repr)
def test_a_plugin_that_fails_to_open_does_not_stop_the_others(
    app: AppContext[Any], error: BaseException
) -> None:
    log: list[str] = []
    called = plugins(Opener("a", log), Opener("b", log, error), Opener("c", log))
    assert names(called.open(app)) == ["b"]
    assert log == ["open a", "open b", "open c"]


def test_routes_pages_and_commands_that_are_no_lists_are_left_out() -> None:
    class Page(Plugin):
        requires = ">=0.1,<1"

        def __init__(self, name: str, pages: Any) -> None:
            self.name = name
            self.pages = pages

        @hookimpl
        def http_routes(self) -> Any:
            return self.pages

        @hookimpl
        def dashboard_pages(self) -> Any:
            return self.pages

        @hookimpl
        def cli_commands(self) -> Any:
            return self.pages

    called = plugins(Page("a", ["anything"]), Page("b", None))
    assert [answer.value for answer in called.http_routes().answers] == [["anything"]]
    assert names(called.http_routes().failures) == ["b"]
    assert [answer.value for answer in called.cli_commands().answers] == [["anything"]]
    assert names(called.dashboard_pages().failures) == ["a", "b"]
