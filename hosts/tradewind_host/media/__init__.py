"""Pictures and files: where they are kept, how they are served, what an upload becomes."""

from pathlib import Path

import httpx

from tradewind.contracts.context import Clock
from tradewind.contracts.media import PREFIX, MediaStore
from tradewind_host.config import BadConfig, Config
from tradewind_host.media.bucket import Bucket, Place
from tradewind_host.media.folder import Folder
from tradewind_host.media.signing import Credentials
from tradewind_host.trust import trust

__all__ = ["PREFIX", "absolute", "media_folder", "media_store", "relative"]

_TIMEOUT = httpx.Timeout(30.0, connect=5.0)


def media_folder(data_dir: Path) -> Path:
    """Where public pictures are kept: `<store slug>/<file>`."""
    return data_dir / "media"


def media_store(config: Config, clock: Clock) -> MediaStore:
    """Where this host keeps pictures and files: its data folder, or a bucket. Raises BadConfig."""
    if config.media_url is None:
        return Folder(media_folder(config.data_dir), config.data_dir / "files")
    if config.media_access_key is None or config.media_secret_key is None:
        raise BadConfig(
            "TRADEWIND_MEDIA_URL names a bucket: TRADEWIND_MEDIA_ACCESS_KEY and "
            "TRADEWIND_MEDIA_SECRET_KEY are needed too."
        )
    bucket, _, prefix = config.media_url.removeprefix("s3://").partition("/")
    place = Place(
        bucket=bucket,
        prefix=prefix.strip("/"),
        endpoint=config.media_endpoint or f"https://s3.{config.media_region}.amazonaws.com",
        path_style=config.media_path_style,
    )
    credentials = Credentials(config.media_access_key, config.media_secret_key, config.media_region)
    http = httpx.AsyncClient(timeout=_TIMEOUT, verify=trust())
    return Bucket(place, credentials, clock=clock, http=http)


def relative(public_url: str, image: str) -> str:
    """A picture's address as it is stored: ours without the host, so that the host may move."""
    return image.removeprefix(public_url) if image.startswith(f"{public_url}{PREFIX}") else image


def absolute(public_url: str, image: str) -> str:
    """A picture's address for someone outside: our own ones are kept without the host."""
    return f"{public_url}{image}" if image.startswith("/") else image
