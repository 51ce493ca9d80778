"""What is wrong with a plugin, found before any of its hooks is called. All problems at once."""

import difflib
import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import pluggy
from packaging.specifiers import InvalidSpecifier, SpecifierSet

import tradewind
from tradewind.contracts.channel import Capabilities
from tradewind.contracts.events import EVENT_TYPES
from tradewind.contracts.payment import PaymentCapabilities
from tradewind.hooks import PROJECT, Hooks, Plugin
from tradewind.plugins.outcomes import attempt, in_words

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_CHANNEL_CALLS = ("accept", "receive", "send", "check")
_PROVIDER_CALLS = ("methods", "start", "fetch", "accept", "parse_webhook", "check")
_OPTIONAL_CALLS: Mapping[str, tuple[str, ...]] = {
    "update": ("update",),
    "capture": ("capture",),
    "cancel": ("cancel",),
    "refund": ("refund",),
    "saved_methods": ("saved_methods", "remove_method"),
}

HOOKS: Mapping[str, bool] = {
    name: inspect.iscoroutinefunction(function)
    for name, function in vars(Hooks).items()
    if hasattr(function, f"{PROJECT}_spec")
}
"""Every hook by name, and whether it is a coroutine."""


class Problem(NamedTuple):
    """One reason to refuse a plugin."""

    code: str
    message: str


def plugin_problems(
    plugin: object, manager: pluggy.PluginManager, entry_point: str | None
) -> list[Problem]:
    """Everything that speaks against the object an entry point gave."""
    if not isinstance(plugin, Plugin):
        what = "a class; point it at an instance" if inspect.isclass(plugin) else repr(plugin)[:200]
        return [Problem("not_a_plugin", f"Expected an instance of tradewind.Plugin, got {what}.")]
    return [
        *_name_problems(plugin, entry_point),
        *_version_problems(plugin),
        *_settings_problems(getattr(plugin, "settings_type", None)),
        *_hook_problems(plugin, manager),
    ]


def _name_problems(plugin: Plugin, entry_point: str | None) -> Iterator[Problem]:
    name = getattr(plugin, "name", None)
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        yield Problem(
            "bad_name", f"`name` is {name!r}; use lower-case letters, digits, `-` and `_`."
        )
    elif entry_point not in (None, name):
        yield Problem(
            "bad_name",
            f"The entry point is named {entry_point!r} and the plugin {name!r}; "
            "give both the same name.",
        )


def _version_problems(plugin: Plugin) -> Iterator[Problem]:
    requires = getattr(plugin, "requires", None)
    try:
        # An empty range would match every version; it is a range left out.
        fits = SpecifierSet(requires or "?").contains(tradewind.__version__, prereleases=True)
    except (InvalidSpecifier, TypeError, AttributeError):
        yield Problem(
            "wrong_version",
            f"`requires` is {requires!r}; give a range of Tradewind versions, "
            "for example `>=0.1,<1`.",
        )
        return
    if not fits:
        yield Problem(
            "wrong_version",
            f"Made for Tradewind {requires}, and this is {tradewind.__version__}. "
            "Install a version of the plugin made for this one, or the Tradewind it asks for.",
        )


def _settings_problems(settings: object) -> Iterator[Problem]:
    if not inspect.isclass(settings) or not issubclass(settings, msgspec.Struct):
        yield Problem("bad_settings", f"`settings_type` is {settings!r}, not a msgspec.Struct.")
        return
    if not settings.__struct_config__.forbid_unknown_fields or settings.__match_args__:
        yield Problem(
            "bad_settings",
            f"{settings.__name__} must be declared with forbid_unknown_fields and kw_only.",
        )
    error = attempt(msgspec.json.schema, settings).error
    if error is not None:
        yield Problem("bad_settings", f"{settings.__name__} has no JSON schema: {in_words(error)}")


# --- hooks -----------------------------------------------------------------------------------


def implemented_hooks(
    plugin: Plugin, manager: pluggy.PluginManager
) -> dict[str, Callable[..., Any]]:
    """The plugin's marked methods by the name of the hook each one implements."""
    found = {}
    for attribute in dir(plugin):
        options = manager.parse_hookimpl_opts(plugin, attribute)
        if options is not None:
            found[options.get("specname") or attribute] = getattr(plugin, attribute)
    return found


