"""A refusal by Stripe, in the shape of its API."""

from dataclasses import dataclass, field
from typing import Any

_DOCS = "https://stripe.com/docs/error-codes/"


@dataclass(eq=False)
class Refused(Exception):
    """A call that Stripe does not carry out. `more` holds what else the error object says.

    `kept` is false where nothing was begun: an idempotency key does not remember such a refusal.
    """

    message: str
    status: int = 400
    type: str = "invalid_request_error"
    code: str = ""
    param: str = ""
    more: dict[str, Any] = field(default_factory=dict)
    kept: bool = True

    def body(self) -> dict[str, Any]:
        """The answer's body; only what is known is named."""
        error: dict[str, Any] = {"type": self.type, "message": self.message, **self.more}
        if self.code:
            error |= {"code": self.code, "doc_url": _DOCS + self.code.replace("_", "-")}
        if self.param:
            error["param"] = self.param
        return {"error": error}


def invalid(message: str, param: str, code: str = "") -> Refused:
    """A parameter that Stripe does not take; nothing was begun."""
    return Refused(message, code=code, param=param, kept=False)


def missing(param: str) -> Refused:
    """A parameter that must be there."""
    return invalid(f"Missing required param: {param}.", param, "parameter_missing")


def not_found(what: str, name: str, param: str = "") -> Refused:
    """No such object: 404 where the address names it, 400 where a parameter (`param`) does."""
    status = 400 if param else 404
    return Refused(
        f"No such {what}: '{name}'", status, code="resource_missing", param=param or "id"
    )


def bad_state(message: str, intent: dict[str, Any] | None = None) -> Refused:
    """A change that the status of a payment intent does not allow."""
    more = {"payment_intent": intent} if intent else {}
    return Refused(message, code="payment_intent_unexpected_state", more=more)
