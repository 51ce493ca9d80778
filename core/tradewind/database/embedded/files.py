"""Locks between processes, private files and folders, safe against a crash at any point."""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock between processes; the kernel frees it when the holder dies."""
    descriptor = open_private(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def open_private(path: Path, flags: int = 0) -> int:
    """Open a file for reading and writing, and make it if missing, for its owner's eyes only."""
    return os.open(path, os.O_RDWR | os.O_CREAT | flags, 0o600)


def write_private(path: Path, text: str) -> None:
    """Write a file for its owner's eyes only, and see it on disk."""
    descriptor = open_private(path, os.O_TRUNC)
    try:
        os.write(descriptor, text.encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """See the names in a folder on disk, such as one that a file was just renamed to."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path) -> None:
    """Make a folder and its missing parents, open to enter whatever root's umask is."""
    for missing in reversed([folder, *folder.parents]):
        if not missing.exists():
            missing.mkdir(exist_ok=True)
            missing.chmod(0o755)


def nearest_existing(path: Path) -> Path:
    """The path itself, or its nearest parent that exists."""
    return next(folder for folder in (path, *path.parents) if folder.exists())


def digest(path: Path) -> str:
    """A short name for a path, in hexadecimal digits."""
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
