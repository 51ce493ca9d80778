"""A bucket of S3 for tests: a server over a socket that checks every signature by itself."""

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import NamedTuple
from urllib.parse import parse_qsl, quote, unquote

ACCESS_KEY = "AKIDSHOP"
SECRET_KEY = "bucket/secret"
REGION = "eu-west-9"
_STEP = 64 * 1024


class Asked(NamedTuple):
    """A request as it came, without its body."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]


class BucketPeer:
    """What is kept, what was asked, and what is to go wrong next."""

    def __init__(self) -> None:
        self.port = 0
        self.kept: dict[str, tuple[bytes, str]] = {}
        self.asked: list[Asked] = []
        self.faults: list[str] = []
        self.size_only: dict[str, int] = {}
        """Keys that are made up of so many zeros, so that no memory is spent on them."""
        self.largest = 0
        """The most bytes of one upload that were taken in."""

    @property
    def endpoint(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, with one request after the other."""
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                if not await self._answer(_parsed(head), reader, writer):
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(
        self, asked: Asked, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        self.asked.append(asked)
        fault = self.faults.pop(0) if self.faults else ""
        if fault == "hang_up":
            return False
        body, digest = await self._taken(asked, reader)
        if fault.isdecimal():
            await _reply(writer, int(fault), _error("SlowDown"))
        elif (refused := refusal(asked, digest)) is not None:
            await _reply(writer, 403, b"" if asked.method == "HEAD" else _error(refused))
        elif asked.method == "PUT":
            self.kept[asked.path] = (body, asked.headers.get("content-type", ""))
            await _reply(writer, 200)
        elif asked.method == "DELETE":
            self.kept.pop(asked.path, None)
            await _reply(writer, 204)
        else:
            return await self._give(asked, writer, cut=fault == "cut")
        return True

    async def _taken(self, asked: Asked, reader: asyncio.StreamReader) -> tuple[bytes, str]:
        """The body and its digest; of a large one nothing but its size is remembered."""
        left, digest, parts = int(asked.headers.get("content-length", "0")), hashlib.sha256(), []
        self.largest = max(self.largest, left)
        remembered = left <= 1024 * 1024
        if not remembered:
            self.size_only[asked.path] = left
        while left:
            piece = await reader.readexactly(min(_STEP, left))
            left -= len(piece)
            digest.update(piece)
            if remembered:
                parts.append(piece)
        return b"".join(parts), digest.hexdigest()

    async def _give(self, asked: Asked, writer: asyncio.StreamWriter, *, cut: bool) -> bool:
        known = asked.path in self.kept or asked.path in self.size_only
        if not known:
            await _reply(writer, 404, b"" if asked.method == "HEAD" else _error("NoSuchKey"))
            return True
        body, kind = self.kept.get(asked.path, (b"", "application/octet-stream"))
        size = self.size_only.get(asked.path, len(body))
        start, end = _span(asked.headers.get("range", ""), size)
        status = 206 if "range" in asked.headers else 200
        query = dict(parse_qsl(asked.query))
        more = {"content-type": query.get("response-content-type", kind)}
        if "response-content-disposition" in query:
            more["content-disposition"] = query["response-content-disposition"]
        writer.write(_head(status, end - start, more))
        if asked.method == "HEAD":
            await writer.drain()
            return True
        stop = start + (end - start) // 2 if cut else end
        while start < stop:
            upto = min(stop, start + _STEP)
            writer.write(body[start:upto] if body else bytes(upto - start))
            await writer.drain()
            start = upto
        return not cut


@asynccontextmanager
async def bucket_peer() -> AsyncIterator[BucketPeer]:
    """A bucket that listens."""
    peer = BucketPeer()
    server = await asyncio.start_server(peer.serve, "127.0.0.1", 0)
    peer.port = server.sockets[0].getsockname()[1]
    try:
        yield peer
    finally:
        server.close()


def refusal(asked: Asked, digest: str) -> str | None:
    """Why a request is refused, by Amazon's code; None when its signature is right.

    Written from the provider's description, apart from what it checks.
    """
    query = dict(parse_qsl(asked.query, keep_blank_values=True))
    if "X-Amz-Signature" in query:
        given = query.pop("X-Amz-Signature")
        date, scope = query["X-Amz-Date"], query["X-Amz-Credential"]
        names, payload = query["X-Amz-SignedHeaders"].split(";"), "UNSIGNED-PAYLOAD"
    else:
        fields = dict(
            part.strip().split("=", 1)
            for part in asked.headers["authorization"].removeprefix("AWS4-HMAC-SHA256 ").split(",")
        )
        given, scope, names = (
            fields["Signature"],
            fields["Credential"],
            fields["SignedHeaders"].split(";"),
        )
        date, payload = asked.headers["x-amz-date"], asked.headers["x-amz-content-sha256"]
        if payload != digest:
            return "XAmzContentSHA256Mismatch"
    key, day, region, service, end = scope.split("/")
    if key != ACCESS_KEY:
        return "InvalidAccessKeyId"
    if "host" not in names:
        return "AccessDenied"
    pairs = sorted((quote(k, safe="-_.~"), quote(v, safe="-_.~")) for k, v in query.items())
    text = "\n".join(
        (
            asked.method,
            quote(unquote(asked.path), safe="/-_.~"),
            "&".join("=".join(pair) for pair in pairs),
            "".join(f"{name}:{asked.headers[name].strip()}\n" for name in names),
            ";".join(names),
            payload,
        )
    )
    secret = ("AWS4" + SECRET_KEY).encode()
    for part in (day, REGION, "s3", "aws4_request"):
        secret = hmac.digest(secret, part.encode(), "sha256")
    scope = f"{day}/{region}/{service}/{end}"
    told = f"AWS4-HMAC-SHA256\n{date}\n{scope}\n{hashlib.sha256(text.encode()).hexdigest()}"
    right = hmac.digest(secret, told.encode(), "sha256").hex()
    return None if hmac.compare_digest(right, given) else "SignatureDoesNotMatch"


def _parsed(head: bytes) -> Asked:
    first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    method, target, _ = first.split(" ")
    path, _, query = target.partition("?")
    pairs = (line.split(":", 1) for line in lines)
    return Asked(method, path, query, {name.lower(): value.strip() for name, value in pairs})


def _span(header: str, size: int) -> tuple[int, int]:
    if not header:
        return 0, size
    start, _, last = header.removeprefix("bytes=").partition("-")
    return int(start), min(size, int(last) + 1) if last else size


def _head(status: int, size: int, more: Mapping[str, str] | None = None) -> bytes:
    lines = [f"HTTP/1.1 {status} Because", f"content-length: {size}"]
    lines += [f"{name}: {value}" for name, value in (more or {}).items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


async def _reply(writer: asyncio.StreamWriter, status: int, body: bytes = b"") -> None:
    writer.write(
        (_head(status, len(body)) if status != 204 else b"HTTP/1.1 204 Done\r\n\r\n") + body
    )
    await writer.drain()


def _error(code: str) -> bytes:
    return f"<?xml version='1.0'?><Error><Code>{code}</Code></Error>".encode()
