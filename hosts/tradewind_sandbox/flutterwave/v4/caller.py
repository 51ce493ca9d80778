"""Who calls v4, which of their objects they mean, and whether they have called before."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from litestar import MediaType, Response

from tradewind_sandbox.flutterwave.bank import Bank
from tradewind_sandbox.flutterwave.errors import BadField, Refused
from tradewind_sandbox.flutterwave.state import KeptAnswer, Store, Transaction
from tradewind_sandbox.flutterwave.wire import FlutterwaveRequest, answer, encode

IDEMPOTENCY_KEY = "X-Idempotency-Key"
TRACE_ID = "X-Trace-Id"

_HEADER = re.compile(r"[A-Za-z0-9-]{12,255}")
_PAGE_SIZE = 10


def caller(request: FlutterwaveRequest, bank: Bank) -> Store:
    """The store whose token the request bears; raises Refused (10401, 10400).

    What had to end in the meantime ends first, so that every answer is up to date.
    """
    bank.expire()
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    for store in bank.state.stores:
        expires = store.tokens.get(token.strip())
        if scheme.lower() == "bearer" and expires and bank.state.now() < expires:
            _check_headers(request)
            return store
    raise Refused("Unauthorized", 401)


async def once(
    request: FlutterwaveRequest, store: Store, work: Callable[[], dict[str, Any]]
) -> Response[bytes]:
    """Do `work` and answer 201 with what it returns; under a key that is known, answer as before.

    Raises Refused (10409) when the key came with another request.
    """
    asked = (request.url.path, await request.body())
    key = request.headers.get(IDEMPOTENCY_KEY)
    kept = store.answers.get(key) if key else None
    if kept is None:
        content = encode(work())
        if key:
            store.answers[key] = KeptAnswer(asked, content)
        return Response(content, status_code=201, media_type=MediaType.JSON)
    if kept.request != asked:
        raise Refused("Idempotency key was used for another request", 409)
    hit = {"X-Idempotency-Cache-Hit": "true"}
    return Response(kept.content, status_code=201, headers=hit, media_type=MediaType.JSON)


def known_charge(store: Store, charge_id: str) -> Transaction:
    """The charge with this id; raises Refused (10404)."""
    for transaction in store.transactions:
        if transaction.charge and transaction.id == charge_id:
            return transaction
    raise Refused("Charge not found", 404)


def listed(
    request: FlutterwaveRequest, message: str, items: list[dict[str, Any]]
) -> Response[bytes]:
    """One page of a list by `?page=` (from 1) and `?size=`."""
    number, size = _number(request, "page", 1), _number(request, "size", _PAGE_SIZE)
    info = {
        "total": len(items),
        "current_page": number,
        "total_pages": max(1, -(-len(items) // size)),
    }
    shown = items[(number - 1) * size : number * size]
    body = {"status": "success", "message": message, "meta": {"page_info": info}, "data": shown}
    return answer(body)


def in_period(request: FlutterwaveRequest, at: datetime) -> bool:
    """Whether a time lies between `?from=` and `?to=`, both inclusive, in ISO 8601."""
    first, last = _moment(request, "from"), _moment(request, "to")
    return (first is None or first <= at) and (last is None or at <= last)


def fetched(message: str, data: object) -> dict[str, Any]:
    """The envelope around everything that went well."""
    return {"status": "success", "message": message, "data": data}


def invalid(field_name: str, message: str) -> Refused:
    """The refusal of one field of a request."""
    return Refused("Request is not valid", fields=[BadField(field_name, message)])


def _check_headers(request: FlutterwaveRequest) -> None:
    for name in (IDEMPOTENCY_KEY, TRACE_ID):
        value = request.headers.get(name)
        if value is not None and not _HEADER.fullmatch(value):
            raise invalid(name, "must have 12 to 255 letters and digits")


def _moment(request: FlutterwaveRequest, name: str) -> datetime | None:
    text = request.query_params.get(name)
    try:
        at = datetime.fromisoformat(text) if text else None
    except ValueError as broken:
        raise invalid(name, "must be a date-time") from broken
    return at.replace(tzinfo=at.tzinfo or UTC) if at else None


def _number(request: FlutterwaveRequest, name: str, default: int) -> int:
    text = request.query_params.get(name, str(default))
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 1000:
        raise invalid(name, "must be a number from 1")
    return int(text)
