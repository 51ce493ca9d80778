"""How plugin settings are checked, merged and shown. No I/O."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import zip_longest
from typing import Any

import msgspec

from tradewind.contracts.errors import FieldError, InvalidInput
from tradewind.contracts.settings import (
    MASK,
    masked,
    operator_fields,
    properties,
    secret_fields,
    secrets_in,
)
from tradewind.settings.words import REQUIRED, field_error, no_such

QUARANTINE_AFTER = 5
FORGIVEN_AFTER = timedelta(hours=24)
"""A programming error counts no more when the next one comes later than this."""
_MASKED = "Enter this anew: the dots stand for a secret that is not shown."
FLAGS = ("USE_NEW_CHECKOUT", "ENABLE_LEGACY_CHECKOUT", "PAYMENT_CHANNEL_WHATSAPP")

Values = Mapping[str, Any]


class Defect(msgspec.Struct, frozen=True, kw_only=True):
    """What a plugin got wrong: the hook or method, and the error's type and words."""

    at: datetime
    where: str
    error: str


def known(settings_type: type[msgspec.Struct], values: Values) -> dict[str, Any]:
    """The values that the plugin has a setting for; it may have had others once."""
    names = {field.encode_name for field in msgspec.structs.fields(settings_type)}
    return {name: value for name, value in values.items() if name in names}


def merge(settings_type: type[msgspec.Struct], old: Values, new: Values) -> dict[str, Any]:
    """New values over old ones.

    A secret that comes back masked keeps its value. An empty secret, or null where it is no value
    of its own, takes a setting back to its default.
    """
    fields = {field.encode_name: field for field in msgspec.structs.fields(settings_type)}
    secrets = secret_fields(settings_type)
    merged = known(settings_type, old)
    for name, value in new.items():
        is_secret = name in secrets
        merged[name] = _unmasked(merged.get(name), value) if is_secret else value
        if name in fields and _is_cleared(fields[name], merged[name], is_secret=is_secret):
            del merged[name]
    return merged


def _unmasked(old: Any, new: Any) -> Any:
    """What a secret is to be; None where a mask stands for nothing."""
    if isinstance(new, list):
        before = old if isinstance(old, list) else []
        pairs = zip_longest(new, before[: len(new)])
        kept = (then if now == MASK else now for now, then in pairs)
        return [one for one in kept if one is not None]
    return old if new == MASK else new


def _is_cleared(field: Any, value: Any, *, is_secret: bool) -> bool:
    if is_secret:
        return value is None or value == ""
    return value is None and not _fits(None, field.type)


def _fits(value: Any, kind: Any) -> bool:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return False
    return True


def changes(settings_type: type[msgspec.Struct], old: Values, new: Values) -> dict[str, Any]:
    """The new values that differ from the old ones; where there is none, the default counts."""
    before, after = ({**_defaults(settings_type), **values} for values in (old, new))
    missing = object()
    return {name: value for name, value in after.items() if before.get(name, missing) != value} | {
        name: None for name in before if name not in after
    }


def _defaults(settings_type: type[msgspec.Struct]) -> dict[str, Any]:
    return {
        field.encode_name: msgspec.to_builtins(_default(field))
        for field in msgspec.structs.fields(settings_type)
        if not field.required
    }


def _default(field: Any) -> Any:
    if field.default_factory is not msgspec.NODEFAULT:
        return field.default_factory()
    return field.default


def parse(settings_type: type[msgspec.Struct], values: Values) -> msgspec.Struct:
    """The typed settings. Raises InvalidInput that names each refused field and tells no secret."""
    right = known(settings_type, values)
    errors = [
        FieldError(f"settings.{name}", "unknown_field", no_such(name))
        for name in values
        if name not in right
    ]
    errors += _wrong_fields(settings_type, right)
    if not errors:
        made, errors = _made(settings_type, right)
        if made is not None:
            return made
    secrets = secrets_in(settings_type, right)
    told = [msgspec.structs.replace(one, message=masked(one.message, secrets)) for one in errors]
    raise InvalidInput("The settings are not valid.", code="invalid_settings", errors=told)


def _wrong_fields(settings_type: type[msgspec.Struct], values: Values) -> list[FieldError]:
    errors: list[FieldError] = []
    schemas, secrets = properties(settings_type), secret_fields(settings_type)
    for field in msgspec.structs.fields(settings_type):
        name, path = field.encode_name, f"settings.{field.encode_name}"
        if name not in values:
            if field.required:
                errors.append(FieldError(path, "required", REQUIRED))
            continue
        if name in secrets and MASK in str(values[name]):
            errors.append(FieldError(path, "invalid_value", _MASKED))
            continue
        try:
            msgspec.convert(values[name], field.type, str_keys=True)
        except msgspec.ValidationError as error:
            errors.append(field_error(path, schemas[name], error))
    return errors


def _made(
    settings_type: type[msgspec.Struct], values: Values
) -> tuple[msgspec.Struct | None, list[FieldError]]:
    """The plugin's own struct, or what it has against the values as a whole."""
    try:
        return msgspec.convert(values, settings_type, str_keys=True), []
    except msgspec.ValidationError as error:
        words = str(error)
    except Exception as error:  # noqa: BLE001 - a plugin's struct may raise anything
        words = f"The plugin cannot take these settings ({type(error).__name__})."
    return None, [FieldError("settings", "invalid_value", words)]


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
