"""Every error as problem details (RFC 9457), with a stable code and nothing that should stay in."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import ParameterKwarg

from tradewind.contracts.errors import (
    CartMerged,
    ChannelError,
    Conflict,
    FieldError,
    Forbidden,
    InvalidInput,
    Limited,
    MediaFault,
    NotFound,
    OutOfStock,
    ProviderFault,
    Refusal,
    TooLarge,
    TradewindError,
    Unauthorized,
)
from tradewind_host.logs import logger, places

MEDIA_TYPE = "application/problem+json"


class ProblemField(msgspec.Struct, frozen=True):
    """One refused field: where it stands, a stable code, a sentence for people."""

    path: str
    code: str
    message: str


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Problem details. `sku` and `left` come with `out_of_stock` alone.

    `cart_id`, with `cart_merged`, is the cart to go on with.
    """

    type: str
    title: str
    status: int
    code: str
    detail: str
    errors: Sequence[ProblemField]
    sku: str | msgspec.UnsetType = msgspec.UNSET
    left: int | msgspec.UnsetType = msgspec.UNSET
    cart_id: UUID | msgspec.UnsetType = msgspec.UNSET


STATUSES: Mapping[type[TradewindError], int] = {
    InvalidInput: 422,
    Unauthorized: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    TooLarge: 413,
    Limited: 429,
    Refusal: 409,
    ProviderFault: 502,
    ChannelError: 502,
    MediaFault: 503,
}
_CODES = {
    400: "malformed_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
    429: "too_many_requests",
    503: "unavailable",
}
_ALWAYS = (400, 500, 503)
_PASSING = frozenset(("in_progress", "payment_not_completed"))
"""Refusals that the same request may not meet again a moment later."""
# The messages of msgspec, whose words are part of what it promises.
_PLACE = re.compile(r"(.*) - at `\$\.data(.*)`", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(.+)`")
_UNKNOWN = re.compile(r"Object contains unknown field `(.*?)`?", re.DOTALL)
_UNREACHABLE = (
    ConnectionError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
)


def problem(
    status: int,
    code: str,
    detail: str = "",
    errors: Sequence[FieldError] = (),
    *,
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> Response[bytes]:
    """An answer that says what went wrong; `more` are members of one code alone."""
    body = Problem(
        type=f"urn:tradewind:problem:{code}",
        title=HTTPStatus(status).phrase,
        status=status,
        code=code,
        detail=detail,
        errors=[ProblemField(one.path, one.code, one.message) for one in errors],
        **more,
    )
    return Response(
        msgspec.json.encode(body), status_code=status, media_type=MEDIA_TYPE, headers=headers
    )


def refusal_answer(request: Request[Any, Any, Any], error: TradewindError) -> Response[bytes]:
    """What an error of the engine looks like from outside."""
    status = next((STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES), 500)
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        return unexpected_answer(request, error)
    more: dict[str, Any] = {}
    if isinstance(error, OutOfStock):
        more = {"sku": error.sku, "left": error.left}
    elif isinstance(error, CartMerged):
        more = {"cart_id": error.cart_id}
    code = error.reason if isinstance(error, Refusal) else error.code
    errors = error.errors if isinstance(error, Refusal) else ()
    return problem(status, code, error.detail, errors, headers=_headers(error), **more)


def _headers(error: TradewindError) -> dict[str, str]:
    if isinstance(error, Limited):
        return {"Retry-After": str(max(1, round(error.after)))}
    if isinstance(error, Unauthorized):
        return {"WWW-Authenticate": "Bearer"}
    if isinstance(error, Refusal) and error.reason in _PASSING:
        return {"Retry-After": "1"}
    return {}


def http_answer(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """What Litestar's own errors look like: routes, methods, bodies, parameters."""
    if isinstance(error, ValidationException):
        return _validation_answer(request, error)
    status = error.status_code
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return unexpected_answer(request, error)
    detail = "The request cannot be read." if status == HTTPStatus.BAD_REQUEST else ""
    code = _CODES.get(status, "http_error")
    return problem(status, code, detail, headers=dict(error.headers or {}))


def _validation_answer(
    request: Request[Any, Any, Any], error: ValidationException
) -> Response[bytes]:
    found = [one for one in error.extra or () if isinstance(one, dict)]
    if any(one.get("source") == "path" for one in found):
        return problem(404, "not_found", "There is no such object.")
    names = _outer_names(request)
    errors = [
        _body_error(one, error.__cause__)
        if one.get("source") == "body"
        else _field_error(names.get(one.get("key"), str(one.get("key", ""))), one)
        for one in found
    ]
    detail = "" if errors else error.detail.partition(" for path ")[0].partition(" for ")[0]
    return problem(422, "invalid_input", detail or "Some fields are not acceptable.", errors)


def _outer_names(request: Request[Any, Any, Any]) -> dict[Any, str]:
    """Parameters whose name in the address is not that of the function's argument."""
    given = request.route_handler.parsed_fn_signature.parameters.items()
    return {
        name: field.kwarg_definition.name
        for name, field in given
        if isinstance(field.kwarg_definition, ParameterKwarg) and field.kwarg_definition.name
    }


def _field_error(path: str, told: Mapping[str, Any]) -> FieldError:
    return FieldError(path, "invalid_value", str(told.get("message")))


def _body_error(told: Mapping[str, Any], cause: BaseException | None) -> FieldError:
    """What is wrong with a body; Litestar cuts the message short, its cause has all of it."""
    place = str(told.get("key")).removeprefix("data")
    message = str(told.get("message"))
    if whole := _PLACE.fullmatch(str(cause)):
        message, place = whole.groups()
    place = _dotted(place).removeprefix(".")
    above = f"{place}." if place else ""
    if missing := _MISSING.fullmatch(message):
        return FieldError(above + missing[1], "required", "This is needed.")
    if unknown := _UNKNOWN.fullmatch(message):
        return FieldError(above + unknown[1], "unknown_field", "There is no such field.")
    if not place:
        return FieldError("", "required", "A JSON object is required as the body.")
    return FieldError(place, "invalid_value", message)


def _dotted(place: str) -> str:
    """A place as paths are written here; `*` is any key of a map."""
    return re.sub(r"\[(\d+)\]", r".\1", place.replace("[...]", ".*"))


def unstorable_answer(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Values that PostgreSQL has no room for, such as text with a zero byte."""
    logger.warning("a value was refused by the database", error=type(error).__name__)
    return problem(422, "invalid_input", "A value cannot be stored.")


def too_deep_answer(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """A body whose parts lie too deep in one another to be read."""
    return problem(400, "malformed_request", "The request cannot be read.")


def no_text_answer(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """A body that is not UTF-8; where it came from is logged, should it be a text of ours."""
    logger.warning("a text is not UTF-8", where=places(error))
    return problem(400, "malformed_request", "The request cannot be read.")


def unreachable_answer(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """The database cannot be reached just now."""
    logger.error("the database cannot be reached", error=type(error).__name__)
    return problem(503, "unavailable", "Try again shortly.", headers={"Retry-After": "2"})


def unexpected_answer(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """A fault of ours: logged by type and place, told to nobody."""
    logger.error("unexpected error", error=type(error).__name__, where=places(error))
    return problem(500, "internal_error", "Something went wrong on our side.")


HANDLERS: dict[int | type[Exception], Any] = {
    TradewindError: refusal_answer,
    HTTPException: http_answer,
    asyncpg.DataError: unstorable_answer,
    RecursionError: too_deep_answer,
    UnicodeDecodeError: no_text_answer,
    **dict.fromkeys(_UNREACHABLE, unreachable_answer),
    Exception: unexpected_answer,
}


def refusals(*statuses: int) -> dict[int, ResponseSpec]:
    """Declares, for OpenAPI, which problems a route may answer with beside those of every route."""
    return {
        status: ResponseSpec(
            data_container=Problem,
            description=HTTPStatus(status).phrase,
            media_type=MEDIA_TYPE,
            generate_examples=False,
        )
        for status in sorted({*_ALWAYS, *statuses})
    }


def reads(*statuses: int) -> dict[int, ResponseSpec]:
    """The problems of a route behind a key that changes nothing."""
    return refusals(401, 429, *statuses)


def writes(*statuses: int) -> dict[int, ResponseSpec]:
    """The problems of a route behind a key that changes something, by `Idempotency-Key` too."""
    return refusals(401, 403, 404, 409, 413, 422, 429, *statuses)


def told(
    answers: Mapping[int, ResponseSpec], codes: Mapping[int, Sequence[str]]
) -> dict[int, ResponseSpec]:
    """The same, with the codes of its own that a route gives in the words of each status."""
    return {
        status: replace(spec, description=_with_codes(spec.description, codes.get(status, ())))
        for status, spec in answers.items()
    }


def _with_codes(words: str, codes: Sequence[str]) -> str:
    return f"{words}: {', '.join(f'`{code}`' for code in codes)}" if codes else words
