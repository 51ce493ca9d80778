"""Pages that plugins bring: found once, shown in the stores that have enabled the plugin."""

import inspect
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tradewind.contracts.errors import NotFound
from tradewind.database import Store
from tradewind.hooks import DashboardPage
from tradewind.plugins import Plugins
from tradewind.settings.engine import Engine
from tradewind_host.logs import logger

_PATH = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_LONGEST_TITLE = 60


class Link(NamedTuple):
    """An entry of the navigation."""

    plugin: str
    path: str
    title: str


class Extensions:
    """The pages of all plugins by plugin and path; what cannot be one is left out and logged."""

    def __init__(self, plugins: Plugins) -> None:
        self._pages: dict[tuple[str, str], DashboardPage] = {}
        for answer in plugins.dashboard_pages().answers:
            for page in answer.value:
                self._add(answer.plugin, page)

    def _add(self, plugin: str, page: DashboardPage) -> None:
        wrong = [*_faults(page), *(["its path is taken"] if (plugin, page.path) in self else [])]
        if wrong:
            logger.error("a page of a plugin was left out", plugin=plugin, why=", ".join(wrong))
            return
        self._pages[plugin, page.path] = page

    def __contains__(self, place: object) -> bool:
        return place in self._pages

    def page(self, plugin: str, path: str) -> DashboardPage:
        """One page. Raises NotFound."""
        found = self._pages.get((plugin, path))
        if found is None:
            raise NotFound("There is no such page.")
        return found

    async def links(self, engine: Engine, store: Store) -> Sequence[Link]:
        """The pages that a store has, as they stand in the navigation."""
        if not self._pages:
            return ()
        enabled = await engine.enabled(store)
        return [
            Link(plugin, path, page.title)
            for (plugin, path), page in self._pages.items()
            if plugin in enabled
        ]


def _faults(page: DashboardPage) -> Iterator[str]:
    if not _PATH.fullmatch(str(page.path)):
        yield "its path is not a word of lower-case letters, digits and hyphens"
    if not 0 < len(str(page.title).strip()) <= _LONGEST_TITLE:
        yield f"its title is not of 1 to {_LONGEST_TITLE} characters"
    if not inspect.iscoroutinefunction(page.render):
        yield "its render is no coroutine function"
