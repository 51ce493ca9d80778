"""Finding and checking plugins: what fits is loaded, what does not is named and left out."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import msgspec
import pluggy
import pytest

import tradewind
from tradewind import (
    Event,
    NoSettings,
    NotFound,
    OrderPlaced,
    PaymentPaid,
    Plugin,
    PluginProblem,
    StoreContext,
    hookimpl,
)
from tradewind.plugins import PluginFault, Plugins, installed, load


class Good(Plugin):
    """A plugin without fault; `name` may be changed per instance."""

    requires = ">=0.1,<1"

    def __init__(self, name: str = "good") -> None:
        self.name = name


class Listener(Good):
    @hookimpl
    async def on_event(self, event: Event, context: StoreContext[Any]) -> None: ...


class Chooser(Good):
    @hookimpl(events=[OrderPlaced, PaymentPaid])
    async def on_event(self, event: Event, context: StoreContext[Any]) -> None: ...


def codes(plugins: Plugins) -> list[tuple[str, str]]:
    return [(fault.name, fault.code) for fault in plugins.faults]


def only_fault(plugin: Plugin) -> PluginFault:
    """The one fault of a plugin that is loaded beside a good one, which must be unharmed."""
    plugins = load(extra=[plugin, Good()])
    assert list(plugins.loaded) == ["good"]
    (fault,) = plugins.faults
    assert fault.name == plugin.name
    return fault


class Site:
    """A folder of modules and installed distributions, in front of `sys.path`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def module(self, name: str, body: str) -> None:
        imports = "from tradewind import Plugin, hookimpl\n"
        (self.folder / f"{name}.py").write_text(imports + body)

    def good(self, module: str, name: str, requires: str = ">=0.1,<1") -> None:
        body = (
            f"class It(Plugin):\n    name = {name!r}\n    requires = {requires!r}\nplugin = It()\n"
        )
        self.module(module, body)

    def distribution(self, name: str, points: str, *, metadata: bool = True) -> None:
        folder = self.folder / f"{name.replace('-', '_')}-1.5.dist-info"
        folder.mkdir()
        if metadata:
            (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.5\n")
        (folder / "entry_points.txt").write_text(f"[tradewind]\n{points}\n")

    def points(self) -> list[EntryPoint]:
        """What is installed here; plugins of the environment itself are no part of the test."""
        values = [path.stem for path in self.folder.glob("*.py")]
        return [point for point in installed() if point.module in [*values, "gone"]]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)
    yield Site(tmp_path)
    for name in set(sys.modules) - before:
        if (tmp_path / f"{name}.py").exists():
            del sys.modules[name]


# --- discovery -------------------------------------------------------------------------------


def test_an_installed_plugin_is_found_through_its_entry_point(site: Site) -> None:
    site.good("acme_mail", "acme")
    site.distribution("tradewind-acme", "acme = acme_mail:plugin")
    plugins = load(entry_points=site.points(), strict=True)
    found = plugins.loaded["acme"]
    assert (found.distribution, found.version) == ("tradewind-acme", "1.5")
    assert (found.requires, found.settings_type) == (">=0.1,<1", NoSettings)


def test_tradewinds_own_name_is_refused_to_others(site: Site) -> None:
    site.good("impostor", "tradewind")
    site.distribution("an-impostor", "tradewind = impostor:plugin")
    plugins = load(entry_points=site.points(), extra=[Good()])
    assert codes(plugins) == [("tradewind", "reserved_name")]
    assert list(plugins.loaded) == ["good"]
    with pytest.raises(PluginProblem, match="reserved_name"):
        load(extra=[Good("tradewind")], strict=True)


def test_a_built_in_plugin_is_asked_and_no_store_sets_it() -> None:
    plugins = load(built_in=[Good("tradewind")], extra=[Good()], strict=True)
    assert (list(plugins.built_in), list(plugins.loaded)) == (["tradewind"], ["good"])
    assert plugins.door("tradewind") is None
    with pytest.raises(NotFound):
        plugins.settings_type("tradewind")


