"""The one tree of errors, each with a stable `code` that clients and tests may rely on.

TradewindError
├── Refusal                    the request cannot be done; nothing was changed
│   ├── InvalidInput           malformed or out of range; `errors` names each field
│   ├── Unauthorized           no credential, or a wrong one
│   ├── Forbidden              the credential does not reach this far
│   ├── NotFound               no such object in this store
│   ├── Conflict               the object is in another state than the request assumes
│   │   ├── OutOfStock         fewer units are left than asked for
│   │   └── CartMerged         the cart went into another one
│   ├── TooLarge               the body is over the limit
│   └── Limited                too many requests; `after` says when to come back
├── PluginProblem              a plugin could not be loaded, configured or called
├── ChannelError               raised by `Channel.send`
│   ├── Retry                  a passing fault; `after` seconds from now
│   ├── PermanentFailure       this message will never be delivered
│   │   └── MediaRefused       its picture or file was refused; words may still go
│   ├── WindowClosed           the channel wants a template now
│   ├── OptedOut               the person does not want this message
│   └── ChannelDown            the account is blocked or misconfigured; a human must act
├── MediaFault                 the store of pictures and files cannot be reached, or refuses us
└── ProviderFault              raised by a payment provider when it cannot answer
"""

from collections.abc import Sequence
from typing import ClassVar
from uuid import UUID

import msgspec


class FieldError(msgspec.Struct, frozen=True):
    """One refused field: `path` in dotted form, a stable `code`, a sentence for people."""

    path: str
    code: str
    message: str


class TradewindError(Exception):
    """Root of every error this package raises on purpose."""

    code: ClassVar[str] = "internal_error"

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail)
        self.detail = detail


class Refusal(TradewindError):
    """An expected "no". `code` may be narrowed for one instance."""

    code: ClassVar[str] = "refused"

    def __init__(
        self, detail: str = "", *, code: str | None = None, errors: Sequence[FieldError] = ()
    ) -> None:
        super().__init__(detail)
        self.reason = code or type(self).code
        self.errors = tuple(errors)


class InvalidInput(Refusal):
    """The request is malformed or a value is out of range."""

    code: ClassVar[str] = "invalid_input"


class Unauthorized(Refusal):
    """No credential was given, or it is wrong."""

    code: ClassVar[str] = "unauthorized"


class Forbidden(Refusal):
    """The credential is good but does not reach this far."""

    code: ClassVar[str] = "forbidden"


class NotFound(Refusal):
    """There is no such object in this store."""

    code: ClassVar[str] = "not_found"


class Conflict(Refusal):
    """The object is in another state than the request assumes."""

    code: ClassVar[str] = "conflict"


class OutOfStock(Conflict):
    """Fewer units are left than asked for; `left` is what remains of `sku`."""

    code: ClassVar[str] = "out_of_stock"

    def __init__(self, sku: str, left: int) -> None:
        super().__init__(f"Only {left} of {sku} left.")
        self.sku = sku
        self.left = left


class CartMerged(Conflict):
    """The cart went into the one of whoever signed in, which is `cart_id`."""

    code: ClassVar[str] = "cart_merged"

    def __init__(self, cart_id: UUID) -> None:
        super().__init__("This cart was merged into another one.")
        self.cart_id = cart_id


class TooLarge(Refusal):
    """The body is larger than this door takes."""

    code: ClassVar[str] = "too_large"


class Limited(Refusal):
    """Too many requests; come back after `after` seconds."""

    code: ClassVar[str] = "too_many_requests"

    def __init__(self, detail: str = "", *, after: float = 1.0) -> None:
        super().__init__(detail)
        self.after = after


class PluginProblem(TradewindError):
    """A plugin could not be loaded, configured or called."""

    code: ClassVar[str] = "plugin_problem"


class ChannelError(TradewindError):
    """Why a channel did not take a message. `provider_code` is the outside world's own code."""

    code: ClassVar[str] = "channel_error"

    def __init__(self, detail: str = "", *, provider_code: str = "") -> None:
        super().__init__(detail)
        self.provider_code = provider_code


class Retry(ChannelError):
    """A passing fault.

    `after` is in seconds. `unknown` is true when the message may have been taken all the same
    (the answer was lost); it is then sent again only once no status report has come for it.
    """

    code: ClassVar[str] = "retry"

    def __init__(
        self, after: float, detail: str = "", *, provider_code: str = "", unknown: bool = False
    ) -> None:
        super().__init__(detail, provider_code=provider_code)
        self.after = after
        self.unknown = unknown


class PermanentFailure(ChannelError):
    """This message will never be delivered, however often it is sent."""

    code: ClassVar[str] = "permanent_failure"


class MediaRefused(PermanentFailure):
    """The provider could not take the picture or file; the engine sends words and a link."""

    code: ClassVar[str] = "media_refused"


class WindowClosed(ChannelError):
    """The reply window has closed; only a template may go out."""

    code: ClassVar[str] = "window_closed"


class OptedOut(ChannelError):
    """The person has refused this kind of message."""

    code: ClassVar[str] = "opted_out"


class ChannelDown(ChannelError):
    """The account is blocked, unpaid or misconfigured. Nothing goes out until a human acts."""

    code: ClassVar[str] = "channel_down"


class MediaFault(TradewindError):
    """Pictures and files cannot be kept or read just now, or the bucket's settings are wrong."""

    code: ClassVar[str] = "media_unavailable"


class ProviderFault(TradewindError):
    """A payment provider could not answer. `permanent` faults are not tried again."""

    code: ClassVar[str] = "provider_fault"

    def __init__(self, detail: str = "", *, permanent: bool, provider_code: str = "") -> None:
        super().__init__(detail)
        self.permanent = permanent
        self.provider_code = provider_code
