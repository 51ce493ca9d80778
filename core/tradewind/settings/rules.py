"""How plugin settings are checked, merged and shown. No I/O."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import msgspec

from tradewind.contracts.errors import FieldError, InvalidInput
from tradewind.contracts.settings import operator_fields, properties, secret_fields

MASK = "••••••••"
QUARANTINE_AFTER = 5
FORGIVEN_AFTER = timedelta(hours=24)
"""A programming error counts no more when the next one comes later than this."""
FLAGS = ("USE_NEW_CHECKOUT", "ENABLE_LEGACY_CHECKOUT", "PAYMENT_CHANNEL_WHATSAPP")

Values = Mapping[str, Any]


def merge(settings_type: type[msgspec.Struct], old: Values, new: Values) -> dict[str, Any]:
    """New values over old ones; a secret that comes back masked or empty keeps its old value."""
    secrets = secret_fields(settings_type)
    kept = {name for name in secrets if name in old and new.get(name) in (MASK, "", None, [MASK])}
    changed = {name: value for name, value in new.items() if name not in kept}
    return {**old, **changed}


def parse(settings_type: type[msgspec.Struct], values: Values) -> msgspec.Struct:
    """The typed settings. Raises InvalidInput that names each refused field."""
    known = properties(settings_type)
    errors = [
        FieldError(f"settings.{name}", "unknown_field", f"There is no setting “{name}”.")
        for name in values
        if name not in known
    ]
    errors += _wrong_fields(settings_type, {k: v for k, v in values.items() if k in known})
    if errors:
        raise InvalidInput("The settings are not valid.", code="invalid_settings", errors=errors)
    return msgspec.convert(values, settings_type)


def _wrong_fields(settings_type: type[msgspec.Struct], values: Values) -> list[FieldError]:
    errors: list[FieldError] = []
    for field in msgspec.structs.fields(settings_type):
        path = f"settings.{field.encode_name}"
        if field.encode_name not in values:
            if field.required:
                errors.append(FieldError(path, "required", "This setting is required."))
            continue
        try:
            msgspec.convert(values[field.encode_name], field.type)
        except msgspec.ValidationError as error:
            errors.append(FieldError(path, "invalid_value", str(error)))
    if not errors:
        errors += _wrong_whole(settings_type, values)
    return errors


def _wrong_whole(settings_type: type[msgspec.Struct], values: Values) -> list[FieldError]:
    try:
        msgspec.convert(values, settings_type)
    except msgspec.ValidationError as error:
        return [FieldError("settings", "invalid_value", str(error))]
    return []


def refuse_operator_fields(settings_type: type[msgspec.Struct], values: Values) -> None:
    """Raises InvalidInput when a merchant tries to set what only the operator may."""
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