def test_plugins_are_loaded_in_the_order_of_their_names(site: Site) -> None:
    for name in ("pear", "apple", "quince"):
        site.good(f"made_{name}", name)
        site.distribution(f"tradewind-{name}", f"{name} = made_{name}:plugin")
    points = site.points()
    for order in (points, points[::-1]):
        plugins = load(entry_points=order, extra=[Good("banana")], strict=True)
        assert list(plugins.loaded) == ["apple", "banana", "pear", "quince"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("raise RuntimeError('no licence')", "RuntimeError: no licence"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("raise BaseException('odd')", "BaseException: odd"),
        ("import a_module_nobody_has", "No module named 'a_module_nobody_has'"),
        ("def (", "SyntaxError"),
        ("", "has no attribute 'plugin'"),
    ],
)
def test_a_plugin_that_fails_on_import_is_named_and_skipped(
    site: Site, body: str, words: str
) -> None:
    site.module("broken_module", body)
    site.distribution("tradewind-broken", "broken = broken_module:plugin")
    plugins = load(entry_points=site.points(), extra=[Good()])
    assert list(plugins.loaded) == ["good"]
    (fault,) = plugins.faults
    assert (fault.name, fault.distribution, fault.code) == (
        "broken",
        "tradewind-broken",
        "import_failed",
    )
    assert words in fault.message


def test_ctrl_c_while_a_plugin_is_imported_is_not_swallowed(site: Site) -> None:
    site.module("interrupted", "raise KeyboardInterrupt")
    site.distribution("tradewind-interrupted", "interrupted = interrupted:plugin")
    with pytest.raises(KeyboardInterrupt):
        load(entry_points=site.points())


def test_an_installation_without_metadata_does_not_stop_the_others(site: Site) -> None:
    site.good("halfway", "halfway")
    site.distribution("tradewind-halfway", "halfway = halfway:plugin", metadata=False)
    plugins = load(entry_points=site.points(), strict=True)
    assert list(plugins.loaded) == ["halfway"]


def test_an_entry_point_of_a_removed_module_is_named_and_skipped(site: Site) -> None:
    site.distribution("tradewind-gone", "gone = gone:plugin")
    assert codes(load(entry_points=site.points())) == [("gone", "import_failed")]


def test_nothing_is_loaded_unasked_while_pytest_runs(site: Site) -> None:
    site.good("unasked", "unasked")
    site.distribution("tradewind-unasked", "unasked = unasked:plugin")
    assert [point.name for point in site.points()] == ["unasked"]
    assert not load().loaded


def test_a_host_started_by_a_test_loads_what_is_installed(site: Site) -> None:
    site.good("in_a_host", "in-a-host")
    site.distribution("tradewind-in-a-host", "in-a-host = in_a_host:plugin")
    program = "from tradewind.plugins import load; print(*load().loaded)"
    core = str(Path(tradewind.__file__).parents[1])
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(site.folder), core])}
    command = [sys.executable, "-c", program]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert "in-a-host" in ran.stdout.split()


# --- what a plugin must be -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "words"),
    [("'a string'", "'a string'"), ("Plugin", "point it at an instance"), ("None", "None")],
)
def test_an_entry_point_must_give_an_instance_of_plugin(site: Site, value: str, words: str) -> None:
    site.module("no_plugin", f"plugin = {value}\n")
    site.distribution("tradewind-none", "none = no_plugin:plugin")
    plugins = load(entry_points=site.points())
    assert codes(plugins) == [("none", "not_a_plugin")]
    assert words in plugins.faults[0].message


def test_the_entry_point_and_the_plugin_have_the_same_name(site: Site) -> None:
    site.good("named_twice", "one")
    site.distribution("tradewind-named-twice", "other = named_twice:plugin")
    assert codes(load(entry_points=site.points())) == [("other", "bad_name")]


@pytest.mark.parametrize("name", ["", "Upper", "with space", "a/b", "1st", "-x"])
def test_a_name_that_does_not_fit_into_a_url_is_refused(name: str) -> None:
    assert only_fault(Good(name)).code == "bad_name"


