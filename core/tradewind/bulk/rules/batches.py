"""A file as batches of rows that stand or fall together."""

from collections.abc import Callable, Iterator, Sequence
from itertools import dropwhile

import msgspec

from tradewind.bulk.rules.runs import RowError, row_error
from tradewind.bulk.rules.seen import Seen
from tradewind.bulk.rules.sheet import Row, Sheet, unreadable
from tradewind.contracts.errors import FieldError

MOST_TOGETHER = 1000
"""Rows of one product."""
_MOST_ROWS = 2000
_MOST_BYTES = 8 << 20


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """What files of one kind look like.

    `canonical` gives a column's name or None; each of `required` and one of `any_of` must be there.
    Rows with the same `together` belong together, if it is not empty. `names` are the texts that
    may stand in a file once, with their columns. A batch has `groups` of them.
    """

    canonical: Callable[[str], str | None]
    required: Sequence[str]
    any_of: Sequence[str] = ()
    together: Callable[[Row], str]
    names: Callable[[Row], Sequence[tuple[str, str]]]
    groups: int = 500


def alone(row: Row) -> str:
    """Rows that have nothing to do with one another."""
    return ""


class Group(msgspec.Struct):
    """Rows that stand or fall together; with `errors` they fall. `more` were not kept."""

    rows: list[Row]
    errors: list[RowError] = []
    more: int = 0

    @property
    def size(self) -> int:
        """How many rows of the file it is."""
        return len(self.rows) + self.more


class Batch(msgspec.Struct, frozen=True):
    """What is written in one transaction: groups, and the bytes of the file it stands for."""

    groups: Sequence[Group]
    start: int
    end: int


def check_columns(sheet: Sheet, form: Form) -> None:
    """Raises InvalidInput `unreadable_file` unless the columns that are needed are there."""
    for column in form.required:
        if column not in sheet.columns:
            raise unreadable(column, "required", "This column is needed.")
    if form.any_of and not set(form.any_of) & set(sheet.columns):
        raise unreadable(form.any_of[0], "required", f"One of {', '.join(form.any_of)} is needed.")


def batches(sheet: Sheet, form: Form, position: int = 0) -> Iterator[Batch]:
    """What comes behind a byte of the file; what stands before it is only remembered."""
    start, ready, rows = position, list[Group](), 0
    for group in dropwhile(lambda one: _end(one) <= position, _groups(sheet, form)):
        ready.append(group)
        rows += group.size
        large = _end(group) - start >= _MOST_BYTES
        if len(ready) >= form.groups or rows >= _MOST_ROWS or large:
            yield Batch(ready, start, _end(group))
            start, ready, rows = _end(group), [], 0
    if ready:
        yield Batch(ready, start, _end(ready[-1]))


def _end(group: Group) -> int:
    return group.rows[-1].end


def _groups(sheet: Sheet, form: Form) -> Iterator[Group]:
    seen = Seen()
    group: Group | None = None
    key = ""
    for row in sheet:
        here = form.together(row)
        # A row that cannot be read at all belongs to what it stands among.
        belongs = here == key != "" or (row.fault is not None and not here and key != "")
        if group is not None and belongs:
            _join(group, row)
        else:
            if group is not None:
                yield group
            group, key = Group([row]), here
            _once(group, seen, "together", here, row)
        _check(group, seen, form, row)
    if group is not None:
        yield group


def _join(group: Group, row: Row) -> None:
    """Add a row; of too many only the last one is kept, for its place in the file."""
    if len(group.rows) < MOST_TOGETHER:
        group.rows.append(row)
        return
    if not group.more:
        words = f"At most {MOST_TOGETHER} rows belong together."
        group.errors.append(row_error(row.number, FieldError("handle", "too_many", words)))
    group.rows[-1] = row
    group.more += 1


def _check(group: Group, seen: Seen, form: Form, row: Row) -> None:
    if row.fault is not None:
        _refuse(group, row, row.fault)
    for column, name in form.names(row):
        _once(group, seen, column, name, row)


def _once(group: Group, seen: Seen, column: str, name: str, row: Row) -> None:
    if name and not seen.add(f"{column}\n{name}"):
        _refuse(group, row, _repeated(column))


def _refuse(group: Group, row: Row, wrong: FieldError) -> None:
    """Note what is wrong; of rows that are too many to be kept it is not told any more."""
    if not group.more:
        group.errors.append(row_error(row.number, wrong))


def _repeated(column: str) -> FieldError:
    if column == "together":
        words = "The rows of a product stand together; this one came up earlier in the file."
        return FieldError("handle", "repeated", words)
    return FieldError(column, "repeated", "This came up earlier in the file.")
