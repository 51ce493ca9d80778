"""How plugin settings are checked, merged and shown. No I/O."""

from collections.abc import Mapping
from datetime import timedelta
from itertools import zip_longest
from typing import Any

import msgspec

from tradewind.contracts.errors import FieldError, InvalidInput
from tradewind.contracts.settings import operator_fields, secret_fields

MASK = "••••••••"
QUARANTINE_AFTER = 5
FORGIVEN_AFTER = timedelta(hours=24)
"""A programming error counts no more when the next one comes later than this."""
FLAGS = ("USE_NEW_CHECKOUT", "ENABLE_LEGACY_CHECKOUT", "PAYMENT_CHANNEL_WHATSAPP")

Values = Mapping[str, Any]


def known(settings_type: type[msgspec.Struct], values: Values) -> dict[str, Any]:
    """The values that the plugin has a setting for; it may have had others once."""
    names = {field.encode_name for field in msgspec.structs.fields(settings_type)}
    return {name: value for name, value in values.items() if name in names}


def merge(settings_type: type[msgspec.Struct], old: Values, new: Values) -> dict[str, Any]:
    """New values over old ones; a secret that comes back masked or empty keeps its old value."""
    secrets = secret_fields(settings_type)
    merged = known(settings_type, old)
    for name, value in new.items():
        merged[name] = _unmasked(merged.get(name), value) if name in secrets else value
        if merged[name] is msgspec.UNSET:
            del merged[name]
    return merged


def _unmasked(old: Any, new: Any) -> Any:
    """What a secret is to be, or UNSET where a mask stands for nothing."""
    if isinstance(new, list):
        before = old if isinstance(old, list) else []
        pairs = zip_longest(new, before[: len(new)])
        kept = (then if now == MASK else now for now, then in pairs)
        return [one for one in kept if one is not None]
    if old and (not new or new == MASK):
        return old
    return msgspec.UNSET if new == MASK else new


def changes(settings_type: type[msgspec.Struct], old: Values, new: Values) -> dict[str, Any]:
    """The new values that differ from the old ones, or from the defaults where there is none."""
    before = {**_defaults(settings_type), **old}
    return {
        name: value for name, value in new.items() if name not in before or before[name] != value
    }


def _defaults(settings_type: type[msgspec.Struct]) -> dict[str, Any]:
    return {
        field.encode_name: msgspec.to_builtins(field.default)
        for field in msgspec.structs.fields(settings_type)
        if field.default not in (msgspec.NODEFAULT, msgspec.UNSET)
    }


def parse(settings_type: type[msgspec.Struct], values: Values) -> msgspec.Struct:
    """The typed settings. Raises InvalidInput that names each refused field."""
    right = known(settings_type, values)
    errors = [
        FieldError(f"settings.{name}", "unknown_field", f"There is no setting “{name}”.")
        for name in values
        if name not in right
    ]
    errors += _wrong_fields(settings_type, right)
    if errors:
        raise InvalidInput("The settings are not valid.", code="invalid_settings", errors=errors)
    return msgspec.convert(values, settings_type, str_keys=True)


def _wrong_fields(settings_type: type[msgspec.Struct], values: Values) -> list[FieldError]:
    errors: list[FieldError] = []
    for field in msgspec.structs.fields(settings_type):
        path = f"settings.{field.encode_name}"
        if field.encode_name not in values:
            if field.required:
                errors.append(FieldError(path, "required", "This setting is required."))
            continue
        try:
            msgspec.convert(values[field.encode_name], field.type, str_keys=True)
        except msgspec.ValidationError as error:
            errors.append(FieldError(path, "invalid_value", str(error)))
    if not errors:
        errors += _wrong_whole(settings_type, values)
    return errors


def _wrong_whole(settings_type: type[msgspec.Struct], values: Values) -> list[FieldError]:
    try:
        msgspec.convert(values, settings_type, str_keys=True)
    except msgspec.ValidationError as error:
        return [FieldError("settings", "invalid_value", str(error))]
    return []


def refuse_operator_fields(settings_type: type[msgspec.Struct], values: Values) -> None:
    """Raises InvalidInput when a merchant changes what only the operator may: see `changes`."""
    reserved = operator_fields(settings_type) & set(values)
    if reserved:
        message = "Only the operator of this host may set this."
        raise InvalidInput(
            "Some settings are reserved for the operator.",
            code="operator_only",
            errors=[
                FieldError(f"settings.{name}", "operator_only", message)
                for name in sorted(reserved)
            ],
        )


def shown(settings_type: type[msgspec.Struct], values: Values) -> dict[str, Any]:
    """The settings as they may leave the house: secrets masked, whether set or not."""
    secrets = secret_fields(settings_type)
    return {name: _masked(value) if name in secrets else value for name, value in values.items()}


def _masked(value: Any) -> Any:
    if isinstance(value, list):
        return [MASK for _ in value]
    return MASK if value else value
