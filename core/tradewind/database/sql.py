"""Placeholders for multi-row statements; values themselves are always bound."""


def values(rows: int, columns: int, *, first: int = 1) -> str:
    """`($1, $2), ($3, $4)`: `rows` tuples of `columns` placeholders, counted from `first`."""
    numbers = iter(range(first, first + rows * columns))
    return ", ".join(
        "(" + ", ".join(f"${next(numbers)}" for _ in range(columns)) + ")" for _ in range(rows)
    )


def like(text: str) -> str:
    r"""A pattern for LIKE that finds `text` anywhere; `%`, `_` and `\` stand for themselves."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
