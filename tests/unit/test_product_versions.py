"""Hosts keep products written out by version: whoever changes what one shows raises its version."""

import re
from pathlib import Path

CORE = Path(__file__).parents[2] / "core" / "tradewind"
SHOWN = "products|variants|prices|product_categories|categories"
WRITES = re.compile(rf"(?:INSERT INTO|UPDATE|DELETE FROM) shop\.(?:{SHOWN})\b")
RAISING = {
    "bulk/queries/prices.py",
    "bulk/queries/products.py",
    "catalog/pictures/queries.py",
    "catalog/queries/prices.py",
    "catalog/queries/shelves.py",
    "catalog/queries/writing.py",
}
"""Who writes what a product shows; each was looked at, and its callers raise the version."""


def writers(root: Path) -> set[str]:
    return {
        path.relative_to(root).as_posix()
        for path in root.rglob("*.py")
        if WRITES.search(path.read_text())
    }


def test_what_products_show_is_written_where_versions_are_raised_and_nowhere_else() -> None:
    assert writers(CORE) == RAISING


def test_a_new_writer_would_be_noticed(tmp_path: Path) -> None:
    (tmp_path / "other.py").write_text('"UPDATE shop.prices SET amount = 1"')
    (tmp_path / "reader.py").write_text('"SELECT amount FROM shop.prices"')
    assert writers(tmp_path) == {"other.py"}
