"""The three ways to call plugins: `first`, `collect`, `notify`.

Every implementation runs in a task of its own under a time limit, so that nothing it raises,
cancels or ignores reaches the caller or another plugin. Code that blocks the thread (a plain
`time.sleep`, a loop without `await`) cannot be interrupted: the limit ends waiting, not blocking.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import pluggy

from tradewind.contracts.context import StoreContext
from tradewind.contracts.errors import PluginProblem
from tradewind.plugins.outcomes import (
    Answer,
    Collected,
    Contexts,
    Failure,
    FailureSink,
    First,
    Settled,
    attempt,
    is_programming_error,
    told,
    understood,
)

_GRACE = 0.5
"""Seconds that a canceled implementation has for its own cleaning up before it is left behind."""

logger = logging.getLogger(__name__)


class Late(TimeoutError):
    """A plugin did not answer within its time limit."""


class _Asked(NamedTuple):
    implementation: pluggy.HookImpl
    context: StoreContext[Any]


class Dispatcher:
    """Calls hooks, in the order of plugin names (`tryfirst` before, `trylast` after).

    `timeout` is the limit of each implementation in seconds.
    """

    def __init__(
        self, manager: pluggy.PluginManager, timeout: float, on_failure: FailureSink | None
    ) -> None:
        self._manager = manager
        self._timeout = timeout
        self._on_failure = on_failure
        self._stragglers: set[asyncio.Task[Any]] = set()

    def implementations(self, hook: str) -> Sequence[pluggy.HookImpl]:
        """Who implements `hook`, in the order of asking."""
        caller: pluggy.HookCaller = getattr(self._manager.hook, hook)
        return caller.get_hookimpls()[::-1]

    async def first(
        self, hook: str, kind: Any, args: Mapping[str, Any], contexts: Contexts
    ) -> First[Any]:
        """Ask one after another until one answers with something other than None.

        `kind` is the type an answer must have.
        """
        failures: list[Failure] = []
        for implementation in self.implementations(hook):
            asked = await self._enabled([implementation], hook, contexts, failures)
            answers = await self._answers(asked, hook, kind, args, failures)
            if answers:
                return First(answers[0], tuple(failures))
        return First(None, tuple(failures))

    async def collect(
        self, hook: str, kind: Any, args: Mapping[str, Any], contexts: Contexts
    ) -> Collected[Any]:
        """Ask all at once; `kind` is the type an answer must have, None is no answer."""
        failures: list[Failure] = []
        asked = await self._enabled(self.implementations(hook), hook, contexts, failures)
        answers = await self._answers(asked, hook, kind, args, failures)
        return Collected(tuple(answers), tuple(failures))

    async def notify(
        self, hook: str, args: Mapping[str, Any], plugin: str, context: StoreContext[Any]
    ) -> None:
        """Tell one plugin; raises what it raised, `Late` when it takes too long."""
        for implementation in self.implementations(hook):
            if implementation.plugin_name == plugin:
                asked = _Asked(implementation, context)
                [settled] = await self._settle([asked], args)
                if settled.error is not None:
                    await self._failed(hook, plugin, settled.error, context)
                    raise settled.error

    def start_up(
        self,
        hook: str,
        args: Mapping[str, Any] | None = None,
        *,
        of: type | None = None,
        reverse: bool = False,
    ) -> Collected[Any]:
        """`collect` for the plain functions of start-up hooks. They have no time limit.

        With `of`, an answer must be a sequence of that type.
        """
        answers: list[Answer[Any]] = []
        failures: list[Failure] = []
        asked = self.implementations(hook)
        for implementation in reversed(asked) if reverse else asked:
            name = implementation.plugin_name
            value, error = attempt(_call, implementation, args or {})
            if error is None and of is not None:
                error = attempt(_expect_sequence, value, of).error
            if error is None:
                answers.append(Answer(name, value))
            else:
                failures.append(_failure(hook, name, error))
        return Collected(tuple(answers), tuple(failures))

    async def _enabled(
        self,
        implementations: Iterable[pluggy.HookImpl],
        hook: str,
        contexts: Contexts,
        failures: list[Failure],
    ) -> list[_Asked]:
        # One after another: contexts may share one connection.
        asked = []
        for implementation in implementations:
            name = implementation.plugin_name
            try:
                context = await contexts(name)
            except Exception as error:  # noqa: BLE001 - settings may no longer fit their plugin
                failures.append(await self._failed(hook, name, error, None))
                continue
            if context is not None:
                asked.append(_Asked(implementation, context))
        return asked

    async def _answers(
        self,
        asked: Sequence[_Asked],
        hook: str,
        kind: Any,
        args: Mapping[str, Any],
        failures: list[Failure],
    ) -> list[Answer[Any]]:
        answers: list[Answer[Any]] = []
        settled = await self._settle(asked, args)
        for (implementation, context), ended in zip(asked, settled, strict=True):
            name = implementation.plugin_name
            value, error = ended if ended.value is None else attempt(understood, ended.value, kind)
            if error is not None:
                failures.append(await self._failed(hook, name, error, context))
            elif value is not None:
                answers.append(Answer(name, value))
        return answers

    async def ask(
        self, hook: str, plugin: str, call: Callable[[], Any], context: StoreContext[Any]
    ) -> Settled:
        """Run a coroutine function that a plugin gave in answer to `hook`; it must give text."""
        [settled] = await self._finish([_contained(call)])
        if settled.error is None and not isinstance(settled.value, str):
            words = f"Expected text, got {type(settled.value).__name__}."
            settled = Settled(None, PluginProblem(words))
        if settled.error is not None:
            await self._failed(hook, plugin, settled.error, context)
        return settled

    async def _settle(self, asked: Sequence[_Asked], args: Mapping[str, Any]) -> list[Settled]:
        calls = [
            partial(_call, one.implementation, {**args, "context": one.context}) for one in asked
        ]
        return await self._finish([_contained(call) for call in calls])

    async def _finish(self, calls: Sequence[Coroutine[Any, Any, Any]]) -> list[Settled]:
        """Run all at once, each in its own task, and wait no longer than the limit."""
        if not calls:
            return []
        tasks = [asyncio.create_task(call) for call in calls]
        try:
            await asyncio.wait(tasks, timeout=self._timeout)
            return [self._settled(task) for task in tasks]
        finally:
            await self._stop([task for task in tasks if not task.done()])

    def _settled(self, task: asyncio.Task[Any]) -> Settled:
        if not task.done():
            return Settled(None, Late(f"no answer within {self._timeout:g} seconds"))
        if task.cancelled():
            return Settled(None, PluginProblem("The plugin canceled its own call."))
        error = task.exception()
        return Settled(None, error) if error else Settled(task.result(), None)

    async def _stop(self, tasks: Sequence[asyncio.Task[Any]]) -> None:
        if not tasks:
            return
        for task in tasks:
            self._stragglers.add(task)
            task.add_done_callback(self._forget)
            task.cancel()
        await asyncio.wait(tasks, timeout=_GRACE)

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._stragglers.discard(task)
        if not task.cancelled() and (error := task.exception()):
            logger.warning("A plugin failed while it was being stopped.", exc_info=error)

    async def _failed(
        self, hook: str, plugin: str, error: BaseException, context: StoreContext[Any] | None
    ) -> Failure:
        failure = _failure(hook, plugin, error, context)
        if self._on_failure is not None:
            try:
                await self._on_failure(failure)
            except Exception:
                logger.exception("The failure of plugin %s could not be recorded.", plugin)
        return failure


def _call(implementation: pluggy.HookImpl, args: Mapping[str, Any]) -> Any:
    # Arguments are only ever added: an implementation may take fewer, or give some a default.
    positional = [args[name] for name in implementation.argnames]
    named = {name: args[name] for name in implementation.kwargnames if name in args}
    function: Callable[..., Any] = implementation.function
    return function(*positional, **named)


async def _contained(call: Callable[[], Any]) -> Any:
    try:
        return await call()
    except (Exception, asyncio.CancelledError, KeyboardInterrupt):
        raise
    except BaseException as error:
        # A SystemExit that leaves a task stops the event loop.
        raise PluginProblem(f"{type(error).__name__} from a plugin: {error}") from error


def _expect_sequence(value: object, of: type) -> None:
    if not isinstance(value, Sequence) or not all(isinstance(item, of) for item in value):
        raise PluginProblem(f"Expected a sequence of {of.__name__}, got {value!r:.200}")


def _failure(
    hook: str, plugin: str, error: BaseException, context: StoreContext[Any] | None = None
) -> Failure:
    logger.warning("Plugin %s failed in %s.", plugin, hook, exc_info=error)
    return Failure(
        plugin=plugin,
        hook=hook,
        error=told(error, context.settings if context is not None else None),
        programming=is_programming_error(error),
        timed_out=isinstance(error, Late),
        store_id=context.store.id if context is not None else None,
    )
