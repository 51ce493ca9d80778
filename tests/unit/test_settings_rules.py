"""Plugin settings: what is kept of the old, what is refused, what is shown."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec
import pytest

from tests.support.channels import WireSettings
from tradewind.contracts.errors import InvalidInput
from tradewind.contracts.settings import MASK, OperatorFlag, OperatorOnly, Secret, secret_fields
from tradewind.settings.rules import (
    changes,
    known,
    merge,
    parse,
    refuse_operator_fields,
    shown,
)

OLD: dict[str, Any] = {
    "account": "15550001",
    "token": "hunter2",
    "old_tokens": ["one", "two"],
    "pin": None,
    "api_base": "https://wire.example",
    "retries": 3,
    "names": {},
}


class Optional(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    limit: int | None = 5


def merged(new: dict[str, Any], old: dict[str, Any] = OLD) -> dict[str, Any]:
    return merge(WireSettings, old, new)


def without(*names: str) -> dict[str, Any]:
    return {name: value for name, value in OLD.items() if name not in names}


def test_a_masked_secret_keeps_its_old_value() -> None:
    assert merged({"token": MASK})["token"] == "hunter2"


@pytest.mark.parametrize("empty", ["", None])
def test_a_secret_that_is_emptied_is_cleared(empty: str | None) -> None:
    assert merged({"pin": empty}, {**OLD, "pin": "4711"}) == without("pin")
    with pytest.raises(InvalidInput) as refused:
        parse(WireSettings, merged({"token": empty}))
    [error] = refused.value.errors
    assert (error.path, error.code) == ("settings.token", "required")


def test_null_takes_a_setting_back_to_its_default() -> None:
    assert merged({"retries": None, "old_tokens": None}) == without("retries", "old_tokens")


def test_null_stays_where_it_is_a_value() -> None:
    assert merge(Optional, {"limit": 7}, {"limit": None}) == {"limit": None}


def test_a_new_secret_takes_the_place_of_the_old() -> None:
    assert merged({"token": "swordfish"})["token"] == "swordfish"


def test_a_mask_never_becomes_the_secret() -> None:
    assert "token" not in merged({"token": MASK}, {"account": "1"})
    assert "pin" not in merged({"pin": MASK}, {"account": "1"})
    assert "pin" not in merged({"pin": ""}, {"account": "1"})


@pytest.mark.parametrize(
    ("kind", "values", "path"),
    [
        (WireSettings, {**OLD, "token": f"{MASK}more"}, "settings.token"),
        (WireSettings, {**OLD, "old_tokens": ["one", MASK + "x"]}, "settings.old_tokens"),
    ],
)
def test_a_mask_that_somebody_typed_on_is_refused(
    kind: type[msgspec.Struct], values: dict[str, Any], path: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse(kind, merge(kind, values, values))
    assert [(one.path, one.code) for one in refused.value.errors] == [(path, "invalid_value")]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ([MASK, MASK], ["one", "two"]),
        ([MASK, "new"], ["one", "new"]),
        (["new", MASK], ["new", "two"]),
        ([MASK], ["one"]),
        ([MASK, MASK, MASK], ["one", "two"]),
        (["new"], ["new"]),
        ([], []),
    ],
)
def test_each_masked_secret_of_a_list_keeps_its_own_old_value(
    given: list[str], kept: list[str]
) -> None:
    assert merged({"old_tokens": given})["old_tokens"] == kept


def test_what_is_shown_and_sent_back_changes_nothing() -> None:
    assert merged(shown(WireSettings, OLD)) == without("pin")
    assert changes(WireSettings, OLD, merged(shown(WireSettings, OLD))) == {}


def test_a_setting_that_is_no_secret_may_be_emptied() -> None:
    assert merged({"account": ""})["account"] == ""


def test_settings_a_plugin_no_longer_has_are_left_out() -> None:
    old = {**OLD, "colour": "red"}
    assert merged({"retries": 4}, old) == {**OLD, "retries": 4}
    assert known(WireSettings, old) == OLD


def test_only_what_differs_is_a_change() -> None:
    assert changes(WireSettings, OLD, {**OLD, "retries": 4}) == {"retries": 4}
    fresh = {"account": "1", "retries": 3, "api_base": "https://wire.example"}
    assert changes(WireSettings, {}, fresh) == {"account": "1"}


def test_what_goes_back_to_its_default_is_a_change() -> None:
    old = {**OLD, "api_base": "http://10.0.0.1"}
    assert set(changes(WireSettings, old, without("api_base", "old_tokens"))) == {
        "api_base",
        "old_tokens",
    }
    assert changes(WireSettings, OLD, without("api_base", "retries", "names", "pin")) == {}


# --- what is refused ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "path", "code"),
    [
        ({"account": 7}, "settings.account", "invalid_value"),
        ({"account": "seven"}, "settings.account", "invalid_value"),
        ({"retries": -1}, "settings.retries", "invalid_value"),
        ({"retries": "3"}, "settings.retries", "invalid_value"),
        ({"old_tokens": "one"}, "settings.old_tokens", "invalid_value"),
        ({"names": {"x": "y"}}, "settings.names", "invalid_value"),
        ({"colour": "red"}, "settings.colour", "unknown_field"),
        ({"retries": 101, "old_tokens": []}, "settings", "invalid_value"),
    ],
)
def test_a_wrong_setting_is_named(change: dict[str, Any], path: str, code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse(WireSettings, {**OLD, **change})
    assert refused.value.reason == "invalid_settings"
    [error] = refused.value.errors
    assert (error.path, error.code) == (path, code)
    assert error.message


class Kinds(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    mode: Literal["live", "test"] = "live"
    count: Annotated[int, msgspec.Meta(ge=1, le=5)] = 1
    code: Annotated[str, msgspec.Meta(min_length=3, max_length=5)] = "abc"
    name: Annotated[str, msgspec.Meta(min_length=1)] = "x"
    on: bool = True
    share: Annotated[float, msgspec.Meta(gt=0, lt=1)] = 0.5
    number: Annotated[str, msgspec.Meta(pattern="^[0-9]*$")] = ""
    version: Annotated[str, msgspec.Meta(pattern="^v", description="Such as v25.0.")] = "v1"
    note: str | None = None
    tags: Annotated[list[str], msgspec.Meta(max_length=2)] = []
    parts: list[Annotated[int, msgspec.Meta(ge=1)]] = []
    ways: Sequence[Literal["card", "phone"]] = ()
    limits: dict[str, Annotated[str, msgspec.Meta(pattern="^[0-9]*$")]] = {}
    inner: "Inner | None" = None


@pytest.mark.parametrize(
    ("change", "path", "message"),
    [
        ({"mode": "rehearsal"}, "mode", "Use one of: live, test."),
        ({"mode": 3}, "mode", "Use one of: live, test."),
        ({"count": 9}, "count", "This must be at most 5."),
        ({"count": 0}, "count", "This must be at least 1."),
        ({"count": "two"}, "count", "This must be a whole number."),
        ({"count": 1.5}, "count", "This must be a whole number."),
        ({"code": "a"}, "code", "This needs at least 3 characters."),
        ({"code": "abcdef"}, "code", "This may have at most 5 characters."),
        ({"name": ""}, "name", "This must not be empty."),
        ({"on": "perhaps"}, "on", "This must be true or false."),
        ({"share": 0}, "share", "This must be more than 0."),
        ({"share": 1}, "share", "This must be less than 1."),
        ({"number": "+254"}, "number", "Use digits only."),
        ({"version": "25"}, "version", "This is not of the expected form. Such as v25.0."),
        ({"note": 7}, "note", "This must be text."),
        ({"tags": ["a", "b", "c"]}, "tags", "This may have at most 2 entries."),
        ({"tags": "a"}, "tags", "This must be a list."),
        ({"parts": [1, 0]}, "parts.1", "This must be at least 1."),
        ({"ways": ["card", "cheque"]}, "ways.1", "Use one of: card, phone."),
        ({"limits": {"a": "1", "b": "two"}}, "limits.*", "Use digits only."),
        ({"inner": {"plain": 3, "key": "k"}}, "inner.plain", "This must be text."),
        ({"inner": {"plain": "x"}}, "inner.key", "This setting is required."),
        ({"inner": {"key": "k", "x": 1}}, "inner.x", "There is no setting “x”."),
    ],
)
def test_what_is_wrong_is_said_in_a_merchants_words(
    change: dict[str, Any], path: str, message: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse(Kinds, change)
    [error] = refused.value.errors
    assert (error.path, error.message) == (f"settings.{path}", message)


class Strict(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Says what it was given when it is not content, and has a defect of its own."""

    token: Secret
    zone: str = "UTC"

    def __post_init__(self) -> None:
        if self.zone == "moon":
            raise ValueError(f"{self.token} is not for the moon")
        if self.zone == "sun":
            raise KeyError(self.token)


