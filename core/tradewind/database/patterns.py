"""Patterns for LIKE that mean what a person typed."""


def like(text: str) -> str:
    r"""A pattern that finds `text` anywhere; `%`, `_` and `\` stand for themselves."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def beginning(text: str) -> tuple[str, str]:
    """Bounds of a range, in the order of code points, that holds what begins with `text`.

    The upper bound is not in it. Unlike LIKE, comparisons use an index under row-level security.
    """
    return text, f"{text}\U0010ffff"
