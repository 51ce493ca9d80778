"""What comes of loading and calling plugins: each plugin's answer or failure, kept apart."""

import traceback
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any, Generic, NamedTuple, Protocol, TypeVar
from uuid import UUID

import asyncpg
import httpx
import msgspec

from tradewind.contracts.context import StoreContext
from tradewind.contracts.errors import PluginProblem, TradewindError
from tradewind.contracts.settings import without_secrets
from tradewind.hooks import Plugin

T = TypeVar("T")

_THE_WORLDS_FAULT = (
    TradewindError,
    OSError,
    httpx.HTTPError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,
    asyncpg.TransactionRollbackError,
)


class PluginFault(msgspec.Struct, frozen=True):
    """Why a plugin was left out. `code` is stable, `message` says what to do about it."""

    name: str
    distribution: str | None
    code: str
    message: str


class LoadedPlugin(msgspec.Struct, frozen=True, kw_only=True):
    """A plugin in use.

    `hooks` are the names it implements, sorted. `events` are the dotted types it wants: None means
    all, `()` that it has no `on_event`. `distribution` and `version` are None for a plugin that was
    handed in and did not come from an installed package.
    """

    name: str
    distribution: str | None
    version: str | None
    requires: str
    hooks: tuple[str, ...]
    events: tuple[str, ...] | None
    settings_type: type[msgspec.Struct]
    plugin: Plugin


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """One plugin's failure in one call.

    `error` is the error's type and words, without secrets. `programming` marks a defect of the
    plugin itself, which counts towards quarantine; a fault of the outside world or a hang does not.
    `timed_out` means that the time limit passed. `store_id` is None in start-up hooks.
    """

    plugin: str
    hook: str
    error: str
    programming: bool
    timed_out: bool
    store_id: UUID | None = None


class Answer(msgspec.Struct, Generic[T], frozen=True):
    """What one plugin answered."""

    plugin: str
    value: T


class First(msgspec.Struct, Generic[T], frozen=True):
    """The first answer, or None, and the failures of those that were asked before."""

    answer: Answer[T] | None
    failures: tuple[Failure, ...] = ()


class Collected(msgspec.Struct, Generic[T], frozen=True):
    """All answers and all failures, each in the order in which the plugins were asked."""

    answers: tuple[Answer[T], ...] = ()
    failures: tuple[Failure, ...] = ()


class Contexts(Protocol):
    """Gives each plugin its view of the store that a call is about."""

    async def __call__(self, plugin: str) -> StoreContext[Any] | None:
        """The context for `plugin`; None when it is not enabled there, and so not asked."""
        ...


class FailureSink(Protocol):
    """Is told of every failure of a request-time hook, for the record and for quarantine."""

    async def __call__(self, failure: Failure) -> None:
        """Record `failure`. What this raises is logged and goes no further."""
        ...


def is_programming_error(error: BaseException) -> bool:
    """Whether `error` is a defect of the plugin that raised it.

    Errors raised on purpose (`Retry`, `ChannelDown`, `ProviderFault`, refusals), time-outs, and
    faults of the network or the database server are not.
    """
    return isinstance(error, PluginProblem) or not isinstance(error, _THE_WORLDS_FAULT)


def in_words(error: BaseException) -> str:
    """The error's type and message, at most 500 characters, whatever its `__str__` does."""
    return "".join(traceback.format_exception_only(error)).strip()[:500]


def told(error: BaseException, settings: object) -> str:
    """The same without any secret of the plugin's settings: fit to be kept and shown."""
    return without_secrets(in_words(error), settings)


def hush(error: TradewindError, settings: object) -> None:
    """Take the secrets of a plugin's settings out of the detail of an error that it raised."""
    error.detail = without_secrets(error.detail, settings)
    error.args = (error.detail,)


class Settled(NamedTuple):
    """How one call ended: with a value, or with an error."""

    value: Any
    error: BaseException | None


def attempt(call: Callable[..., Any], *args: Any, **named: Any) -> Settled:
    """Run a plain function that may be or touch a plugin's; only Ctrl-C goes further."""
    try:
        return Settled(call(*args, **named), None)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - a plugin may raise anything
        return Settled(None, error)


def understood(value: object, kind: Any) -> Any:
    """A plugin's answer as `kind`, checked in depth; structs do not check what is put into them.

    Raises PluginProblem.
    """
    checked = attempt(_converted, value, kind)
    if checked.error is not None:
        words = f"The answer is not what was asked for: {in_words(checked.error)}"
        raise PluginProblem(words) from checked.error
    return checked.value


def _converted(value: object, kind: Any) -> Any:
    plain = msgspec.to_builtins(value, builtin_types=(Decimal, UUID, datetime))
    return msgspec.convert(plain, kind)