def test_of_two_plugins_of_one_name_the_second_is_refused(site: Site) -> None:
    for distribution in ("b-store", "a-store"):
        module = distribution.replace("-", "_")
        site.good(module, "store")
        site.distribution(distribution, f"store = {module}:plugin")
    plugins = load(entry_points=site.points())
    assert plugins.loaded["store"].distribution == "a-store"
    assert [(f.distribution, f.code) for f in plugins.faults] == [("b-store", "duplicate_name")]
    assert "a-store" in plugins.faults[0].message


def test_a_plugin_handed_in_wins_over_an_installed_one_of_its_name(site: Site) -> None:
    site.good("installed_good", "good")
    site.distribution("tradewind-good", "good = installed_good:plugin")
    own = Good()
    plugins = load(entry_points=site.points(), extra=[own])
    assert plugins.loaded["good"].plugin is own
    assert codes(plugins) == [("good", "duplicate_name")]


@pytest.mark.parametrize("requires", [">=0.1,<1", f"=={tradewind.__version__}", ">=0.0.1"])
def test_a_plugin_made_for_this_version_is_loaded(requires: str) -> None:
    plugin = Good()
    plugin.requires = requires
    assert list(load(extra=[plugin], strict=True).loaded) == ["good"]


def test_a_plugin_made_for_a_pre_release_line_is_loaded_by_that_pre_release(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tradewind, "__version__", "0.2.0rc1")
    assert load(extra=[Good()], strict=True).loaded


def test_a_plugin_made_for_another_version_is_told_what_to_do() -> None:
    plugin = Good("later")
    plugin.requires = ">=7,<8"
    fault = only_fault(plugin)
    assert fault.code == "wrong_version"
    assert ">=7,<8" in fault.message
    assert tradewind.__version__ in fault.message
    assert "Install a version of the plugin" in fault.message


@pytest.mark.parametrize("requires", ["", "seven", None, 7])
def test_a_plugin_must_say_which_versions_it_was_made_for(requires: Any) -> None:
    plugin = Good("silent")
    plugin.requires = requires
    assert only_fault(plugin).code == "wrong_version"


class Lenient(msgspec.Struct, kw_only=True):
    key: str = ""


class Positional(msgspec.Struct, forbid_unknown_fields=True):
    key: str = ""


