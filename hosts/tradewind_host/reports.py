"""What the command line prints without a database: the configuration, the plugins."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Column, Table

from tradewind.plugins import PluginFault, Plugins, load
from tradewind.pricing.builtin import PRICE_TABLES
from tradewind.settings.keyring import Keyring, new_key
from tradewind_host.config import Config, shown, unknown_keys


def print_key() -> None:
    """A fresh secret key."""
    sys.stdout.write(new_key() + "\n")


def print_config(
    config: Config, environ: Mapping[str, str], folder: Path, *, as_json: bool
) -> bool:
    """Print every key, secrets masked, and what is wrong; returns whether nothing is."""
    problems = problems_of(config)
    unknown = unknown_keys(environ, folder)
    if as_json:
        told = {"config": shown(config), "problems": problems, "unknown_keys": unknown}
        _print_json(told)
        return not problems
    table = Table.grid(padding=(0, 2))
    for key, value in shown(config).items():
        table.add_row(key, value or "(not set)")
    console = Console(highlight=False, soft_wrap=True, markup=False)
    console.print(table)
    for name in unknown:
        console.print(f"{name} is no key of Tradewind: a slip of the pen?")
    for problem in problems:
        console.print(f"Wrong: {problem}")
    return not problems


def problems_of(config: Config) -> list[str]:
    """What keeps a host with this configuration from running well."""
    problems = []
    if config.secret_keys and not _usable(config.secret_keys):
        problems.append(
            "TRADEWIND_SECRET_KEY: each key is one line of `tradewind config --new-key`."
        )
    if config.database_url and not config.secret_keys:
        problems.append("TRADEWIND_SECRET_KEY is needed with TRADEWIND_DATABASE_URL.")
    if config.owner_database_url and config.owner_database_url == config.database_url:
        problems.append(
            "The app must not connect as the owner: row-level security needs two roles."
        )
    return problems


def _usable(keys: tuple[str, ...]) -> bool:
    try:
        Keyring(keys)
    except ValueError:
        return False
    return True


def print_plugins(*, as_json: bool) -> None:
    """Every plugin in use and every one that was left out."""
    plugins = load(built_in=[PRICE_TABLES])
    if as_json:
        _print_json(
            {"plugins": _listed(plugins), "faults": [_fault(one) for one in plugins.faults]}
        )
        return
    names = ("plugin", "version", "distribution", "brings", "hooks", "events")
    table = Table(*(Column(name, overflow="fold") for name in names))
    for one in _listed(plugins):
        events = "all" if one["events"] is None else ", ".join(one["events"])
        brings = ", ".join([*one["channels"], *one["payment_providers"]])
        table.add_row(
            one["name"],
            one["version"],
            "(built in)" if one["built_in"] else one["distribution"],
            brings,
            ", ".join(one["hooks"]),
            events,
        )
    Console().print(table)
    if not plugins.loaded:
        Console().print("No plugins are installed.")
    _print_faults(plugins)


def print_faults() -> bool:
    """Print what is wrong with installed plugins; returns whether nothing is."""
    plugins = load()
    _print_faults(plugins)
    if not plugins.faults:
        Console().print(f"{len(plugins.loaded)} plugins load.")
    return not plugins.faults


def _print_faults(plugins: Plugins) -> None:
    console = Console(highlight=False, soft_wrap=True, markup=False)
    for fault in plugins.faults:
        console.print(f"{fault.name} is left out: {fault.message} [{fault.code}]")


def _listed(plugins: Plugins) -> list[dict[str, Any]]:
    return [
        {
            "name": one.name,
            "version": one.version or "",
            "distribution": one.distribution or "",
            "built_in": one.name in plugins.built_in,
            "requires": one.requires,
            "hooks": list(one.hooks),
            "events": None if one.events is None else list(one.events),
            "channels": [n for n in plugins.channels if plugins.plugin_of(n) == one.name],
            "payment_providers": [n for n in plugins.providers if plugins.plugin_of(n) == one.name],
        }
        for one in [*plugins.built_in.values(), *plugins.loaded.values()]
    ]


def _fault(fault: PluginFault) -> dict[str, Any]:
    return {
        "name": fault.name,
        "distribution": fault.distribution,
        "code": fault.code,
        "message": fault.message,
    }


def _print_json(value: Any) -> None:
    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")
