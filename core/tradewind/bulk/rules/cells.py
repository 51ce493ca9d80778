"""One cell of a file: how a value is written into it, and how it is read back.

A spreadsheet takes a cell that begins with `=`, `+`, `-`, `@` or a control character for a formula
(OWASP, CSV injection). Such text is written behind an apostrophe, which is taken off again when it
is read; text that has apostrophes there already gets one more, so that nothing is lost.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from decimal import Decimal

from tradewind.catalog.rules import LARGEST_AMOUNT
from tradewind.contracts.errors import FieldError
from tradewind.contracts.money import Money, decimals, from_major

_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")  # noqa: RUF001 - spreadsheets know the wide ones
_GUARDED = re.compile(r"'+[=+\-@\t\r\n＝＋－＠]")  # noqa: RUF001
_WHOLE = re.compile(r"[+-]?[0-9]{1,15}")
_DECIMAL = re.compile(r"[0-9]{1,15}(\.[0-9]{1,6})?")
_YES = frozenset(("true", "yes", "y", "1"))
_NO = frozenset(("false", "no", "n", "0"))
_GROUPED = re.compile(r"[1-9][0-9]{0,2}\.[0-9]{3}")
_THOUSANDTHS = 3
_SPLIT = re.compile(r"\\(.)|([|>])", re.DOTALL)


class BadCell(ValueError):
    """A cell says nothing that can be understood; `code` is stable, the message is for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    def at(self, column: str) -> FieldError:
        """The same, with its place."""
        return FieldError(column, self.code, self.message)


def guarded(text: str) -> str:
    """Text as it stands in a file: never a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def unguarded(cell: str) -> str:
    """What `guarded` was given."""
    return cell[1:] if _GUARDED.match(cell) else cell


def listed(texts: Sequence[str]) -> str:
    """Several texts in one cell, with ` | ` between them."""
    return " | ".join(map(_escaped, texts))


def parts(cell: str) -> list[str]:
    r"""What `listed` was given, without the blanks around each; `\|` is no separator."""
    return [path[0] for path in paths(cell, inner="")]


def paths_listed(shelves: Sequence[Sequence[str]]) -> str:
    """Several paths in one cell: `Drinks > Tea | Gifts`."""
    return " | ".join(" > ".join(map(_escaped, names)) for names in shelves)


def paths(cell: str, inner: str = ">") -> list[tuple[str, ...]]:
    """What `paths_listed` was given, without the blanks around them, and no empty ones."""
    found: list[list[str]] = [[""]]
    end = 0
    for mark in _SPLIT.finditer(cell):
        found[-1][-1] += cell[end : mark.start()]
        end = mark.end()
        if mark[2] == "|":
            found.append([""])
        elif mark[2] is not None and mark[2] == inner:
            found[-1].append("")
        else:
            found[-1][-1] += mark[1] or mark[2] or ""
    found[-1][-1] += cell[end:]
    named = [tuple(name.strip() for name in path) for path in found]
    return [path for path in named if any(path)]


def _escaped(text: str) -> str:
    return re.sub(r"([\\|>])", r"\\\1", text)


def whole(cell: str) -> int:
    """A whole number. Raises BadCell."""
    if not _WHOLE.fullmatch(cell.strip()):
        raise BadCell("invalid", "A whole number is needed.")
    return int(cell)


def yes_or_no(cell: str) -> bool:
    """`true` or `false` in any case; also yes, no, 1, 0. Raises BadCell."""
    word = cell.strip().lower()
    if word in _YES or word in _NO:
        return word in _YES
    raise BadCell("invalid", "Either true or false.")


def amount(cell: str, currency: str, *, comma: bool) -> Money:
    """An amount in major units. `comma` lets a comma stand for the point. Raises BadCell.

    Where a comma may stand for the point, `1.250` and `1,250` may as well be twelve hundred and
    fifty; neither is taken, unless the currency has thousandths.
    """
    text = cell.strip()
    if comma and "." not in text:
        text = text.replace(",", ".")
    if not _DECIMAL.fullmatch(text):
        raise BadCell("invalid", "An amount such as 1250.50, without signs or separators.")
    if comma and _GROUPED.fullmatch(text) and decimals(currency) != _THOUSANDTHS:
        raise BadCell("ambiguous", "Write thousands without a separator.")
    try:
        found = from_major(text, currency)
    except ValueError:
        raise BadCell("too_many_decimals", f"{currency} has fewer decimals.") from None
    if found.amount > LARGEST_AMOUNT:
        raise BadCell("out_of_range", "This is more than a price may be.")
    return found


def foreign(column: str, currency: str) -> FieldError:
    """What is wrong with a price that nobody could be asked for."""
    words = f"The store has no region with the currency {currency}."
    return FieldError(column, "unknown_currency", words)


def major(money: Money) -> str:
    """An amount in major units, with the decimals of its currency: `1250.50`."""
    value: Decimal = money.major()
    return f"{value:f}"


def moment(cell: str, zone: tzinfo) -> datetime:
    """A date or a time of ISO 8601; in the store's zone unless it names another. Raises BadCell."""
    try:
        found = datetime.fromisoformat(cell.strip())
        return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        message = "A date or time such as 2026-12-24 or 2026-12-24T18:00:00+03:00."
        raise BadCell("invalid", message) from None


def moment_text(at: datetime) -> str:
    """A time in UTC: `2026-12-24T15:00:00Z`."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
