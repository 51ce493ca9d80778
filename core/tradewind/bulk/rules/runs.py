"""An import as it goes on: what it is about, how far it is, what was refused."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from tradewind.contracts.errors import FieldError

Kind = Literal["products", "prices", "stock"]
State = Literal["waiting", "running", "done", "failed", "canceled"]
KINDS: Sequence[Kind] = ("products", "prices", "stock")
OPEN: Sequence[State] = ("waiting", "running")

MOST_WORDS = 500


class RowError(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with a row. `row` counts as a spreadsheet does: the header is 1."""

    row: int
    column: str
    code: str
    message: str


class Counts(msgspec.Struct, frozen=True):
    """What became of rows: each is counted once."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.created + other.created,
            self.changed + other.changed,
            self.unchanged + other.unchanged,
            self.refused + other.refused,
        )

    @property
    def rows(self) -> int:
        """All of them."""
        return self.created + self.changed + self.unchanged + self.refused


class Outcome(msgspec.Struct, frozen=True):
    """What became of a batch of rows."""

    counts: Counts = Counts()
    errors: Sequence[RowError] = ()


class Import(msgspec.Struct, frozen=True, kw_only=True):
    """An import of one file.

    `position` is the byte of the file behind the last row that was dealt with. `rows` counts the
    file's rows without its header. A dry run writes nothing and says what would happen.
    """

    id: UUID
    kind: Kind
    state: State
    file_name: str
    fingerprint: bytes
    size: int
    rows: int
    dry_run: bool
    actor: str
    created_at: datetime
    position: int = 0
    created: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: int = 0
    error: str = ""
    finished_at: datetime | None = None

    @property
    def counts(self) -> Counts:
        """What became of the rows so far."""
        return Counts(self.created, self.changed, self.unchanged, self.refused)

    @property
    def done(self) -> int:
        """How many rows were dealt with."""
        return self.counts.rows

    @property
    def is_open(self) -> bool:
        """Whether there is more to do."""
        return self.state in OPEN


def row_error(row: int, error: FieldError) -> RowError:
    """What is wrong with a row's column."""
    return RowError(row=row, column=error.path, code=error.code, message=error.message[:MOST_WORDS])
