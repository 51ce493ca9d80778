"""Plugin settings: what is kept of the old, what is refused, what is shown."""

from typing import Any

import msgspec
import pytest

from tests.support.channels import WireSettings
from tradewind.contracts.errors import InvalidInput
from tradewind.contracts.settings import OperatorFlag, OperatorOnly, Secret, secret_fields
from tradewind.settings.rules import (
    MASK,
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


def merged(new: dict[str, Any], old: dict[str, Any] = OLD) -> dict[str, Any]:
    return merge(WireSettings, old, new)


@pytest.mark.parametrize("value", [MASK, "", None])
def test_a_masked_or_empty_secret_keeps_its_old_value(value: Any) -> None:
    assert merged({"token": value})["token"] == "hunter2"


def test_a_new_secret_takes_the_place_of_the_old() -> None:
    assert merged({"token": "swordfish"})["token"] == "swordfish"


def test_a_mask_never_becomes_the_secret() -> None:
    assert "token" not in merged({"token": MASK}, {"account": "1"})
    assert "pin" not in merged({"pin": MASK}, {"account": "1"})
    assert merged({"pin": ""}, {"account": "1"})["pin"] == ""


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
    assert merged(shown(WireSettings, OLD)) == OLD
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
