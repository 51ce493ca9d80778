"""Pictures and files in a bucket of S3 or of what speaks like it; for several hosts."""

import asyncio
import hashlib
import logging
import random
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from http import HTTPStatus
from pathlib import Path
from urllib.parse import quote, urlsplit

import httpx
import msgspec

from tradewind.contracts.context import Clock
from tradewind.contracts.errors import MediaFault, NotFound
from tradewind.contracts.media import checked
from tradewind_host.media.signing import NOTHING, Credentials, encoded, signed_headers, signed_url

_LOG = logging.getLogger(__name__)
CHUNK = 256 * 1024
TRIES = 4
_FIRST_PAUSE = 0.2
_PASSING = frozenset((429, 500, 502, 503, 504))
_CODE = re.compile(rb"<Code>([A-Za-z0-9]{1,60})</Code>")
_ADVICE = {
    "SignatureDoesNotMatch": "check TRADEWIND_MEDIA_SECRET_KEY and TRADEWIND_MEDIA_REGION",
    "InvalidAccessKeyId": "check TRADEWIND_MEDIA_ACCESS_KEY",
    "AccessDenied": "the key needs to get, put and delete objects of the bucket",
    "NoSuchBucket": "check TRADEWIND_MEDIA_URL",
    "RequestTimeTooSkewed": "the clock of this machine is wrong",
}

Pause = Callable[[float], Awaitable[None]]


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Which bucket, and how it is addressed."""

    bucket: str
    endpoint: str
    prefix: str = ""
    path_style: bool = False

    def url(self, key: str) -> str:
        """The address of a key."""
        parts = urlsplit(self.endpoint.rstrip("/"))
        path = encoded("/".join(part for part in (self.prefix, checked(key)) if part))
        if self.path_style:
            return f"{parts.scheme}://{parts.netloc}{parts.path}/{self.bucket}/{path}"
        return f"{parts.scheme}://{self.bucket}.{parts.netloc}{parts.path}/{path}"


class Bucket:
    """A media store in a bucket. What fails in passing is tried again, with growing pauses."""

    def __init__(
        self,
        place: Place,
        credentials: Credentials,
        *,
        clock: Clock,
        http: httpx.AsyncClient,
        pause: Pause = asyncio.sleep,
    ) -> None:
        self._place = place
        self._credentials = credentials
        self._clock = clock
        self._http = http
        self._pause = pause

    async def put(self, key: str, content: bytes | Path, content_type: str) -> None:
        """Keep the bytes; a file is read piece by piece, so its size needs no memory."""
        digest, size = await asyncio.to_thread(_measured, content)
        headers = {"content-type": content_type, "content-length": str(size)}
        await self._done("PUT", key, headers, digest, content)

    async def size(self, key: str) -> int | None:
        """How many bytes there are; None when there is no such key."""
        try:
            answer = await self._done("HEAD", key)
        except NotFound:
            return None
        return int(answer.headers["content-length"])

    async def stream(
        self, key: str, start: int = 0, end: int | None = None
    ) -> AsyncIterator[bytes]:
        """The bytes, a piece at a time; a line that breaks is taken up where it broke."""
        tries = 0
        while True:
            last = "" if end is None else str(end - 1)
            span = {"range": f"bytes={start}-{last}"} if start or end is not None else {}
            try:
                answer = await self._sent("GET", key, span, stream=True)
                try:
                    async for piece in answer.aiter_raw():
                        start += len(piece)
                        yield piece
                finally:
                    await answer.aclose()
            except httpx.TransportError as error:
                tries += 1
                if tries >= TRIES:
                    raise _unreachable(error) from error
                await self._wait(tries)
            else:
                return

    async def delete(self, key: str) -> None:
        """Remove the key, if it is there."""
        try:
            await self._done("DELETE", key)
        except NotFound:
            return

    def signed_address(self, key: str, seconds: int, name: str, content_type: str) -> str | None:
        """Where the bucket itself gives the file away."""
        answer = {
            "response-content-disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
            "response-content-type": content_type,
        }
        url = self._place.url(key)
        return signed_url(self._credentials, url, self._clock.now(), seconds, answer)

    async def close(self) -> None:
        """Give up connections."""
        await self._http.aclose()

    async def _done(
        self,
        method: str,
        key: str,
        headers: Mapping[str, str] | None = None,
        digest: str = NOTHING,
        content: bytes | Path = b"",
    ) -> httpx.Response:
        for tries in range(1, TRIES + 1):
            try:
                return await self._sent(method, key, headers or {}, digest, content)
            except httpx.TransportError as error:
                if tries == TRIES:
                    raise _unreachable(error) from error
                await self._wait(tries)
        raise AssertionError

    async def _sent(
        self,
        method: str,
        key: str,
        headers: Mapping[str, str],
        digest: str = NOTHING,
        content: bytes | Path = b"",
        *,
        stream: bool = False,
    ) -> httpx.Response:
        """One request. Raises httpx.TransportError for what may pass, NotFound, MediaFault."""
        url = self._place.url(key)
        now = self._clock.now()
        signed = signed_headers(self._credentials, method, url, headers, digest, now)
        body = _pieces(content) if isinstance(content, Path) else content
        request = self._http.build_request(method, url, headers=signed, content=body)
        answer = await self._http.send(request, stream=stream)
        if answer.is_success:
            return answer
        told = await answer.aread()
        await answer.aclose()
        raise _failure(answer.status_code, told)

    async def _wait(self, tries: int) -> None:
        pause = _FIRST_PAUSE * 2 ** (tries - 1)
        await self._pause(pause * random.uniform(0.5, 1.5))  # noqa: S311 - no secret


def _failure(status: int, told: bytes) -> Exception:
    found = _CODE.search(told)
    code = found[1].decode() if found else HTTPStatus(status).phrase
    if status in _PASSING:
        return httpx.RemoteProtocolError(f"{status} {code}")
    if status == HTTPStatus.NOT_FOUND and code != "NoSuchBucket":
        return NotFound("There is no such file.")
    advice = _ADVICE.get(code, "see the settings of the bucket")
    _LOG.error("the media bucket answers %s (%s): %s", status, code, advice)
    return MediaFault(f"The media bucket answers {status} ({code}): {advice}.")


def _unreachable(error: httpx.TransportError) -> MediaFault:
    _LOG.error("the media bucket cannot be reached: %s %s", type(error).__name__, error)
    return MediaFault("The media bucket cannot be reached just now.")


def _measured(content: bytes | Path) -> tuple[str, int]:
    """The digest and size of what is to be kept."""
    if isinstance(content, bytes):
        return hashlib.sha256(content).hexdigest(), len(content)
    with content.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest(), content.stat().st_size


async def _pieces(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        while piece := await asyncio.to_thread(file.read, CHUNK):
            yield piece
