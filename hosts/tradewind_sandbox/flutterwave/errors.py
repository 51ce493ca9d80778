"""A refusal by Flutterwave, in the shape of v3 and in that of v4."""

from dataclasses import dataclass, field
from typing import Any

_V4_ERRORS = {
    400: ("REQUEST_NOT_VALID", "10400"),
    401: ("UNAUTHORIZED", "10401"),
    403: ("FORBIDDEN", "10403"),
    404: ("RESOURCE_NOT_FOUND", "10404"),
    409: ("RESOURCE_CONFLICT", "10409"),
    422: ("UNPROCESSABLE", "10422"),
}


@dataclass(frozen=True, slots=True)
class BadField:
    """A field of a request and what is wrong with it."""

    field_name: str
    message: str


@dataclass(eq=False)
class Refused(Exception):
    """A call that Flutterwave does not carry out.

    `kind` is v4's own type and code where it has one for this very case.
    """

    message: str
    status: int = 400
    fields: list[BadField] = field(default_factory=list)
    kind: tuple[str, str] | None = None

    def v3(self) -> dict[str, Any]:
        """The envelope of v3."""
        return {"status": "error", "message": self.message, "data": None}

    def v4(self) -> dict[str, Any]:
        """The envelope of v4; only a bad request tells of its fields."""
        kind, code = self.kind or _V4_ERRORS.get(self.status, _V4_ERRORS[400])
        error: dict[str, Any] = {"type": kind, "code": code, "message": self.message}
        if self.status == 400:
            error["validation_errors"] = [
                {"field_name": bad.field_name, "message": bad.message} for bad in self.fields
            ]
        return {"status": "failed", "error": error}
