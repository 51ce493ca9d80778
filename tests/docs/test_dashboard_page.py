"""`docs/dashboard.md` says of the dashboard what is so."""

import ast

from tests.docs.pages import ROOT, blocks, code_spans, headings, read, rows, tree
from tradewind.database.sessions import LIVES
from tradewind.stores.staff import ROLES
from tradewind_host.dashboard import dashboard_routers, words
from tradewind_host.dashboard.deeds import DEEDS

PAGE = read("docs/dashboard.md")


def first_cells(heading: str) -> set[str]:
    section = PAGE.partition(f"## {heading}")[2].partition("\n## ")[0]
    return {row[0].strip("`") for row in rows(section)}


def test_every_page_on_the_page_exists() -> None:
    routes = [route for router in dashboard_routers() for route in router.routes]
    plain = {route.path.partition("{")[0].rstrip("/") for route in routes}
    named = {one for one in first_cells("What each page does") if one.startswith("/")}
    assert len(named) >= 5
    assert {one.partition("{")[0].rstrip("/") for one in named} <= plain


def test_the_roles_actions_and_lives_are_those_of_the_code() -> None:
    assert first_cells("Who gets in") == set(ROLES)
    actions = {one for one in first_cells("What each page does") if not one.startswith("/")}
    assert actions == {deed.title for deed in DEEDS.values()}
    assert set(words.ACTIONS) - {"capture"} <= code_spans(PAGE)
    life = LIVES["staff"]
    hours, days = life.idle.total_seconds() / 3600, life.most.days
    assert f"{hours:g} hours after it was last used, and after {days} days" in PAGE


def test_the_example_is_code_that_runs() -> None:
    source = tree(ROOT / "docs/examples/points/__init__.py")
    known = {ast.unparse(one) for one in ast.walk(source) if isinstance(one, ast.FunctionDef)}
    for block in blocks(PAGE, "python"):
        assert {ast.unparse(one) for one in ast.parse(block).body} <= known


def test_the_contents_name_the_sections() -> None:
    listed = PAGE.partition("## ")[0]
    assert all(f"[{one}]" in listed for one in headings(PAGE)[1:])
