"""The pages of the repository: every link leads somewhere, and nothing of one machine is named."""

import re
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, headings, pages, prose, read, tracked

NAMES = [str(path.relative_to(ROOT)) for path in pages()]
_LINK = re.compile(r"\]\(([^)\s]+)\)|<img src=\"([^\"]+)\"|^\[[^\]]+\]:\s*(\S+)", re.MULTILINE)

# Folders of one machine, hosts of package indexes; put together so that this file is clean too.
FOREIGN = [
    rf"(?<![\w.]){re.escape('/' + folder)}(?:/|\b)"
    for folder in ("work", "root", "opt", "tmp", "home")
] + [
    re.escape(name + "." + top)
    for name, top in (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "com"), ("crates", "io"))
]


def test_the_pages_are_found() -> None:
    assert {"README.md", "CHANGELOG.md", "docs/hooks.md", "plugins/manual/README.md"} <= set(NAMES)


def anchors(path: Path) -> set[str]:
    """What a link may name within a page, as GitHub makes it of the headings."""
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        for heading in headings(path.read_text(encoding="utf-8"))
    }


def links(name: str) -> list[str]:
    found = _LINK.findall(prose(read(name)))
    return [target for groups in found for target in groups if target]


@pytest.mark.parametrize("name", NAMES)
def test_every_link_within_the_repository_leads_somewhere(name: str) -> None:
    known = tracked()
    for link in links(name):
        if re.match(r"[a-z]+:", link):
            continue
        target, _, anchor = link.partition("#")
        path = (ROOT / name).parent.joinpath(target).resolve() if target else ROOT / name
        assert path in known or path.is_dir(), f"{name}: {link}"
        if anchor:
            assert anchor in anchors(path), f"{name}: {link}"


def test_links_are_seen_in_every_form() -> None:
    assert "docs/images/phone.png" in links("README.md")
    assert "docs/hooks.md" in links("README.md")
    assert "#events" in links("docs/hooks.md")


@pytest.mark.parametrize("name", NAMES)
def test_a_page_names_no_place_of_one_machine_and_no_package_index(name: str) -> None:
    text = read(name)
    for pattern in FOREIGN:
        assert not re.search(pattern, text), pattern


def test_a_foreign_place_would_be_seen() -> None:
    for text in ("see " + "/wo" + "rk/main", "`/ro" + "ot/.cache`", "https://py" + "pi.org/simple"):
        assert any(re.search(pattern, text) for pattern in FOREIGN), text
    for text in ("a/work/b", "rest/tmpfs", "chroot", "/var/lib/tradewind"):
        assert not any(re.search(pattern, text) for pattern in FOREIGN), text
