"""What plugins bring by name: channels, payment providers, tables. All of it, or nothing."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pytest

from tradewind import (
    Capabilities,
    NotFound,
    PaymentCapabilities,
    Plugin,
    PluginTables,
    hookimpl,
)
from tradewind.plugins import Plugins, load


class Settings(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    token: str = ""


class Chat:
    """A channel that fits the contract."""

    settings_type: type[msgspec.Struct] = Settings
    capabilities: Any = Capabilities()

    def __init__(self, name: str, session_prefix: str | None = None) -> None:
        self.name = name
        self.session_prefix = session_prefix or name

    def address(self, settings: Any) -> str:
        return ""

    async def accept(self, request: Any, directory: Any) -> Any: ...
    async def receive(self, item: Any, context: Any) -> Any: ...
    async def send(self, outbound: Any, context: Any) -> Any: ...
    async def check(self, context: Any) -> Any: ...


class Bank:
    """A payment provider that fits the contract."""

    settings_type: type[msgspec.Struct] = Settings
    capabilities = PaymentCapabilities()

    def __init__(self, name: str) -> None:
        self.name = name

    def address(self, settings: Any) -> str:
        return ""

    async def methods(self, context: Any, query: Any) -> Any: ...
    async def start(self, context: Any, payment: Any) -> Any: ...
    async def fetch(self, context: Any, operation_id: str, provider_ref: Any) -> Any: ...
    async def accept(self, request: Any, directory: Any) -> Any: ...
    async def parse_webhook(self, item: Any, context: Any) -> Any: ...
    async def check(self, context: Any) -> Any: ...


class Bringer(Plugin):
    """Answers its start-up hooks with whatever it was made with; calls what can be called."""

    requires = ">=0.1,<1"
    settings_type = Settings

    def __init__(
        self, name: str, *, channels: Any = (), providers: Any = (), tables: Any = None
    ) -> None:
        self.name = name
        self._answers = {"channels": channels, "providers": providers, "tables": tables}

    def _answer(self, which: str) -> Any:
        answer = self._answers[which]
        return answer() if isinstance(answer, Callable) else answer  # type: ignore[arg-type]

    @hookimpl
    def channels(self) -> Any:
        return self._answer("channels")

    @hookimpl
    def payment_providers(self) -> Any:
        return self._answer("providers")

    @hookimpl
    def tables(self) -> Any:
        return self._answer("tables")


def boom() -> Any:
    raise RuntimeError("boom")


def leave() -> Any:
    raise SystemExit(1)


def codes(plugins: Plugins) -> list[tuple[str, str]]:
    return [(fault.name, fault.code) for fault in plugins.faults]


def without(call: str, thing: Any) -> Any:
    """The same object, lacking one call."""
    setattr(thing, call, None)
    return thing


def test_channels_providers_and_tables_are_known_by_their_own_names() -> None:
    chat, bank, tables = Chat("chirp"), Bank("vault"), PluginTables(piccolo_app="b.piccolo_app")
    plugins = load(
        extra=[Bringer("b", tables=tables, providers=[bank]), Bringer("a", channels=[chat])],
        strict=True,
    )
    assert plugins.channel("chirp") is chat
    assert plugins.provider("vault") is bank
    assert (plugins.plugin_of("chirp"), plugins.plugin_of("vault")) == ("a", "b")
    assert (dict(plugins.channels), dict(plugins.providers)) == ({"chirp": chat}, {"vault": bank})
    assert plugins.tables() == (("b", tables),)


def test_a_name_that_nobody_brings_is_not_found() -> None:
    plugins = load()
    for look_up in (plugins.channel, plugins.provider, plugins.plugin_of, plugins.settings_type):
        with pytest.raises(NotFound):
            look_up("nobody")


SEVERAL: dict[str, Bringer] = {
    "a channel and a provider": Bringer("z", channels=[Chat("x")], providers=[Bank("y")]),
    "both of one name": Bringer("z", channels=[Chat("z")], providers=[Bank("z")]),
    "two channels": Bringer("z", channels=[Chat("x"), Chat("y")]),
    "two providers": Bringer("z", providers=[Bank("x"), Bank("y")]),
}


@pytest.mark.parametrize("bringer", SEVERAL.values(), ids=SEVERAL)
def test_a_plugin_brings_no_more_than_its_one_door_can_serve(bringer: Bringer) -> None:
    plugins = load(extra=[bringer, Bringer("a", channels=[Chat("chirp")])])
    assert codes(plugins) == [("z", "several_doors")]
    assert (list(plugins.channels), list(plugins.providers)) == (["chirp"], [])


CLASHES: dict[str, tuple[Bringer, str]] = {
    "channel of another": (Bringer("z", channels=[Chat("chirp", "new")]), "duplicate_channel"),
    "session prefix": (Bringer("z", channels=[Chat("new", "ch")]), "duplicate_channel"),
    "provider of another": (Bringer("z", providers=[Bank("vault")]), "duplicate_provider"),
    "provider like a channel": (Bringer("z", providers=[Bank("chirp")]), "duplicate_provider"),
    "own channel twice": (
        Bringer("z", channels=[Chat("x", "x1"), Chat("x", "x2")]),
        "duplicate_channel",
    ),
    "own provider twice": (
        Bringer("z", providers=[Bank("x"), Bank("x")]),
        "duplicate_provider",
    ),
}


@pytest.mark.parametrize(("second", "code"), CLASHES.values(), ids=CLASHES)
def test_a_name_belongs_to_the_plugin_that_sorts_first(second: Bringer, code: str) -> None:
    owners = Bringer("a", channels=[Chat("chirp", "ch")]), Bringer("b", providers=[Bank("vault")])
    plugins = load(extra=[second, *owners])
    assert codes(plugins) == [("z", code)]
    assert list(plugins.loaded) == ["a", "b"]
    assert (list(plugins.channels), list(plugins.providers)) == (["chirp"], ["vault"])


BAD: dict[str, tuple[Bringer, str]] = {
    "raising in channels": (Bringer("z", channels=boom), "start_up_failed"),
    "exiting in channels": (Bringer("z", channels=leave), "start_up_failed"),
    "raising in providers": (Bringer("z", providers=boom), "start_up_failed"),
    "raising in tables": (Bringer("z", tables=boom), "start_up_failed"),
    "channels that are none": (Bringer("z", channels=None), "bad_channel"),
    "channels as text": (Bringer("z", channels="chirp"), "bad_channel"),
    "a channel without a name": (Bringer("z", channels=[Chat("")]), "bad_channel"),
    "a channel that cannot send": (
        Bringer("z", channels=[without("send", Chat("x"))]),
        "bad_channel",
    ),
    "a channel without address": (
        Bringer("z", channels=[without("address", Chat("x"))]),
        "bad_channel",
    ),
    "a channel without prefix": (
        Bringer("z", channels=[without("session_prefix", Chat("x"))]),
        "bad_channel",
    ),
    "a channel without capabilities": (
        Bringer("z", channels=[without("capabilities", Chat("x"))]),
        "bad_channel",
    ),
    "a channel with other settings": (
        Bringer("z", channels=[without("settings_type", Chat("x"))]),
        "bad_channel",
    ),
    "a provider for channel": (Bringer("z", channels=[Bank("x")]), "bad_channel"),
    "a channel for provider": (Bringer("z", providers=[Chat("x")]), "bad_provider"),
    "a provider that cannot look up": (
        Bringer("z", providers=[without("fetch", Bank("x"))]),
        "bad_provider",
    ),
    "tables as text": (Bringer("z", tables="my.tables"), "bad_tables"),
}


@pytest.mark.parametrize(("broken", "code"), BAD.values(), ids=BAD)
def test_a_plugin_that_brings_something_wrong_is_dropped_completely(
    broken: Bringer, code: str
) -> None:
    good = Bringer("a", channels=[Chat("chirp")]), Bringer("b", providers=[Bank("vault")])
    plugins = load(extra=[broken, *good])
    assert {fault.code for fault in plugins.faults} == {code}
    assert {fault.name for fault in plugins.faults} == {"z"}
    assert list(plugins.loaded) == ["a", "b"]
    assert (list(plugins.channels), list(plugins.providers)) == (["chirp"], ["vault"])
    assert plugins.tables() == ()


def test_nothing_of_a_dropped_plugin_is_called_later() -> None:
    opened: list[str] = []

    class Dropped(Bringer):
        @hookimpl
        def http_routes(self) -> Sequence[Any]:
            opened.append(self.name)
            return []

    assert not load(extra=[Dropped("z", channels=boom)]).http_routes().answers
    assert load(extra=[Dropped("z")]).http_routes().answers
    assert opened == ["z"]


@pytest.mark.parametrize(
    ("capability", "call"),
    [
        ("update", "update"),
        ("capture", "capture"),
        ("cancel", "cancel"),
        ("refund", "refund"),
        ("saved_methods", "remove_method"),
        ("settlements", "settlements"),
    ],
)
def test_a_provider_must_have_the_calls_it_promises(capability: str, call: str) -> None:
    bank = Bank("x")
    bank.capabilities = PaymentCapabilities(**{capability: True})  # type: ignore[arg-type]
    plugins = load(extra=[Bringer("z", providers=[bank])])
    assert codes(plugins)[0] == ("z", "bad_provider")
    assert any(f"def {call}" in fault.message for fault in plugins.faults)
