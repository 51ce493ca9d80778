"""Who calls the Graph API and which object they mean: version, token, id and body of a request."""

import re
from typing import Any

import msgspec
from litestar import Request
from litestar.exceptions import SerializationException

from tradewind_sandbox.whatsapp import errors
from tradewind_sandbox.whatsapp.errors import GraphError, unknown_object
from tradewind_sandbox.whatsapp.state import (
    BusinessAccount,
    BusinessNumber,
    Media,
    WhatsAppState,
)
from tradewind_sandbox.whatsapp.templates import Template

GraphRequest = Request[Any, Any, Any]

_VERSION = re.compile(r"v\d{1,3}\.\d")


class Caller:
    """The holder of an access token, and the objects it may touch."""

    def __init__(self, state: WhatsAppState, token: str) -> None:
        self.state = state
        self._numbers = {
            phone_number_id: number
            for phone_number_id, number in state.numbers.items()
            if number.account.access_token == token
        }
        if not self._numbers:
            raise GraphError(errors.ACCESS_TOKEN_INVALID, "The access token is not valid.")

    @property
    def app_secret(self) -> str:
        """The secret of the app behind the token."""
        return next(iter(self._numbers.values())).account.app_secret

    def number(self, object_id: str) -> BusinessNumber:
        """The business number with this id; raises GraphError 100/33."""
        number = self._numbers.get(object_id)
        if number is None:
            raise unknown_object(object_id)
        return number

    def business(self, object_id: str) -> BusinessAccount:
        """The business account with this id, counting a management call; raises GraphError."""
        business = self.find_business(object_id)
        if business is None:
            raise unknown_object(object_id)
        if not business.calls.take(self.state.now().timestamp()):
            raise GraphError(
                errors.TOO_MANY_MANAGEMENT_CALLS, "Business account rate limit reached."
            )
        return business

    def find_business(self, object_id: str) -> BusinessAccount | None:
        """The business account with this id, if this token may see it."""
        mine = any(n.account.waba_id == object_id for n in self._numbers.values())
        return self.state.businesses[object_id] if mine else None

    def numbers_of(self, waba_id: str) -> list[BusinessNumber]:
        """The phone numbers of a business account."""
        return [n for n in self._numbers.values() if n.account.waba_id == waba_id]

    def find(self, object_id: str) -> BusinessNumber | BusinessAccount | Media | Template:
        """The object with this id, whatever it is; raises GraphError 100/33."""
        found = (
            self._numbers.get(object_id)
            or self.find_business(object_id)
            or self.state.media.get(object_id)
            or self._template(object_id)
        )
        if found is None:
            raise unknown_object(object_id)
        return found

    def business_of(self, template: Template) -> BusinessAccount:
        """The business account that owns a template."""
        return next(b for b in self.state.businesses.values() if template.id in b.templates)

    def _template(self, object_id: str) -> Template | None:
        for waba_id in {n.account.waba_id for n in self._numbers.values()}:
            if template := self.state.businesses[waba_id].templates.get(object_id):
                return template
        return None


def caller(request: GraphRequest, state: WhatsAppState) -> Caller:
    """The caller of a request, by its bearer token; raises GraphError 2500 and 190."""
    version = request.path_params.get("version")
    if version is not None and not _VERSION.fullmatch(version):
        raise GraphError(errors.UNKNOWN_PATH, f"Unknown path components: {request.url.path}")
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return Caller(state, token.strip() if scheme.lower() == "bearer" else "")


async def json_body(request: GraphRequest) -> dict[str, Any]:
    """The JSON object in the body of a request; raises GraphError 100."""
    try:
        body = await request.json()
    except (SerializationException, msgspec.DecodeError) as broken:
        raise GraphError(errors.INVALID_PARAMETER, "The body is not valid JSON.") from broken
    if not isinstance(body, dict):
        raise GraphError(errors.INVALID_PARAMETER, "The body must be a JSON object.")
    return body


def pick(
    node: dict[str, Any],
    request: GraphRequest,
    *,
    default: tuple[str, ...],
    unset: tuple[str, ...] = (),
) -> dict[str, Any]:
    """The fields of `node` that `?fields=` names, or those of `default`.

    Fields in `unset` exist without having a value and are left out; any other that `node` lacks
    raises GraphError 100.
    """
    wanted = [f for f in request.query_params.get("fields", "").split(",") if f] or list(default)
    for name in wanted:
        if name not in node and name not in unset:
            raise GraphError(
                errors.INVALID_PARAMETER, f"Tried accessing nonexisting field ({name})"
            )
    return {name: node[name] for name in dict.fromkeys(["id", *wanted]) if name in node}


def page(nodes: list[dict[str, Any]], request: GraphRequest) -> dict[str, Any]:
    """One page of a list by `?limit=&after=`; `paging.next` only where another page follows."""
    try:
        start = int(request.query_params.get("after", "0"))
        limit = int(request.query_params.get("limit", "25"))
    except ValueError as broken:
        raise GraphError(errors.INVALID_PARAMETER, "limit and after must be numbers") from broken
    shown = nodes[start : start + limit]
    if not shown:
        return {"data": []}
    end = start + len(shown)
    paging: dict[str, Any] = {"cursors": {"before": str(start), "after": str(end)}}
    if end < len(nodes):
        paging["next"] = str(request.url.with_replacements(query=f"limit={limit}&after={end}"))
    return {"data": shown, "paging": paging}
