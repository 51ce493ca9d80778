"""Patterns for LIKE that mean what a person typed."""


def like(text: str) -> str:
    r"""A pattern that finds `text` anywhere; `%`, `_` and `\` stand for themselves."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
