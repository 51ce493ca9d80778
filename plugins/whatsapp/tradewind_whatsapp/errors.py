"""What Meta's error codes mean for the engine.

Meta: "Error codes", WhatsApp Business Platform. The code decides; HTTP status, title and subcode
are not to be relied on. The same code may answer a call or arrive later in a `failed` status.
"""

from collections.abc import Mapping

import httpx
import msgspec
from msgspec import Raw

from tradewind import (
    ChannelDown,
    ChannelError,
    DeliveryError,
    MediaRefused,
    OptedOut,
    PermanentFailure,
    Retry,
    WindowClosed,
)
from tradewind_whatsapp.wire import MISSING, Loose, read, text_of

RETRY_AFTER: Mapping[int, float] = {
    1: 5,  # unknown or invalid request
    2: 5,  # temporary
    4: 300,  # the app's own rate
    80007: 300,  # the business account's rate
    130429: 1,  # throughput of the number
    131000: 5,  # something went wrong
    131016: 5,  # service unavailable
    131056: 4,  # too many messages to one person; Meta: after 4^X seconds
    131057: 60,  # maintenance, or an upgrade of the number
    133004: 5,  # server temporarily unavailable
}
"""Seconds to wait before a message is sent again."""

DOWN = frozenset(
    {
        0,  # token invalid
        3,  # permission
        10,  # permission
        *range(200, 300),  # permissions
        190,  # token expired
        368,  # blocked for breaking policies
        130497,  # country restricted
        131005,  # permission
        131031,  # account locked
        131037,  # display name not approved
        131042,  # no valid payment method
        131045,  # number not registered
        131048,  # restricted after too many blocks
        131064,  # restricted for misclassified templates
        133000,  # registration, here and below
        133005,
        133006,
        133008,
        133009,
        133010,
        133015,
        133016,
    }
)
"""The account cannot send until a human acts."""

PERMANENT = frozenset(
    {
        33,  # no such object
        100,  # bad parameter
        130403,  # the person blocked the business
        130472,  # the person is in an experiment of Meta's
        131008,  # parameter missing
        131009,  # parameter invalid
        131021,  # sender and recipient are one
        131026,  # undeliverable
        131030,  # test number: recipient not listed
        131049,  # the person's share of marketing is used up for at least a day
        131051,  # unsupported type
        131062,  # this kind needs a phone number
        131063,  # marketing is switched off for the account
        132000,  # count of template parameters
        132001,  # no such template
        132005,  # template text too long
        132007,  # template against policy
        132012,  # format of template parameters
        132015,  # template paused
        132016,  # template disabled
        132018,  # template parameters invalid
        132068,  # form blocked
        132069,  # form throttled
        134100,  # marketing messages API
        134101,
        134102,
        135000,  # unknown parameter problem
        139200,  # sending without a template not allowed
    }
)
"""This message will never arrive."""

MEDIA_REFUSED = frozenset({131052, 131053})
"""Meta could not fetch or take the picture or file."""

WINDOW_CLOSED = 131047
OPTED_OUT = 131050

_GUESSED_RETRY = 5.0
_BEFORE_WRITING = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
_MISCONFIGURED = (httpx.UnsupportedProtocol, httpx.LocalProtocolError, httpx.InvalidURL)


class _Details(msgspec.Struct):
    details: Loose = None


class GraphError(msgspec.Struct):
    """Meta's error, in an answer or in a webhook."""

    code: int | None = None
    title: Loose = None
    message: Loose = None
    error_data: Raw = MISSING
    is_transient: bool | None = None

    @property
    def detail(self) -> str:
        """Meta's own words; `error_data` is an object, now and then plain text."""
        data = read(self.error_data, _Details)
        words = data.details if data else read(self.error_data, str)
        return text_of(words) or text_of(self.message) or text_of(self.title)


class _Refusal(msgspec.Struct):
    error: GraphError


def meaning(code: int | None) -> type[ChannelError] | None:
    """The channel error a code stands for; None for a code nobody here has heard of."""
    if code in RETRY_AFTER:
        return Retry
    if code in DOWN:
        return ChannelDown
    if code in MEDIA_REFUSED:
        return MediaRefused
    if code in PERMANENT:
        return PermanentFailure
    return {WINDOW_CLOSED: WindowClosed, OPTED_OUT: OptedOut}.get(code or -1)


def delivery_error(raw: Raw) -> DeliveryError:
    """The error of a `failed` status or of a value."""
    error = read(raw, GraphError) or GraphError()
    known = meaning(error.code) or PermanentFailure
    code = "" if error.code is None else str(error.code)
    return DeliveryError(code=code, detail=error.detail, meaning=known.code)


def refused(response: httpx.Response, *, hide: str) -> ChannelError:
    """Why Meta did not take a message, without the token `hide` that Meta sometimes repeats."""
    refusal = read(response.content, _Refusal)
    if refusal is None or refusal.error.code is None:
        return _unexplained(response)
    error = refusal.error
    code, detail = str(error.code), error.detail.replace(hide, "…")
    known = meaning(error.code)
    if known is Retry or (known is None and _passing(error, response)):
        wait = RETRY_AFTER.get(refusal.error.code, _GUESSED_RETRY)
        return Retry(max(wait, _retry_after(response)), detail, provider_code=code)
    return (known or PermanentFailure)(detail, provider_code=code)


def _passing(error: GraphError, response: httpx.Response) -> bool:
    return bool(error.is_transient) or response.status_code >= 500 or response.status_code == 429


def _unexplained(response: httpx.Response) -> ChannelError:
    """An answer without Meta's error in it comes from something in between."""
    status, detail = response.status_code, f"HTTP {response.status_code} without an error"
    if status == 429:
        return Retry(max(_GUESSED_RETRY, _retry_after(response)), detail)
    if status >= 500:
        return Retry(max(_GUESSED_RETRY, _retry_after(response)), detail, unknown=True)
    if status in (401, 403):
        return ChannelDown(detail)
    return PermanentFailure(detail)


def _retry_after(response: httpx.Response) -> float:
    value = response.headers.get("retry-after", "").strip()
    return min(float(value), 86400.0) if value.isascii() and value.isdigit() else 0.0


def unreachable(fault: httpx.RequestError | httpx.InvalidURL) -> ChannelError:
    """A fault of the network. Once a request was on its way, the message may have been taken."""
    detail = f"{type(fault).__name__}: {fault}"
    if isinstance(fault, _MISCONFIGURED):
        return ChannelDown(detail)
    return Retry(_GUESSED_RETRY, detail, unknown=not isinstance(fault, _BEFORE_WRITING))
