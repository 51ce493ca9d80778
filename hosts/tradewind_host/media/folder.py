"""Pictures and files in folders of this machine; for one host, or hosts over a shared disk."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from tradewind.contracts.errors import MediaFault, NotFound
from tradewind.contracts.media import PRIVATE, PUBLIC, checked

CHUNK = 256 * 1024


class Folder:
    """A media store in two folders: one that is served, and one that is not."""

    def __init__(self, public: Path, private: Path) -> None:
        self._roots = {PUBLIC: public, PRIVATE: private}

    async def put(self, key: str, content: bytes | Path, content_type: str) -> None:
        """Write beside the place and move there: readers see all of a file or none."""
        path = self._path(key)
        try:
            await asyncio.to_thread(_write, path, content, shared=key.startswith(PUBLIC))
        except OSError as error:
            raise MediaFault(f"A file cannot be written: {error.strerror}.") from error

    async def size(self, key: str) -> int | None:
        """How many bytes there are; None when there is no such key."""
        path = self._path(key)
        try:
            return path.stat().st_size if path.is_file() else None
        except OSError as error:
            raise MediaFault(f"A file cannot be read: {error.strerror}.") from error

    async def stream(
        self, key: str, start: int = 0, end: int | None = None
    ) -> AsyncIterator[bytes]:
        """The bytes, a piece at a time. Raises NotFound."""
        path = self._path(key)
        try:
            file = await asyncio.to_thread(path.open, "rb")
        except (FileNotFoundError, IsADirectoryError):
            raise NotFound("There is no such file.") from None
        with file:
            file.seek(start)
            left = os.fstat(file.fileno()).st_size - start if end is None else end - start
            while left > 0 and (piece := await asyncio.to_thread(file.read, min(CHUNK, left))):
                left -= len(piece)
                yield piece

    async def delete(self, key: str) -> None:
        """Remove the key, if it is there."""
        await asyncio.to_thread(self._path(key).unlink, missing_ok=True)

    def signed_address(self, key: str, seconds: int, name: str, content_type: str) -> str | None:
        """None: the host serves its files itself."""
        return None

    async def close(self) -> None:
        """Nothing is held open."""

    def _path(self, key: str) -> Path:
        """Where a key lies. Raises InvalidInput, or NotFound where it leads out of the folder."""
        area, _, rest = checked(key).partition("/")
        root = self._roots[f"{area}/"].resolve()
        path = (root / rest).resolve()
        if not path.is_relative_to(root):
            raise NotFound("There is no such file.")
        return path


def _write(path: Path, content: bytes | Path, *, shared: bool) -> None:
    """What is sold or was received is not for other users of this machine to read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".", suffix=".new", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            if isinstance(content, bytes):
                file.write(content)
            else:
                with content.open("rb") as source:
                    shutil.copyfileobj(source, file, CHUNK)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644 if shared else 0o600)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
