"""Calling plugins: whatever one of them does, the others answer and the caller goes on."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, cast
from uuid import UUID

import asyncpg
import httpx
import pytest

from tradewind import (
    Adjustment,
    AppContext,
    ChannelDown,
    ChatIntent,
    ChatQuestion,
    Event,
    Money,
    NotFound,
    OrderPlaced,
    PaymentPaid,
    Plugin,
    PluginProblem,
    ProviderFault,
    QuoteRequest,
    Retry,
    RiskAnswer,
    RiskQuestion,
    ShippingOption,
    StockLow,
    StoreContext,
    StoreInfo,
    TaxLine,
    TaxQuote,
    hookimpl,
)
from tradewind.plugins import Answer, Failure, Late, Plugins, dispatch, is_programming_error, load

ID = UUID("018f5b2e-0000-7000-8000-000000000001")
NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
LIMIT = 0.05
STORE = StoreInfo(
    id=ID, slug="demo", name="Demo", currency="KES", time_zone="Africa/Nairobi", locale="en"
)
REQUEST = QuoteRequest(
    cart_id=ID,
    version=1,
    currency="KES",
    region_id=ID,
    tax_inclusive=False,
    lines=[],
    shipping=0,
    address=None,
    email=None,
)
RISK = RiskQuestion(
    cart_id=ID,
    amount=100,
    currency="KES",
    provider="manual",
    method="cash_on_delivery",
    email=None,
    phone=None,
    channel="whatsapp",
)
PLACED = OrderPlaced(
    id=ID,
    store_id=ID,
    occurred_at=NOW,
    sequence=1,
    order_id=ID,
    number="K7-1042",
    source="whatsapp",
    total=Money(100, "KES"),
)
LOW = StockLow(
    id=ID, store_id=ID, occurred_at=NOW, sequence=1, variant_id=ID, sku="TEA-1", available=2
)

Behaviour = Callable[[], Awaitable[Any]]


class Context:
    """A store context that knows only which plugin it was made for."""

    store = STORE

    def __init__(self, plugin: str) -> None:
        self.plugin = plugin


def context(plugin: str = "p") -> StoreContext[Any]:
    return cast("StoreContext[Any]", Context(plugin))


async def everywhere(plugin: str) -> StoreContext[Any]:
    return context(plugin)


def returning(value: Any) -> Behaviour:
    async def answer() -> Any:
        return value

    return answer


def raising(error: BaseException) -> Behaviour:
    async def fail() -> Any:
        raise error

    return fail


async def hang() -> Any:
    await asyncio.Event().wait()


async def cling() -> Any:
    """Hang, and refuse to be canceled until told twice."""
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        await asyncio.Event().wait()


class Scripted(Plugin):
    """Does the same in every hook: what `behaviour` does. Counts its calls."""

    requires = ">=0.1,<1"

    def __init__(self, name: str, behaviour: Behaviour) -> None:
        self.name = name
        self.behaviour = behaviour
        self.calls = 0
        self.seen: list[Any] = []

    async def act(self, *seen: Any) -> Any:
        self.calls += 1
        self.seen.append(seen)
        return await self.behaviour()

    @hookimpl
    async def quote_tax(self, request: QuoteRequest, context: StoreContext[Any]) -> Any:
        return await self.act(request, context)

    @hookimpl
    async def shipping_options(self, request: QuoteRequest, context: StoreContext[Any]) -> Any:
        return await self.act(request, context)

    @hookimpl
    async def price_adjustments(self, request: QuoteRequest, context: StoreContext[Any]) -> Any:
        return await self.act(request, context)

    @hookimpl
    async def assess_risk(self, question: RiskQuestion, context: StoreContext[Any]) -> Any:
        return await self.act(question, context)

    @hookimpl
    async def chat_intent(self, question: ChatQuestion, context: StoreContext[Any]) -> Any:
        return await self.act(question, context)

    @hookimpl
    async def on_event(self, event: Event, context: StoreContext[Any]) -> None:
        await self.act(event, context)


class Record:
    """A failure sink that remembers."""

    def __init__(self) -> None:
        self.failures: list[Failure] = []

    async def __call__(self, failure: Failure) -> None:
        self.failures.append(failure)


def plugins(*scripted: Plugin, record: Record | None = None) -> Plugins:
    return load(extra=scripted, strict=True, timeout=LIMIT, on_failure=record)


def option(name: str) -> ShippingOption:
    return ShippingOption(id=name, name=name, price=500)


def names(failures: Sequence[Failure]) -> list[str]:
    return [failure.plugin for failure in failures]


# --- one plugin's failure is its own ---------------------------------------------------------

FAILURES = {
    "raises": raising(RuntimeError("boom")),
    "hangs": hang,
    "clings": cling,
    "answers with text": returning("free"),
    "answers with numbers": returning([1, 2]),
    "answers with floats": returning([ShippingOption(id="a", name="a", price=cast("Any", 4.5))]),
    "cancels itself": raising(asyncio.CancelledError()),
    "exits": raising(SystemExit(2)),
    "stops the generator": raising(GeneratorExit()),
    "is not iterable": returning(object()),
}


@pytest.mark.parametrize("behaviour", FAILURES.values(), ids=FAILURES)
async def test_a_failing_plugin_is_left_out_and_the_others_answer(
    behaviour: Behaviour, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "_GRACE", LIMIT)
    before, after = (Scripted(name, returning([option(name)])) for name in ("a", "z"))
    record = Record()
    called = plugins(before, Scripted("m", behaviour), after, record=record)
    collected = await called.shipping_options(REQUEST, everywhere)
    assert collected.answers == (Answer("a", [option("a")]), Answer("z", [option("z")]))
    (failure,) = collected.failures
    assert (failure.plugin, failure.hook, failure.store_id) == ("m", "shipping_options", ID)
    assert record.failures == [failure]


@pytest.mark.parametrize("behaviour", FAILURES.values(), ids=FAILURES)
async def test_after_a_failure_the_next_plugin_is_asked(
    behaviour: Behaviour, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "_GRACE", LIMIT)
    quote = TaxQuote(lines=[TaxLine(line_id="1", name="VAT", rate=Decimal("0.16"), amount=16)])
    called = plugins(Scripted("a", behaviour), Scripted("b", returning(quote)))
    first = await called.quote_tax(REQUEST, everywhere)
    assert first.answer is not None
    assert first.answer.plugin == "b"
    assert first.answer.value.lines[0].rate == Decimal("0.16")
    assert names(first.failures) == ["a"]


async def test_a_hang_is_a_failure_but_no_programming_error() -> None:
    collected = await plugins(Scripted("m", hang)).assess_risk(RISK, everywhere)
    (failure,) = collected.failures
    assert (failure.timed_out, failure.programming) == (True, False)
    assert "0.05 seconds" in failure.error


async def test_a_time_out_of_the_plugins_own_is_not_taken_for_the_limit() -> None:
    collected = await plugins(Scripted("m", raising(TimeoutError("peer")))).assess_risk(
        RISK, everywhere
    )
    (failure,) = collected.failures
    assert (failure.timed_out, failure.programming) == (False, False)


async def test_a_wrong_answer_is_a_programming_error() -> None:
    called = plugins(Scripted("m", returning(RiskAnswer(verdict=cast("Any", "maybe")))))
    (failure,) = (await called.assess_risk(RISK, everywhere)).failures
    assert (failure.timed_out, failure.programming) == (False, True)
    assert "verdict" in failure.error


async def test_an_error_that_cannot_be_printed_is_still_a_failure() -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no words")

    collected = await plugins(Scripted("m", raising(Mute()))).assess_risk(RISK, everywhere)
    assert "Mute" in collected.failures[0].error


async def test_a_record_that_cannot_be_written_does_not_hide_the_answers(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def full_disk(failure: Failure) -> None:
        raise OSError("no space left")

    scripted = [Scripted("a", raising(ValueError("x"))), Scripted("b", returning([option("b")]))]
    called = load(extra=scripted, strict=True, timeout=LIMIT, on_failure=full_disk)
    collected = await called.shipping_options(REQUEST, everywhere)
    assert [answer.plugin for answer in collected.answers] == ["b"]
    assert "could not be recorded" in caplog.text


PROGRAMMING: list[tuple[BaseException, bool]] = [
    (KeyError("name"), True),
    (AttributeError("name"), True),
    (AssertionError(), True),
    (PluginProblem("nonsense"), True),
    (asyncpg.UndefinedColumnError("no such column"), True),
    (ChannelDown("unpaid"), False),
    (Retry(5), False),
    (ProviderFault("down", permanent=True), False),
    (NotFound("no such order"), False),
    (Late("no answer"), False),
    (ConnectionResetError(), False),
    (httpx.ReadTimeout("slow"), False),
    (httpx.HTTPStatusError("502", request=cast("Any", None), response=cast("Any", None)), False),
    (asyncpg.InterfaceError("connection is closed"), False),
    (asyncpg.AdminShutdownError("server stops"), False),
    (asyncpg.DeadlockDetectedError("deadlock"), False),
]


@pytest.mark.parametrize(("error", "programming"), PROGRAMMING, ids=lambda v: type(v).__name__)
def test_only_defects_of_the_plugin_count_as_programming_errors(
    *, error: BaseException, programming: bool
) -> None:
    assert is_programming_error(error) is programming


# --- who is asked, and in which order --------------------------------------------------------


async def test_plugins_are_asked_in_the_order_of_their_names() -> None:
    scripted = [Scripted(name, returning([option(name)])) for name in ("m", "z", "a")]
    collected = await plugins(*scripted).shipping_options(REQUEST, everywhere)
    assert [answer.plugin for answer in collected.answers] == ["a", "m", "z"]


async def test_a_plugin_may_ask_to_be_first_or_last() -> None:
    def ordered(plugin: str, **order: bool) -> Plugin:
        class Ordered(Plugin):
            name = plugin
            requires = ">=0.1,<1"

            @hookimpl(**order)  # type: ignore[untyped-decorator, arg-type]
            async def assess_risk(self, question: RiskQuestion) -> RiskAnswer:
                return RiskAnswer(verdict="allow")

        return Ordered()

    called = plugins(ordered("a", trylast=True), ordered("m"), ordered("z", tryfirst=True))
    collected = await called.assess_risk(RISK, everywhere)
    assert [answer.plugin for answer in collected.answers] == ["z", "m", "a"]


async def test_first_stops_at_the_first_answer_and_passes_over_silence() -> None:
    silent, loud, spared = (
        Scripted("a", returning(None)),
        Scripted("b", returning(ChatIntent(command="cart"))),
        Scripted("c", returning(ChatIntent(command="help"))),
    )
    question = ChatQuestion(conversation_id=ID, channel="whatsapp", locale="en", text="my basket")
    first = await plugins(silent, loud, spared).chat_intent(question, everywhere)
    assert first.answer == Answer("b", ChatIntent(command="cart"))
    assert first.failures == ()
    assert (silent.calls, loud.calls, spared.calls) == (1, 1, 0)


async def test_without_plugins_there_is_no_answer() -> None:
    assert (await plugins().quote_tax(REQUEST, everywhere)).answer is None
    assert (await plugins().shipping_options(REQUEST, everywhere)).answers == ()


async def test_a_plugin_that_is_not_enabled_for_the_store_is_not_asked() -> None:
    async def only_b(plugin: str) -> StoreContext[Any] | None:
        return context(plugin) if plugin == "b" else None

    off, on = (Scripted(name, returning([option(name)])) for name in ("a", "b"))
    collected = await plugins(off, on).shipping_options(REQUEST, only_b)
    assert [answer.plugin for answer in collected.answers] == ["b"]
    assert (off.calls, on.calls) == (0, 1)


async def test_each_plugin_gets_the_question_and_its_own_context() -> None:
    one, two = (Scripted(name, returning(None)) for name in ("a", "b"))
    await plugins(one, two).assess_risk(RISK, everywhere)
    for scripted in (one, two):
        ((question, given),) = scripted.seen
        assert question is RISK
        assert given.plugin == scripted.name


async def test_settings_that_no_longer_fit_are_the_failure_of_their_plugin_alone() -> None:
    async def broken_for_a(plugin: str) -> StoreContext[Any]:
        if plugin == "a":
            raise ValueError("settings no longer fit")
        return context(plugin)

    record = Record()
    scripted = [Scripted(name, returning([option(name)])) for name in ("a", "b")]
    called = plugins(*scripted, record=record)
    collected = await called.shipping_options(REQUEST, broken_for_a)
    assert [answer.plugin for answer in collected.answers] == ["b"]
    assert names(record.failures) == ["a"]


async def test_collect_asks_all_at_once() -> None:
    meeting = asyncio.Barrier(3)

    async def meet() -> list[Adjustment]:
        await meeting.wait()
        return []

    scripted = [Scripted(name, meet) for name in ("a", "b", "c")]
    collected = await plugins(*scripted).price_adjustments(REQUEST, everywhere)
    assert len(collected.answers) == 3


# --- cancellation ----------------------------------------------------------------------------


async def test_canceling_the_caller_stops_the_plugins_and_reaches_the_caller() -> None:
    started, stopped = asyncio.Event(), asyncio.Event()

    async def wait() -> Any:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()

    record = Record()
    called = load(extra=[Scripted("m", wait)], strict=True, timeout=60, on_failure=record)
    asking = asyncio.create_task(called.shipping_options(REQUEST, everywhere))
    await started.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert stopped.is_set()
    assert not record.failures


async def test_a_plugin_that_cancels_its_task_does_not_cancel_the_caller() -> None:
    async def sabotage() -> Any:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await asyncio.sleep(0)

    collected = await plugins(Scripted("m", sabotage)).assess_risk(RISK, everywhere)
    assert names(collected.failures) == ["m"]
    caller = asyncio.current_task()
    assert caller is not None
    assert caller.cancelling() == 0


async def test_a_plugin_that_ignores_its_cancellation_is_left_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dispatch, "_GRACE", LIMIT)
    release = asyncio.Event()

    async def ignore() -> Any:
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue
        raise RuntimeError("too late")

    began = time.monotonic()
    collected = await plugins(Scripted("m", ignore)).assess_risk(RISK, everywhere)
    assert time.monotonic() - began < 5
    assert collected.failures[0].timed_out
    release.set()


async def test_a_late_answer_does_not_count() -> None:
    async def late() -> Any:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return RiskAnswer(verdict="allow")

    collected = await plugins(Scripted("m", late)).assess_risk(RISK, everywhere)
    assert collected.answers == ()
    assert collected.failures[0].timed_out


# --- events ----------------------------------------------------------------------------------


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

        @hookimpl(events=[OrderPlaced, PaymentPaid])  # type: ignore[untyped-decorator]
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
