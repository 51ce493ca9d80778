"""Calling plugins: whatever one of them does, the others answer and the caller goes on."""

import asyncio
import time
from decimal import Decimal
from typing import Any, cast

import asyncpg
import httpx
import pytest

from tests.support.scripted_plugins import (
    ID,
    LIMIT,
    REQUEST,
    RISK,
    Behaviour,
    Record,
    Scripted,
    cling,
    context,
    everywhere,
    hang,
    names,
    option,
    plugins,
    raising,
    returning,
)
from tradewind import (
    Adjustment,
    ChannelDown,
    ChatIntent,
    ChatQuestion,
    NotFound,
    Plugin,
    PluginProblem,
    ProviderFault,
    Retry,
    RiskAnswer,
    RiskQuestion,
    ShippingOption,
    StoreContext,
    TaxLine,
    TaxQuote,
    hookimpl,
)
from tradewind.plugins import Answer, Failure, Late, dispatch, is_programming_error, load

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
    def ordered(plugin: str, *, tryfirst: bool = False, trylast: bool = False) -> Plugin:
        class Ordered(Plugin):
            name = plugin
            requires = ">=0.1,<1"

            @hookimpl(tryfirst=tryfirst, trylast=trylast)
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
