"""Find installed plugins and take in those that fit; the others are reported, each by name."""

import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.metadata import EntryPoint
from importlib.metadata import entry_points as _entry_points
from typing import Any

import msgspec
import pluggy

from tradewind.contracts.errors import PluginProblem
from tradewind.contracts.events import type_of
from tradewind.hooks import ENTRY_POINT_GROUP, PROJECT, Hooks, Plugin, PluginTables
from tradewind.plugins import checks
from tradewind.plugins.checks import Problem
from tradewind.plugins.dispatch import Dispatcher
from tradewind.plugins.facade import Brought, Plugins
from tradewind.plugins.outcomes import (
    FailureSink,
    LoadedPlugin,
    PluginFault,
    attempt,
    in_words,
)


class _Candidate(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    distribution: str | None
    version: str | None
    plugin: Any
    entry_point: str | None
    built_in: bool = False

    def faults(self, problems: Iterable[Problem]) -> list[PluginFault]:
        return [PluginFault(self.name, self.distribution, *problem) for problem in problems]


def installed() -> Sequence[EntryPoint]:
    """The entry points of group `tradewind` in this Python environment."""
    return tuple(_entry_points(group=ENTRY_POINT_GROUP))


def load(
    *,
    strict: bool = False,
    entry_points: Iterable[EntryPoint] | None = None,
    extra: Sequence[Plugin] = (),
    built_in: Sequence[Plugin] = (),
    timeout: float = 5.0,
    on_failure: FailureSink | None = None,
) -> Plugins:
    """Load plugins in the order of their names, each on its own.

    `entry_points` defaults to what is `installed`, except in a process that runs pytest, where
    nothing is loaded unasked. `extra` are further plugins, which win over installed ones of the
    same name. `built_in` are Tradewind's own: they are asked like the others, but no store enables
    them or gives them settings. `timeout` is the limit of each request-time call in seconds;
    `on_failure` is told when one fails. A plugin that cannot be used is left out and is in
    `Plugins.faults`; with `strict`, PluginProblem is raised instead and lists every fault.
    """
    if entry_points is None:
        entry_points = () if _in_pytest() else installed()
    faults: list[PluginFault] = []
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(Hooks)
    own = [msgspec.structs.replace(_handed_in(plugin), built_in=True) for plugin in built_in]
    candidates = [*own, *map(_handed_in, extra), *_imported(entry_points, faults)]
    accepted = _checked(candidates, manager, faults)
    _register(accepted, manager, faults)
    dispatcher = Dispatcher(manager, timeout, on_failure)
    brought = _brought(accepted, manager, dispatcher, faults)
    manager.check_pending()
    faults.sort(key=lambda fault: fault.name)
    if strict and faults:
        raise PluginProblem(_report(faults))
    loaded = {
        name: _loaded(candidate, manager)
        for name, candidate in accepted.items()
        if manager.has_plugin(name)
    }
    of_tradewind = [name for name in loaded if accepted[name].built_in]
    ours = {name: loaded.pop(name) for name in of_tradewind}
    return Plugins(loaded, tuple(faults), brought, dispatcher, built_in=ours)


def _in_pytest() -> bool:
    # The variable alone would also speak of a host that a test started as its own process.
    return "PYTEST_VERSION" in os.environ and "pytest" in sys.modules


def _handed_in(plugin: Plugin) -> _Candidate:
    return _Candidate(
        name=str(getattr(plugin, "name", type(plugin).__name__)),
        distribution=None,
        version=None,
        plugin=plugin,
        entry_point=None,
    )


def _imported(points: Iterable[EntryPoint], faults: list[PluginFault]) -> list[_Candidate]:
    found = []
    for point in sorted(points, key=lambda point: (point.name, _origin(point)[0] or "")):
        distribution, version = _origin(point)
        plugin, error = attempt(point.load)
        if error is not None:
            message = f"{point.value} cannot be imported: {in_words(error)}"
            faults.append(PluginFault(point.name, distribution, "import_failed", message))
            continue
        found.append(
            _Candidate(
                name=point.name,
                distribution=distribution,
                version=version,
                plugin=plugin,
                entry_point=point.name,
            )
        )
    return found


def _origin(point: EntryPoint) -> tuple[str | None, str | None]:
    # An installation broken half-way may lack the file these come from.
    distribution = point.dist
    name, _ = attempt(lambda: distribution.name if distribution else None)
    version, _ = attempt(lambda: distribution.version if distribution else None)
    return name, version


def _checked(
    candidates: Iterable[_Candidate], manager: pluggy.PluginManager, faults: list[PluginFault]
) -> dict[str, _Candidate]:
    accepted: dict[str, _Candidate] = {}
    for candidate in candidates:
        problems = _looked_at(
            checks.plugin_problems, candidate.plugin, manager, candidate.entry_point
        )
        if candidate.name == PROJECT and not candidate.built_in:
            message = "This is Tradewind's own name; give the plugin another."
            problems.append(Problem("reserved_name", message))
        elif candidate.name in accepted:
            other = accepted[candidate.name].distribution or "the host"
            problems.append(
                Problem(
                    "duplicate_name",
                    f"{other} already brings a plugin of this name; uninstall one of the two.",
                )
            )
        if problems:
            faults.extend(candidate.faults(problems))
        else:
            accepted[candidate.name] = candidate
    return dict(sorted(accepted.items()))


def _looked_at(find: Callable[..., list[Problem]], *args: object) -> list[Problem]:
    # Reading an attribute of a plugin may run its code.
    problems, error = attempt(find, *args)
    if error is not None:
        return [Problem("not_a_plugin", f"Looking at it raised {in_words(error)}")]
    return list(problems)


def _register(
    accepted: Mapping[str, _Candidate], manager: pluggy.PluginManager, faults: list[PluginFault]
) -> None:
    # pluggy asks the last registered first.
    for name, candidate in reversed(list(accepted.items())):
        try:
            manager.register(candidate.plugin, name)
            manager.check_pending()
        except (pluggy.PluginValidationError, ValueError) as error:
            faults.extend(candidate.faults([Problem("bad_hook", _without_signature(error))]))
            _drop(name, manager)


def _without_signature(error: Exception) -> str:
    lines = str(error).splitlines()
    return ": ".join(line for line in lines if not line.startswith("hookimpl definition"))


def _drop(name: str, manager: pluggy.PluginManager) -> None:
    if manager.has_plugin(name):
        manager.unregister(name=name)


def _brought(
    accepted: Mapping[str, _Candidate],
    manager: pluggy.PluginManager,
    dispatcher: Dispatcher,
    faults: list[PluginFault],
) -> Brought:
    """Call the start-up hooks that name things; who fails there is dropped with all it brings."""
    answers: dict[str, dict[str, Any]] = {}
    problems: dict[str, list[Problem]] = {}
    for hook in ("channels", "payment_providers", "tables"):
        outcome = dispatcher.start_up(hook)
        for failure in outcome.failures:
            problem = Problem("start_up_failed", f"`{hook}` raised {failure.error}")
            problems.setdefault(failure.plugin, []).append(problem)
        for answer in outcome.answers:
            answers.setdefault(answer.plugin, {})[hook] = answer.value
    brought = Brought()
    for name, candidate in accepted.items():
        given = answers.get(name, {})
        found = problems.get(name) or _looked_at(_take, name, candidate, given, brought)
        if found:
            faults.extend(candidate.faults(found))
            _drop(name, manager)
    return brought


def _take(
    name: str, candidate: _Candidate, answers: Mapping[str, Any], brought: Brought
) -> list[Problem]:
    settings_type = candidate.plugin.settings_type
    channels = answers.get("channels", ())
    providers = answers.get("payment_providers", ())
    tables = answers.get("tables")
    problems = [
        *checks.channel_problems(channels, settings_type),
        *checks.provider_problems(providers, settings_type),
    ]
    if not isinstance(tables, PluginTables | None):
        problems.append(Problem("bad_tables", f"`tables` must return PluginTables, not {tables!r}"))
    problems = (
        problems
        or brought.clashes(channels, providers)
        or checks.door_problems(channels, providers)
    )
    if not problems:
        brought.add(name, channels, providers, tables)
    return problems


def _loaded(candidate: _Candidate, manager: pluggy.PluginManager) -> LoadedPlugin:
    plugin: Plugin = candidate.plugin
    hooks = checks.implemented_hooks(plugin, manager)
    return LoadedPlugin(
        name=candidate.name,
        distribution=candidate.distribution,
        version=candidate.version,
        requires=plugin.requires,
        hooks=tuple(sorted(hooks)),
        events=_wanted(hooks),
        settings_type=plugin.settings_type,
        plugin=plugin,
    )


def _wanted(hooks: Mapping[str, Any]) -> tuple[str, ...] | None:
    if "on_event" not in hooks:
        return ()
    events = getattr(hooks["on_event"], "tradewind_events", ())
    return tuple(type_of(event) for event in events) or None


def _report(faults: Sequence[PluginFault]) -> str:
    lines = [
        f"{fault.name} ({fault.distribution or 'built in'}): {fault.message} [{fault.code}]"
        for fault in faults
    ]
    return "\n- ".join(["These plugins cannot be used:", *lines])