@pytest.mark.parametrize("zone", ["moon", "sun"])
def test_what_a_plugin_says_about_its_settings_tells_no_secret(zone: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse(Strict, {"token": "hunter2", "zone": zone})
    [error] = refused.value.errors
    assert error.path == "settings"
    assert "hunter2" not in repr(refused.value.errors)
    assert zone != "moon" or error.message == f"{MASK} is not for the moon"


def test_every_wrong_setting_is_named_at_once() -> None:
    with pytest.raises(InvalidInput) as refused:
        parse(WireSettings, {"retries": "x", "colour": "red", "shape": "round"})
    assert {(error.path, error.code) for error in refused.value.errors} == {
        ("settings.account", "required"),
        ("settings.token", "required"),
        ("settings.retries", "invalid_value"),
        ("settings.colour", "unknown_field"),
        ("settings.shape", "unknown_field"),
    }


def test_what_is_wrong_with_a_secret_does_not_tell_it() -> None:
    with pytest.raises(InvalidInput) as refused:
        parse(WireSettings, {**OLD, "token": ["hunter2"], "pin": 4711})
    assert len(refused.value.errors) == 2
    assert "hunter2" not in repr(refused.value.errors)
    assert "4711" not in repr(refused.value.errors)


def test_right_settings_become_the_plugins_own_struct() -> None:
    parsed = parse(WireSettings, {**OLD, "names": {"1": "one"}})
    assert parsed == WireSettings(
        account="15550001", token="hunter2", old_tokens=["one", "two"], names={1: "one"}
    )


class _Switched(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    url: OperatorOnly = ""
    private: OperatorFlag = False
    often: bool = False


def test_a_switch_may_be_the_operators_as_well() -> None:
    refuse_operator_fields(_Switched, {"often": True})
    with pytest.raises(InvalidInput) as refused:
        refuse_operator_fields(_Switched, {"often": True, "private": True})
    assert [one.path for one in refused.value.errors] == ["settings.private"]


def test_what_is_the_operators_is_refused_by_name() -> None:
    refuse_operator_fields(WireSettings, {"account": "1", "token": "x"})
    with pytest.raises(InvalidInput) as refused:
        refuse_operator_fields(WireSettings, {"account": "1", "api_base": "http://10.0.0.1"})
    assert refused.value.reason == "operator_only"
    assert [error.path for error in refused.value.errors] == ["settings.api_base"]


# --- what is shown -----------------------------------------------------------------------------


def test_no_secret_is_shown_nor_how_long_it_is() -> None:
    seen = shown(WireSettings, {**OLD, "pin": "4711", "old_tokens": ["one", "a long one"]})
    assert seen["token"] == seen["pin"] == MASK
    assert seen["old_tokens"] == [MASK, MASK]
    assert seen["account"] == "15550001"
    for secret in ("hunter2", "4711", "one"):
        assert secret not in msgspec.json.encode(seen).decode()


def test_a_secret_that_is_not_set_shows_as_not_set() -> None:
    seen = shown(WireSettings, {**OLD, "token": "", "old_tokens": []})
    assert (seen["token"], seen["old_tokens"], seen["pin"]) == ("", [], None)


class Inner(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    key: Secret
    plain: str = ""


class Deep(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    account: Inner
    keys: dict[str, Secret] = {}
    more: list[Inner] = []
    plain: dict[str, str] = {}


def test_a_secret_is_hidden_however_deep_it_lies() -> None:
    assert secret_fields(Deep) == {"account", "keys", "more"}
    values = {"account": {"key": "k1"}, "keys": {"a": "k2"}, "more": [{"key": "k3"}]}
    text = str(shown(Deep, values))
    assert not any(secret in text for secret in ("k1", "k2", "k3"))
