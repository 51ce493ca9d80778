"""Options: what a shopper chooses of a product, and which variant the choice names."""

from collections.abc import Mapping, Sequence
from itertools import product

import msgspec

from tradewind.contracts.errors import FieldError

MOST_OPTIONS = 5
MOST_VALUES = 100
MOST_VARIANTS = 250
_LONGEST = 60


class Option(msgspec.Struct, frozen=True):
    """Something to choose, such as a size, and what may be chosen, in the order shown."""

    name: str
    values: Sequence[str]


Choice = Mapping[str, str]
"""One value of each option, by the option's name."""


def option_errors(options: Sequence[Option]) -> list[FieldError]:
    """What is wrong with a product's declared options."""
    errors = _words_errors("options", [one.name for one in options], MOST_OPTIONS)
    for index, one in enumerate(options):
        path = f"options.{index}.values"
        if not one.values:
            errors.append(FieldError(path, "required", "At least one value."))
        errors += _words_errors(path, one.values, MOST_VALUES)
    return errors


def choice_errors(options: Sequence[Option], choices: Mapping[str, Choice]) -> list[FieldError]:
    """What is wrong with the choices that variants stand for; by the path of each variant.

    Of declared options each variant gives one value. Where none are declared, the variants name
    them, and one may leave some out. No two variants stand for the same choice.
    """
    errors: list[FieldError] = []
    seen: set[frozenset[tuple[str, str]]] = set()
    for path, choice in choices.items():
        errors += _undeclared(f"{path}.options", options, choice) if options else []
        key = frozenset(choice.items())
        if key and key in seen:
            errors.append(
                FieldError(f"{path}.options", "duplicate", "Another variant has these options.")
            )
        seen.add(key)
    return errors


def inferred(choices: Sequence[Choice]) -> list[Option]:
    """The options that variants name, in the order of their first mention."""
    found: dict[str, dict[str, None]] = {}
    for choice in choices:
        for name, value in choice.items():
            found.setdefault(name, {})[value] = None
    return [Option(name, list(values)) for name, values in found.items()]


def missing_choices(options: Sequence[Option], present: Sequence[Choice]) -> list[dict[str, str]]:
    """Every choice that no variant stands for yet, the last option changing fastest."""
    names = [one.name for one in options]
    every = (dict(zip(names, values, strict=True)) for values in product(*_values(options)))
    return [choice for choice in every if choice not in present] if options else []


def choices_in_all(options: Sequence[Option]) -> int:
    """How many choices there are."""
    count = 1 if options else 0
    for one in options:
        count *= len(one.values)
    return count


def _values(options: Sequence[Option]) -> list[Sequence[str]]:
    return [one.values for one in options]


def _undeclared(path: str, options: Sequence[Option], choice: Choice) -> list[FieldError]:
    known = {one.name: one.values for one in options}
    errors = [
        FieldError(f"{path}.{name}", "required", "Each variant gives a value of each option.")
        for name in known
        if name not in choice
    ]
    for name, value in choice.items():
        if value not in known.get(name, ()):
            errors.append(FieldError(f"{path}.{name}", "unknown", "The product declares no such."))
    return errors


def _words_errors(path: str, words: Sequence[str], most: int) -> list[FieldError]:
    errors: list[FieldError] = []
    if len(words) > most:
        errors.append(FieldError(path, "out_of_range", f"At most {most}."))
    for index, word in enumerate(words):
        if not word.strip() or len(word) > _LONGEST:
            errors.append(FieldError(f"{path}.{index}", "invalid", f"1 to {_LONGEST} characters."))
        if word in words[:index]:
            errors.append(FieldError(f"{path}.{index}", "duplicate", "This is listed twice."))
    return errors
