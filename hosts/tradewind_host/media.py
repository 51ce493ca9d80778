"""Product pictures, served from the data folder under `/media`."""

from pathlib import Path

from litestar import Router
from litestar.datastructures import CacheControlHeader
from litestar.static_files import create_static_files_router

PREFIX = "/media"
_YEAR = 365 * 24 * 60 * 60


def media_folder(data_dir: Path) -> Path:
    """Where pictures are kept: `<store slug>/<file>`."""
    return data_dir / "media"


def media_router(data_dir: Path) -> Router:
    """Serve the pictures; a browser need not ask for one twice."""
    folder = media_folder(data_dir).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    return create_static_files_router(
        PREFIX,
        [folder],
        cache_control=CacheControlHeader(public=True, max_age=_YEAR, immutable=True),
        include_in_schema=False,
        name="media",
    )


def absolute(public_url: str, image: str) -> str:
    """A picture's address for someone outside: our own ones are kept without the host."""
    return f"{public_url}{image}" if image.startswith("/") else image
