"""AWS Signature Version 4, as S3 and what speaks like it want it.

After "Authenticating Requests (AWS Signature Version 4)" of the Amazon S3 API reference, whose
examples are the tests of this module.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from urllib.parse import quote, urlsplit

UNSIGNED = "UNSIGNED-PAYLOAD"
NOTHING = hashlib.sha256(b"").hexdigest()
"""The digest of an empty body."""

_ALGORITHM = "AWS4-HMAC-SHA256"
_LEFT_ALONE = "-_.~"

Pairs = Sequence[tuple[str, str]]


class Credentials(NamedTuple):
    """Whose signature it is, and for which region."""

    access_key: str
    secret_key: str
    region: str
    service: str = "s3"

    def __repr__(self) -> str:
        return f"Credentials({self.access_key!r})"


def signed_headers(
    credentials: Credentials,
    method: str,
    url: str,
    headers: Mapping[str, str],
    digest: str,
    now: datetime,
) -> dict[str, str]:
    """The headers of a request and those that sign it; `digest` is the body's SHA-256 in hex."""
    parts = urlsplit(url)
    signed = {
        **{name.lower(): value.strip() for name, value in headers.items()},
        "host": parts.netloc,
        "x-amz-content-sha256": digest,
        "x-amz-date": _time(now),
    }
    names = ";".join(sorted(signed))
    asked = _canonical(method, parts.path, _pairs(parts.query), signed, digest)
    signature = _signature(credentials, now, asked)
    scope = f"{credentials.access_key}/{_scope(credentials, now)}"
    signed["authorization"] = (
        f"{_ALGORITHM} Credential={scope}, SignedHeaders={names}, Signature={signature}"
    )
    return signed


def signed_url(
    credentials: Credentials, url: str, now: datetime, seconds: int, more: Mapping[str, str]
) -> str:
    """An address that fetches one object for so long; `more` are parameters of the answer."""
    parts = urlsplit(url)
    query = [
        *more.items(),
        ("X-Amz-Algorithm", _ALGORITHM),
        ("X-Amz-Credential", f"{credentials.access_key}/{_scope(credentials, now)}"),
        ("X-Amz-Date", _time(now)),
        ("X-Amz-Expires", str(seconds)),
        ("X-Amz-SignedHeaders", "host"),
    ]
    asked = _canonical("GET", parts.path, query, {"host": parts.netloc}, UNSIGNED)
    signature = _signature(credentials, now, asked)
    return (
        f"{parts.scheme}://{parts.netloc}{parts.path}?{_query(query)}&X-Amz-Signature={signature}"
    )


def encoded(path: str) -> str:
    """A path as it is signed and sent."""
    return quote(path, safe=_LEFT_ALONE + "/")


def _canonical(
    method: str, path: str, query: Pairs, headers: Mapping[str, str], digest: str
) -> str:
    names = sorted(headers)
    lines = [f"{name}:{headers[name]}" for name in names]
    return "\n".join([method, path or "/", _query(query), *lines, "", ";".join(names), digest])


def _query(pairs: Pairs) -> str:
    coded = sorted(
        (quote(name, safe=_LEFT_ALONE), quote(one, safe=_LEFT_ALONE)) for name, one in pairs
    )
    return "&".join(f"{name}={value}" for name, value in coded)


def _pairs(query: str) -> Pairs:
    return [
        (name, value)
        for name, _, value in (part.partition("=") for part in query.split("&") if part)
    ]


def _signature(credentials: Credentials, now: datetime, asked: str) -> str:
    digest = hashlib.sha256(asked.encode()).hexdigest()
    text = "\n".join([_ALGORITHM, _time(now), _scope(credentials, now), digest])
    key = b"AWS4" + credentials.secret_key.encode()
    for part in _scope(credentials, now).split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def _scope(credentials: Credentials, now: datetime) -> str:
    return f"{now:%Y%m%d}/{credentials.region}/{credentials.service}/aws4_request"


def _time(now: datetime) -> str:
    return f"{now:%Y%m%dT%H%M%SZ}"