class Undrawable(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    key: Path | complex = 1j


class Fine(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    key: str
    many: int = 3


@pytest.mark.parametrize("settings", [Lenient, Positional, Undrawable, dict, None, Fine(key="x")])
def test_settings_are_a_struct_that_refuses_unknown_fields_and_can_be_drawn(settings: Any) -> None:
    plugin = Good("loose")
    plugin.settings_type = settings
    assert only_fault(plugin).code == "bad_settings"


def test_the_settings_struct_is_known_by_the_plugins_name() -> None:
    plugin = Good()
    plugin.settings_type = Fine
    plugins = load(extra=[plugin], strict=True)
    assert plugins.settings_type("good") is Fine


def test_all_problems_of_all_plugins_are_reported_together() -> None:
    worst = Good("worst")
    worst.requires = ">=9"
    worst.settings_type = Lenient
    other = Good("Other")
    plugins = load(extra=[worst, other, Good()])
    assert codes(plugins) == [
        ("Other", "bad_name"),
        ("worst", "wrong_version"),
        ("worst", "bad_settings"),
    ]


def test_strict_loading_refuses_and_lists_every_fault() -> None:
    worst = Good("worst")
    worst.requires = ">=9"
    with pytest.raises(PluginProblem) as refused:
        load(extra=[worst, Good("Other"), Good()], strict=True)
    for words in ("Other", "bad_name", "worst", "wrong_version"):
        assert words in str(refused.value)
    assert "good" not in str(refused.value)


# --- hooks -----------------------------------------------------------------------------------


class Misspelled(Good):
    @hookimpl
    async def on_events(self, event: Event, context: StoreContext[Any]) -> None: ...


class Unheard(Good):
    @hookimpl
    def brew_tea(self) -> None: ...


class Blocking(Good):
    @hookimpl
    def on_event(self, event: Event, context: StoreContext[Any]) -> None: ...


class Waiting(Good):
    @hookimpl
    async def channels(self) -> Sequence[Any]:
        return []


class Wrapping(Good):
    @pluggy.HookimplMarker("tradewind")(wrapper=True)
    def channels(self) -> Iterator[None]:
        yield


class Streaming(Good):
    @hookimpl
    async def on_event(self, event: Event, context: StoreContext[Any]) -> Any:
        yield


class Unmarked(Good):
    async def on_event(self, event: Event, context: StoreContext[Any]) -> None: ...


class Strange(Good):
    @hookimpl(events=[str])  # type: ignore[list-item]
    async def on_event(self, event: Event, context: StoreContext[Any]) -> None: ...


class Misplaced(Good):
    @hookimpl(events=[OrderPlaced])
    def channels(self) -> Sequence[Any]:
        return []


class Demanding(Good):
    @hookimpl
    async def on_event(self, event: Event, context: StoreContext[Any], weather: str) -> None: ...


@pytest.mark.parametrize(
    ("plugin", "words"),
    [
        (Misspelled("p"), "did you mean `on_event`"),
        (Unheard("p"), "There is no hook `brew_tea`."),
        (Blocking("p"), "declare it `async def`"),
        (Waiting("p"), "declare it `def`"),
        (Wrapping("p"), "must not yield"),
        (Streaming("p"), "must not yield"),
        (Unmarked("p"), "lacks @hookimpl"),
        (Strange("p"), "not an event class"),
        (Misplaced("p"), "takes no `events`"),
        (Demanding("p"), "weather"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Plugin) else "",
)
def test_a_hook_that_does_not_fit_is_refused(plugin: Plugin, words: str) -> None:
    fault = only_fault(plugin)
    assert fault.code == "bad_hook"
    assert words in fault.message


def test_an_implementation_may_take_fewer_arguments_than_the_hook_has() -> None:
    class Modest(Good):
        @hookimpl
        async def on_event(self, event: Event) -> None: ...

    assert load(extra=[Modest()], strict=True).subscribers("order.placed") == ("good",)


def test_pending_hooks_are_checked_with_every_plugin(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(manager: pluggy.PluginManager) -> None:
        if manager.has_plugin("late"):
            raise pluggy.PluginValidationError(None, "unknown hook 'late'")

    monkeypatch.setattr(pluggy.PluginManager, "check_pending", refuse)
    assert only_fault(Good("late")).code == "bad_hook"


def test_a_plugin_whose_attributes_raise_is_named_and_skipped() -> None:
    class Thorny(Good):
        @property
        def open(self) -> Any:
            raise RuntimeError("not yet")

    fault = only_fault(Thorny("thorny"))
    assert "not yet" in fault.message


def test_a_plugin_tells_its_hooks_and_the_events_it_wants() -> None:
    plugins = load(extra=[Good(), Listener("all"), Chooser("some")], strict=True)
    assert plugins.loaded["good"].hooks == ()
    assert plugins.loaded["all"].hooks == ("on_event",)
    assert plugins.loaded["good"].events == ()
    assert plugins.loaded["all"].events is None
    assert plugins.loaded["some"].events == ("order.placed", "payment.paid")


def test_subscribers_are_those_that_want_the_type_in_the_order_of_names() -> None:
    plugins = load(extra=[Chooser("some"), Good(), Listener("all")], strict=True)
    assert plugins.subscribers("order.placed") == ("all", "some")
    assert plugins.subscribers("stock.low") == ("all",)
    assert plugins.subscribers("nobody.knows") == ()


def test_two_loads_share_nothing() -> None:
    one, two = load(extra=[Good("one")]), load(extra=[Good("two")])
    assert (list(one.loaded), list(two.loaded)) == (["one"], ["two"])


def test_a_plugin_may_be_loaded_again_by_another_host_in_the_same_process() -> None:
    plugin = Good()
    assert load(extra=[plugin], strict=True).loaded.keys() == {"good"}
    assert load(extra=[plugin], strict=True).loaded.keys() == {"good"}
