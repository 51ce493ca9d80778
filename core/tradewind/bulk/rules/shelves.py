"""The tree of categories by paths of names, and the categories that a file adds to it."""

from collections.abc import Callable, Iterable, Sequence
from uuid import UUID

import msgspec

from tradewind.catalog.rules import handle_of

Path = tuple[str, ...]


class Shelf(msgspec.Struct, frozen=True):
    """A category."""

    id: UUID
    parent_id: UUID | None
    name: str
    handle: str
    deleting: bool = False


class Shelves:
    """Every category of a store."""

    def __init__(self, known: Iterable[Shelf], mint: Callable[[], UUID]) -> None:
        """`known` in their order: of two with the same path the first one is meant."""
        self._by_id = {one.id: one for one in known}
        self._mint = mint
        self._handles = {one.handle for one in self._by_id.values()}
        self._ids: dict[Path, UUID] = {}
        for one in self.standing(self._by_id):
            self._ids.setdefault(self.path(one), one)
        self.new: list[Shelf] = []
        """Those that `find` had to add, parents first."""

    def standing(self, shelf_ids: Iterable[UUID]) -> list[UUID]:
        """Those of these categories that are not being deleted."""
        return [one for one in shelf_ids if one in self._by_id and not self._by_id[one].deleting]

    def path(self, shelf_id: UUID) -> Path:
        """The names that lead to a category, without the blanks around them."""
        names: list[str] = []
        at: UUID | None = shelf_id
        while at is not None and (shelf := self._by_id.get(at)) and len(names) <= len(self._by_id):
            names.append(shelf.name.strip())
            at = shelf.parent_id
        return tuple(reversed(names))

    def find(self, path: Path) -> UUID:
        """The category at the end of a path; what is missing on the way is added."""
        parent: UUID | None = None
        for length in range(1, len(path) + 1):
            here = path[:length]
            if here not in self._ids:
                self._add(here, parent)
            parent = self._ids[here]
        if parent is None:
            raise ValueError("a path has a name at least")
        return parent

    def _add(self, path: Path, parent: UUID | None) -> None:
        shelf_id = self._mint()
        shelf = Shelf(shelf_id, parent, path[-1], self._handle(path, shelf_id))
        self._by_id[shelf_id] = shelf
        self._handles.add(shelf.handle)
        self._ids[path] = shelf_id
        self.new.append(shelf)

    def _handle(self, path: Sequence[str], shelf_id: UUID) -> str:
        """The name's handle, else the path's; one that is taken gets the category's own id."""
        for text in (path[-1], " ".join(path)):
            handle = handle_of(text)
            if handle and handle not in self._handles:
                return handle
        return str(shelf_id)
