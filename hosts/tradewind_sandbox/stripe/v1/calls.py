"""Who calls, whether they have called before, and what they are answered."""

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from litestar import Response

from tradewind_sandbox.stripe import shapes
from tradewind_sandbox.stripe.bank import Bank
from tradewind_sandbox.stripe.errors import Refused, invalid
from tradewind_sandbox.stripe.expanding import expand
from tradewind_sandbox.stripe.state import ANSWERS_LAST, Account, Answer, Cause
from tradewind_sandbox.stripe.v1.requests import Page
from tradewind_sandbox.stripe.wire import (
    Params,
    StripeRequest,
    answer,
    encode,
    new_id,
    parsed,
    read,
)

_LONGEST_KEY = 255


@dataclass(frozen=True, slots=True)
class Call:
    """One call to the API: at whose account, at which base address, about which object.

    `public` calls come with the publishable key: from a payer's browser.
    """

    bank: Bank
    account: Account
    home: str
    name: str
    public: bool

    @property
    def now(self) -> datetime:
        """The present moment of the sandbox."""
        return self.bank.state.now()


@dataclass(frozen=True, slots=True)
class Route:
    """One call that the API knows, with the struct that its parameters are read into.

    `{name}` in the path stands for the object that it is about.
    """

    method: str
    path: str
    shape: type[Params]
    work: Callable[[Call, Any], dict[str, Any]]
    public: bool = False

    def name_in(self, method: str, path: str) -> str | None:
        """What a request names where it is of this route ("" where nothing is named), or None."""
        before, named, after = self.path.partition("{name}")
        if method != self.method or not (path.startswith(before) and path.endswith(after)):
            return None
        name = path[len(before) : len(path) - len(after)]
        return name if bool(name) == bool(named) and "/" not in name else None


async def asked(request: StripeRequest, call: Call, route: Route) -> Response[bytes]:
    """Answer a GET or DELETE: what the query says is done."""
    query = request.scope["query_string"].decode("utf-8", "replace")
    params = read(parsed(query), route.shape)
    return answer(encode(expand(call.account, route.work(call, params), params.expand)))


async def told(request: StripeRequest, call: Call, route: Route) -> Response[bytes]:
    """Answer a POST: what the form says is done, once for each idempotency key.

    The key is taken before the form has arrived: whoever uses it meanwhile gets 409.
    """
    key = request.headers.get("Idempotency-Key", "")
    known = _known(call, key)
    if known and not known.content:
        wrong = "There is another request in progress that uses this idempotency key."
        raise Refused(wrong, 409, code="idempotency_key_in_use")
    running = Answer(call.now, (request.url.path, {}), new_id("req_"))
    if key and known is None:
        call.account.answers[key] = running
    try:
        form = parsed((await request.body()).decode("utf-8", "replace"))
        if known:
            return _again(known, (request.url.path, form), key)
        cause = Cause(running.request_id, key or None)
        status, content = _done(call, cause, route, read(form, route.shape))
    finally:
        if key and call.account.answers[key] is running:
            del call.account.answers[key]
    if key:
        asked_for = (request.url.path, form)
        kept = Answer(running.at, asked_for, running.request_id, status, content)
        call.account.answers[key] = kept
    named = {"Request-Id": running.request_id, **({"Idempotency-Key": key} if key else {})}
    return answer(content, status, named)


async def caller(request: StripeRequest, bank: Bank, name: str, *, public: bool) -> Call:
    """Whose key the request bears; raises Refused (401).

    Stripe's script has the publishable key among its parameters: a browser asks no leave for that.

    What had to end in the meantime ends first, so that every answer is up to date.
    """
    bank.expire()
    key = _key(request.headers.get("Authorization", ""))
    if not key and public:
        key = await _parameter(request)
    if not key:
        raise _unknown("You did not provide an API key.")
    home = str(request.base_url).rstrip("/")
    for account in bank.state.accounts:
        if key == account.known.secret_key:
            return Call(bank, account, home, name, public=False)
        if key == account.known.publishable_key:
            if not public:
                wrong = "This API call cannot be made with a publishable API key."
                raise _unknown(wrong, "secret_key_required")
            return Call(bank, account, home, name, public=True)
    raise _unknown(f"Invalid API Key provided: {key[:8]}****{key[-4:]}")


def paged(
    url: str, page: Page, items: list[Any], shape: Callable[[Any], dict[str, Any]]
) -> dict[str, Any]:
    """A page of `items`, which come oldest first and are shown newest first."""
    found = [one for one in reversed(items) if _within(page, one.created)]
    names = [one.id for one in found]
    for cursor in (page.starting_after, page.ending_before):
        if cursor and cursor not in names:
            raise invalid(f"No such object: '{cursor}'", "starting_after", "resource_missing")
    if page.ending_before:
        before = found[: names.index(page.ending_before)]
        shown = before[-page.limit :]
        more = len(before) > len(shown)
    else:
        rest = found[names.index(page.starting_after) + 1 :] if page.starting_after else found
        shown = rest[: page.limit]
        more = len(rest) > len(shown)
    return shapes.listed(url, [shape(one) for one in shown], more=more)


def _within(page: Page, created: datetime) -> bool:
    at = int(created.timestamp())
    wanted = page.created
    if wanted is None or isinstance(wanted, int):
        return wanted is None or at == wanted
    after = (wanted.gt is None or at > wanted.gt) and (wanted.gte is None or at >= wanted.gte)
    before = (wanted.lt is None or at < wanted.lt) and (wanted.lte is None or at <= wanted.lte)
    return after and before


def _known(call: Call, key: str) -> Answer | None:
    """What a key stands for already; keys are forgotten after a day."""
    if len(key) > _LONGEST_KEY:
        wrong = f"Idempotency keys must not be longer than {_LONGEST_KEY} characters."
        raise Refused(wrong, type="idempotency_error")
    known = call.account.answers.get(key) if key else None
    return known if known and call.now < known.at + ANSWERS_LAST else None


def _again(known: Answer, asked_now: tuple[str, dict[str, Any]], key: str) -> Response[bytes]:
    if known.request != asked_now:
        wrong = (
            "Keys for idempotent requests can only be used with the same parameters they were"
            f" first used with. Try using a key other than '{key}' if you meant to execute a"
            " different request."
        )
        raise Refused(wrong, type="idempotency_error")
    named = {
        "Idempotency-Key": key,
        "Idempotent-Replayed": "true",
        "Original-Request": known.request_id,
    }
    return answer(known.content, known.status, named)


def _done(call: Call, cause: Cause, route: Route, params: Params) -> tuple[int, bytes]:
    """Status and body; a refusal after something was begun is kept like any other answer."""
    call.account.cause = cause
    try:
        body = expand(call.account, route.work(call, params), params.expand)
    except Refused as refusal:
        if not refusal.kept:
            raise
        return refusal.status, encode(refusal.body())
    finally:
        call.account.cause = Cause()
    return 200, encode(body)


async def _parameter(request: StripeRequest) -> str:
    content = request.scope["query_string"] if request.method == "GET" else await request.body()
    return str(parsed(content.decode("utf-8", "replace")).get("key", ""))


def _key(header: str) -> str:
    """The key of a bearer token, or of the user's name in basic authentication."""
    scheme, _, rest = header.partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip()
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(rest, validate=True).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return ""


def _unknown(message: str, code: str = "") -> Refused:
    return Refused(message, 401, code=code, kept=False)
