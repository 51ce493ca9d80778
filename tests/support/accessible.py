"""What every page must be like in a browser."""

from importlib.resources import files

from playwright.sync_api import Page

AXE = (files("axe_playwright_python") / "axe.min.js").read_text()
THUMB = 44
LINES = 100
"""A label that is broken into more than two or three lines makes its button higher than this."""


def check(page: Page, width: int) -> None:
    """WCAG as axe tests it; nothing wider than the window; nothing to press that a thumb misses."""
    page.evaluate(AXE)
    found = page.evaluate("axe.run(document)")
    wrong = [(one["id"], [node["html"] for node in one["nodes"]]) for one in found["violations"]]
    assert found["passes"]
    assert wrong == [], page.url
    assert page.evaluate("document.documentElement.scrollWidth") <= width, page.url
    for target in page.locator(
        "button:visible, input:not([type=checkbox], [type=radio]):visible, select:visible, a.button"
    ).all():
        box = target.bounding_box()
        assert box is not None
        assert THUMB <= box["height"] <= LINES, (page.url, target, box)
