"""The pages of the documentation, as the tests read them."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`([^`\n]+)`")
_NOT_OURS = {".venv", "node_modules", "build", "dist"}


def pages() -> list[Path]:
    """Every Markdown page of the repository."""
    found = ROOT.rglob("*.md")
    hidden = (path for path in found if not _NOT_OURS & set(path.relative_to(ROOT).parts))
    return sorted(path for path in hidden if "/." not in f"/{path.relative_to(ROOT)}")


def read(name: str) -> str:
    """The text of a page, by its path from the top of the repository."""
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(text: str, language: str) -> list[str]:
    """The fenced blocks of one language."""
    return [body for kind, body in _FENCE.findall(text) if kind == language]


def prose(text: str) -> str:
    """A page without its fenced blocks."""
    return _FENCE.sub("", text)


def code_spans(text: str) -> set[str]:
    """What stands between single backticks outside fenced blocks."""
    return set(_CODE.findall(prose(text)))


def headings(text: str) -> list[str]:
    """The headings of a page, without their marks."""
    return [line.lstrip("#").strip() for line in prose(text).splitlines() if line.startswith("#")]


def rows(text: str) -> Iterator[list[str]]:
    """The rows of a page's tables below their heads, cell by cell."""
    body = False
    for line in prose(text).splitlines():
        if not line.startswith("|"):
            body = False
        elif set(line) <= set("|-: "):
            body = True
        elif body:
            yield [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def tree(path: Path) -> ast.Module:
    """The syntax tree of a source file."""
    return ast.parse(path.read_text(encoding="utf-8"))


def tracked() -> set[Path]:
    """The files that git knows, or every file where there is no git."""
    command = ["git", "-c", "safe.directory=*", "ls-files", "-co", "--exclude-standard"]
    listing = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if listing.returncode:
        return set(ROOT.rglob("*"))
    return {ROOT / line for line in listing.stdout.splitlines()}


WRITTEN = ["README.md", *(f"docs/{path.name}" for path in sorted(DOCS.glob("*.md")))]
"""The pages that tell how to use and how to change Tradewind."""

TEXT = "\n".join(map(read, WRITTEN))
"""All of them."""
