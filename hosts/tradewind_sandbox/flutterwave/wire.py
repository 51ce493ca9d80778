"""Reading request bodies and writing answers, with amounts as JSON numbers."""

import re
from datetime import datetime
from typing import Any, TypeVar

import msgspec
from litestar import MediaType, Request, Response

from tradewind_sandbox.flutterwave.errors import BadField, Refused

FlutterwaveRequest = Request[Any, Any, Any]
T = TypeVar("T")

_encoder = msgspec.json.Encoder(decimal_format="number")
_MISSING = re.compile(r"Object missing required field `(\w+)`(?: - at `\$\.?(.*)`)?")
_INVALID = re.compile(r"(.*) - at `\$\.?(.*)`")


def encode(body: object) -> bytes:
    """JSON in UTF-8 without blanks; Decimals become numbers."""
    return _encoder.encode(body)


def answer(
    body: object, status: int = 200, headers: dict[str, str] | None = None
) -> Response[bytes]:
    """A JSON answer."""
    return Response(encode(body), status_code=status, headers=headers, media_type=MediaType.JSON)


async def read(request: FlutterwaveRequest, shape: type[T]) -> T:
    """The JSON body of a request; raises Refused naming the field that is missing or wrong."""
    try:
        return msgspec.json.decode(await request.body(), type=shape)
    except msgspec.ValidationError as error:
        raise _bad_field(str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Refused("The body is not valid JSON") from error


def _bad_field(problem: str) -> Refused:
    if missing := _MISSING.fullmatch(problem):
        name = f"{missing[2]}.{missing[1]}" if missing[2] else missing[1]
        return Refused(f"{name} is required", fields=[BadField(name, "must not be null")])
    if invalid := _INVALID.fullmatch(problem):
        return Refused(f"{invalid[2]} is invalid", fields=[BadField(invalid[2], invalid[1])])
    return Refused("The body must be a JSON object")


def moment(at: datetime) -> str:
    """A time as both versions write it: UTC with milliseconds."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"
