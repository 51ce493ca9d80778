"""Meta's errors: one exception, its JSON shapes and the HTTP status each code comes with.

Codes and statuses follow Meta's error code table of March 2026.
"""

import secrets
from typing import Any

INVALID_PARAMETER = 100
ACCESS_TOKEN_INVALID = 190
CALLBACK_REFUSED = 2200
UNKNOWN_PATH = 2500
TOO_MANY_MANAGEMENT_CALLS = 80007
TOO_MANY_TEMPLATES_CREATED = 80008
THROUGHPUT_REACHED = 130429
OUT_OF_ORDER = 131000
PARAMETER_MISSING = 131008
PARAMETER_INVALID = 131009
RECIPIENT_IS_SENDER = 131021
UNDELIVERABLE = 131026
WINDOW_CLOSED = 131047
UNSUPPORTED_TYPE = 131051
MEDIA_UPLOAD = 131053
PAIR_RATE = 131056
TEMPLATE_PARAMETER_COUNT = 132000
TEMPLATE_MISSING = 132001
TEMPLATE_TEXT_TOO_LONG = 132005
TEMPLATE_PARAMETER_FORMAT = 132012
TEMPLATE_PAUSED = 132015
NOT_REGISTERED = 133010

OBJECT_MISSING_SUBCODE = 33

_TITLES = {
    INVALID_PARAMETER: "Invalid parameter",
    ACCESS_TOKEN_INVALID: "Invalid OAuth access token - Cannot parse access token",
    CALLBACK_REFUSED: "Callback verification failed",
    UNKNOWN_PATH: "Unknown path components",
    TOO_MANY_MANAGEMENT_CALLS: "Rate limit issues",
    TOO_MANY_TEMPLATES_CREATED: "There have been too many calls to this WhatsApp Business account",
    THROUGHPUT_REACHED: "Rate limit hit",
    OUT_OF_ORDER: "Something went wrong",
    PARAMETER_MISSING: "Required parameter is missing",
    PARAMETER_INVALID: "Parameter value is not valid",
    RECIPIENT_IS_SENDER: "Recipient cannot be sender",
    UNDELIVERABLE: "Message undeliverable",
    WINDOW_CLOSED: "Re-engagement message",
    UNSUPPORTED_TYPE: "Unsupported message type",
    MEDIA_UPLOAD: "Media upload error",
    PAIR_RATE: "(Business Account, Consumer Account) pair rate limit hit",
    TEMPLATE_PARAMETER_COUNT: "Number of parameters does not match the expected number of params",
    TEMPLATE_MISSING: "Template name does not exist in the translation",
    TEMPLATE_TEXT_TOO_LONG: "Translated text too long",
    TEMPLATE_PARAMETER_FORMAT: "Parameter format does not match format in the created template",
    TEMPLATE_PAUSED: "Template is paused",
    NOT_REGISTERED: "Phone number not registered",
}

_HTTP_STATUS = {ACCESS_TOKEN_INVALID: 401, TEMPLATE_MISSING: 404}

_HREF = "/documentation/business-messaging/whatsapp/support/error-codes"


class GraphError(Exception):
    """A refusal by the Graph API, or the reason why an accepted message was not delivered."""

    def __init__(self, code: int, details: str, *, subcode: int | None = None) -> None:
        super().__init__(f"(#{code}) {details}")
        self.code = code
        self.details = details
        self.subcode = subcode
        self.title = _TITLES[code]

    @property
    def http_status(self) -> int:
        """The HTTP status Meta answers with for this code."""
        return _HTTP_STATUS.get(self.code, 400)

    def body(self) -> dict[str, Any]:
        """The body of the HTTP answer."""
        error: dict[str, Any] = {
            "message": f"(#{self.code}) {self.title}",
            "type": "OAuthException",
            "code": self.code,
            "error_data": {"messaging_product": "whatsapp", "details": self.details},
            "fbtrace_id": "A" + secrets.token_urlsafe(16),
        }
        if self.subcode is not None:
            error["error_subcode"] = self.subcode
        return {"error": error}

    def in_status(self) -> dict[str, Any]:
        """The entry of `errors` in a `failed` status."""
        return {
            "code": self.code,
            "title": self.title,
            "message": self.title,
            "error_data": {"details": self.details},
            "href": _HREF,
        }


def unknown_object(object_id: str) -> GraphError:
    """The refusal for an id that does not exist or belongs to another token (HTTP 400, not 404)."""
    return GraphError(
        INVALID_PARAMETER,
        f"Unsupported request. Object with ID '{object_id}' does not exist, cannot be loaded due"
        " to missing permissions, or does not support this operation",
        subcode=OBJECT_MISSING_SUBCODE,
    )
