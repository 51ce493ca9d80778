"""One demo and one Chromium for the browser tests of a process."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.support.demo import Demo, running_demo
from tests.support.system import require

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def demo() -> Iterator[Demo]:
    """The demo shop, with data of its own."""
    with tempfile.TemporaryDirectory(prefix="tradewind-demo-") as folder:
        Path(folder).chmod(0o755)
        with running_demo(Path(folder)) as demo:
            yield demo


# Playwright keeps an event loop running in this thread, so it ends with the file that uses it.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium without a window."""
    program = require("chromium")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh page, wide enough for the phone and its chooser."""
    context = browser.new_context(viewport={"width": 1100, "height": 820})
    page = context.new_page()
    page.set_default_timeout(20_000)
    yield page
    context.close()