def _hook_problems(plugin: Plugin, manager: pluggy.PluginManager) -> Iterator[Problem]:
    marked = implemented_hooks(plugin, manager)
    for name, method in marked.items():
        yield from (Problem("bad_hook", words) for words in _method_problems(name, method))
    for name in HOOKS.keys() - marked.keys():
        if callable(getattr(plugin, name, None)):
            yield Problem("bad_hook", f"`{name}` is named like a hook but lacks @hookimpl.")


def _method_problems(name: str, method: Callable[..., Any]) -> Iterator[str]:
    if name not in HOOKS:
        closest = difflib.get_close_matches(name, HOOKS, n=1)
        hint = f"; did you mean `{closest[0]}`?" if closest else "."
        yield f"There is no hook `{name}`{hint}"
        return
    asynchronous = inspect.iscoroutinefunction(method)
    if inspect.isgeneratorfunction(method) or inspect.isasyncgenfunction(method):
        yield f"`{name}` must not yield; hook wrappers are not supported."
    elif HOOKS[name] and not asynchronous:
        yield f"`{name}` is called while a request waits: declare it `async def`."
    elif asynchronous and not HOOKS[name]:
        yield f"`{name}` is called at start-up: declare it `def`, not `async def`."
    yield from _event_problems(name, getattr(method, "tradewind_events", ()))


def _event_problems(name: str, events: Iterable[object]) -> Iterator[str]:
    if events and name != "on_event":
        yield f"`{name}` takes no `events`; only `on_event` does."
    for event in events:
        if event not in EVENT_TYPES:
            yield f"`events` names {event!r}, which is not an event class."


# --- what start-up hooks bring ---------------------------------------------------------------


def channel_problems(channels: object, settings_type: type[msgspec.Struct]) -> list[Problem]:
    """What speaks against the answer of `channels()`."""
    return [
        Problem("bad_channel", words)
        for words in _brought("channels", channels, Capabilities, _CHANNEL_CALLS, settings_type)
    ]


def provider_problems(providers: object, settings_type: type[msgspec.Struct]) -> list[Problem]:
    """What speaks against the answer of `payment_providers()`."""
    words = _brought(
        "payment_providers", providers, PaymentCapabilities, _PROVIDER_CALLS, settings_type
    )
    return [Problem("bad_provider", line) for line in words]


def door_problems(channels: Sequence[object], providers: Sequence[object]) -> list[Problem]:
    """What speaks against all that one plugin brings together."""
    count = len(channels) + len(providers)
    if count < 2:
        return []
    words = (
        f"It brings {count} channels and payment providers, and a plugin has one webhook door; "
        "make a plugin of each."
    )
    return [Problem("several_doors", words)]


def _brought(
    hook: str,
    objects: object,
    capabilities: type[Capabilities | PaymentCapabilities],
    calls: Sequence[str],
    settings_type: type[msgspec.Struct],
) -> Iterator[str]:
    if not isinstance(objects, Sequence) or isinstance(objects, str | bytes):
        yield f"`{hook}` must return a sequence, not {objects!r:.200}."
        return
    for one in objects:
        name = getattr(one, "name", None)
        label = f"{hook}: {name!r}"
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            yield f"{label} is no name; use lower-case letters, digits, `-` and `_`."
        if not isinstance(getattr(one, "capabilities", None), capabilities):
            yield f"{label} has no `capabilities` of type {capabilities.__name__}."
        if getattr(one, "settings_type", None) is not settings_type:
            yield f"{label} must have the `settings_type` of its plugin, {settings_type.__name__}."
        yield from (f"{label} {words}" for words in _missing(one, calls))


def _missing(one: object, calls: Sequence[str]) -> Iterator[str]:
    capabilities = getattr(one, "capabilities", None)
    promised = [
        call
        for capability, optional in _OPTIONAL_CALLS.items()
        for call in optional
        if getattr(capabilities, capability, False)
    ]
    for call in (*calls, *promised):
        if not inspect.iscoroutinefunction(getattr(one, call, None)):
            yield f"has no `async def {call}`."
    optional = {
        "settlements": "settlements",
        "chat_links": "chat_link",
        "fetches_media": "fetch_media",
    }
    plain = [call for name, call in optional.items() if getattr(capabilities, name, False)]
    for call in ("address", *plain):
        if not callable(getattr(one, call, None)):
            yield f"has no `def {call}`."
    if isinstance(capabilities, Capabilities) and not getattr(one, "session_prefix", ""):
        yield "has no `session_prefix`."
