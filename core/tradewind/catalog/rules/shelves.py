"""The tree of categories: no shelf stands within itself, and the tree stays shallow."""

from collections.abc import Mapping
from uuid import UUID

from tradewind.contracts.errors import FieldError

MOST_LEVELS = 8
_LONGEST_NAME = 100


def name_errors(name: str) -> list[FieldError]:
    """What is wrong with the name of a category."""
    if name.strip() and len(name) <= _LONGEST_NAME:
        return []
    return [FieldError("name", "invalid", f"1 to {_LONGEST_NAME} characters.")]


def place_errors(
    parents: Mapping[UUID, UUID | None], moved: UUID | None, parent_id: UUID | None
) -> list[FieldError]:
    """Why a category cannot stand there.

    `parents` has every category with the one it stands in; `moved` is None for one that is new.
    """
    above = list(_up(parents, parent_id))
    if moved is not None and moved in above:
        return [FieldError("parent_id", "invalid", "A category cannot stand within itself.")]
    if len(above) + _height(parents, moved) > MOST_LEVELS:
        return [FieldError("parent_id", "out_of_range", f"At most {MOST_LEVELS} levels.")]
    return []


def _up(parents: Mapping[UUID, UUID | None], start: UUID | None) -> list[UUID]:
    path: list[UUID] = []
    while start is not None and start not in path:
        path.append(start)
        start = parents.get(start)
    return path


def _height(parents: Mapping[UUID, UUID | None], top: UUID | None) -> int:
    """How many levels a category and what stands within it take."""
    if top is None:
        return 1
    paths = (_up(parents, one) for one in parents)
    return max((path.index(top) + 1 for path in paths if top in path), default=1)
