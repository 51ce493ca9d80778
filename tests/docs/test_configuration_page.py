"""`docs/configuration.md` has every setting that the code has, as the code has it, and no other."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.docs.pages import read, rows
from tradewind.contracts.settings import form
from tradewind.plugins import installed, load
from tradewind.settings.rules import FLAGS
from tradewind.stores.service import StoreSettings
from tradewind_host.config import KEYS, Config

PAGE = read("docs/configuration.md")
PLUGINS = load(entry_points=installed()).loaded
PLUGIN_PAGES = {
    "email": "docs/channels/email.md",
    "flutterwave": "docs/providers/flutterwave.md",
    "manual": "plugins/manual/README.md",
    "segment": "docs/plugins/segment.md",
    "stripe": "docs/providers/stripe.md",
    "whatsapp": "docs/channels/whatsapp.md",
}

Line = tuple[str, ...]


# --- as the code has it --------------------------------------------------------------------------


def code(text: object) -> str:
    return f"`{text}`"


def of_fields(kind: type[msgspec.Struct]) -> set[Line]:
    """Name, type, default and mark of each setting of a struct."""
    schema = form(kind)
    needed = schema.get("required", ())
    return {
        (code(name), type_of(field), default_of(field, needed=name in needed), mark_of(field))
        for name, field in schema["properties"].items()
    }


def type_of(field: Mapping[str, Any]) -> str:
    if "anyOf" in field:
        (kind,) = (one for one in field["anyOf"] if one.get("type") != "null")
        return type_of(kind)
    if "enum" in field:
        return choice(field["enum"])
    if field["type"] == "array":
        return f"list of {type_of(field['items'])}"
    if field["type"] == "integer":
        return f"number{bounds(field.get('minimum'), field.get('maximum'))}"
    if field.get("format") == "uuid":
        return "id"
    return {"string": "text", "boolean": "`true` or `false`"}[field["type"]]


def choice(words: list[str]) -> str:
    *first, last = map(code, sorted(words))
    return f"{', '.join(first)} or {last}"


def bounds(least: int | None, most: int | None) -> str:
    if least is None:
        return ""
    return f" from {least}" if most is None else f" from {least} to {most}"


def default_of(field: Mapping[str, Any], *, needed: bool) -> str:
    if needed:
        return "required"
    default = field["default"]
    if isinstance(default, list | tuple):
        return ", ".join(map(code, default)) or "empty"
    if default in ("", None):
        return "empty"
    return code(str(default).lower() if isinstance(default, bool) else default)


def mark_of(field: Mapping[str, Any]) -> str:
    if field.get("writeOnly") or field.get("items", {}).get("writeOnly"):
        return "secret"
    return "operator" if field.get("x-operator-only") else ""


def of_host() -> set[Line]:
    """Key, type and default of each key of the environment."""
    fields = {field.name: field for field in msgspec.structs.fields(Config)}
    return {
        (code(key), host_type(fields[name].type), host_default(fields[name].default))
        for name, key in KEYS.items()
    }


def host_type(kind: Any) -> str:
    if kind is Path:
        return "folder"
    if kind == tuple[str, ...]:
        return "list, with commas"
    if kind is bool:
        return "`on` or `off`"
    schema = msgspec.json.schema(kind)
    found = schema.get("anyOf", [schema])[0]
    if "postgres" in found.get("pattern", ""):
        return "address of a database"
    return "address" if "http" in found.get("pattern", "") else type_of(found)


def host_default(default: Any) -> str:
    if default is None or default == ():
        return "not set"
    if isinstance(default, bool):
        return code("on" if default else "off")
    return code(", ".join(default) if isinstance(default, tuple) else default)


# --- as the page has it --------------------------------------------------------------------------


def section(page: str, heading: str) -> str:
    """What stands under a heading, up to the next of its kind or a larger one."""
    level = heading.split(maxsplit=1)[0]
    _, found, rest = f"\n{page}".partition(f"\n{heading}\n")
    ends = re.compile(rf"^#{{2,{len(level)}}} ", re.MULTILINE)
    return ends.split(rest, maxsplit=1)[0] if found else ""


def listed(page: str, heading: str, columns: int) -> list[Line]:
    """The first columns of the table under a heading."""
    return [tuple(row[:columns]) for row in rows(section(page, heading))]


def wanted() -> dict[str, set[Line]]:
    """Heading → what must stand under it."""
    plugins = {f"### {name}": of_fields(one.settings_type) for name, one in PLUGINS.items()}
    return {"## The host": of_host(), "## A store": of_fields(StoreSettings), **plugins}


def differences(page: str) -> list[str]:
    """Every line that is missing, superfluous, wrong or doubled."""
    found = []
    for heading, right in wanted().items():
        told = listed(page, heading, len(next(iter(right))))
        found += [f"{heading}: missing {line}" for line in sorted(right - set(told))]
        found += [f"{heading}: no such {line}" for line in sorted(set(told) - right)]
        found += [f"{heading}: twice {line}" for line in told if told.count(line) > 1]
    headings = set(re.findall(r"^### (.*)$", section(page, "## Plugins"), re.MULTILINE))
    found += [f"no such plugin: {name}" for name in sorted(headings - set(PLUGINS))]
    return found


def test_the_page_and_the_code_agree() -> None:
    assert {"email", "flutterwave", "manual", "whatsapp"} <= set(PLUGINS)
    assert differences(PAGE) == []


LINES = [line for line in PAGE.splitlines() if re.match(r"\| `\w+` \|.*\|.*\|.*\|", line)]


@pytest.mark.parametrize("line", LINES)
def test_a_line_that_is_left_out_or_added_is_noticed(line: str) -> None:
    assert differences(PAGE.replace(f"{line}\n", ""))
    name, _, rest = line.partition("` |")
    assert differences(PAGE.replace(f"{line}\n", f"{line}\n{name}_too` |{rest}\n"))
    assert differences(PAGE.replace(f"{line}\n", f"{line}\n{line}\n"))


def test_what_is_wrong_about_a_line_or_a_plugin_is_noticed() -> None:
    assert len(LINES) == sum(map(len, wanted().values()))
    for right, wrong in [
        ("| `port` | number from 1 to 65535 | `587` |", "| `port` | number | `587` |"),
        (
            "| `TRADEWIND_PORT` | number from 0 to 65535 | `8000` |",
            "| `TRADEWIND_PORT` | number from 0 to 65535 | `80` |",
        ),
        ("| `access_token` | text | required | secret |", "| `access_token` | text | required | |"),
        ("### manual\n", "### by hand\n"),
    ]:
        assert right in PAGE
        assert differences(PAGE.replace(right, wrong))


def test_every_setting_is_explained() -> None:
    headings = wanted()
    for heading, right in headings.items():
        width = len(next(iter(right)))
        for row in rows(section(PAGE, heading)):
            assert len(row[width]) > 4, row


def test_every_setting_has_a_title_for_its_form() -> None:
    kinds: list[type[msgspec.Struct]] = [StoreSettings]
    kinds += [plugin.settings_type for plugin in PLUGINS.values()]
    for kind in kinds:
        for name, field in form(kind)["properties"].items():
            assert field.get("title"), f"{kind.__name__}.{name}"


def test_every_flag_is_explained() -> None:
    flags = [row[0] for row in rows(section(PAGE, "## Feature flags"))]
    assert flags == [code(name) for name in FLAGS]


@pytest.mark.parametrize(("plugin", "path"), PLUGIN_PAGES.items())
def test_a_plugins_own_page_lists_the_same_settings(plugin: str, path: str) -> None:
    page = read(path)
    table = section(page, "## Settings") or page
    named = {name for row in rows(table) for name in re.findall(r"`(\w+)`", row[0])}
    assert named == set(form(PLUGINS[plugin].settings_type)["properties"])
    assert path.removeprefix("docs/") in section(PAGE, f"### {plugin}")


def test_every_plugin_has_a_page_of_its_own() -> None:
    assert set(PLUGIN_PAGES) == set(PLUGINS)
