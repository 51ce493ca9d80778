"""A stand-in for Stripe's API that keeps books, and lets a test be the payer or the bank."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import stripe
from stripe import HTTPClient

from tradewind.testing.clock import START

CREATED = int(START.timestamp())
"""When the clock of the tests stands still."""

Answer = tuple[int, Any]
DECLINES = {"code": "card_declined", "decline_code": "insufficient_funds", "message": "No."}


class Call:
    """A request as it came: `params` are nested as Stripe reads them."""

    def __init__(self, method: str, url: str, headers: Mapping[str, str], body: str) -> None:
        parts = urlsplit(url)
        self.method, self.base, self.path = method, f"{parts.scheme}://{parts.netloc}", parts.path
        self.params = nested(body if method == "POST" else parts.query)
        self.key = headers.get("Idempotency-Key", "")
        self.authorization = headers["Authorization"]

    def __repr__(self) -> str:
        return f"{self.method} {self.path}"


def nested(form: str) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for name, value in parse_qsl(form, keep_blank_values=True):
        first, *rest = name.replace("]", "").split("[")
        place, key = tree, first
        for part in rest:
            place, key = place.setdefault(key, {}), part
        place[key] = value
    return tree


def refusal(status: int, kind: str, code: str = "", message: str = "No.") -> Answer:
    return status, {"error": {"type": kind, "code": code, "message": message}}


def missing() -> Answer:
    return refusal(404, "invalid_request_error", "resource_missing")


class Wire(HTTPClient):
    """Carries the SDK's requests to a peer in the same process."""

    name = "wire"

    def __init__(self, peer: "Peer") -> None:
        super().__init__()
        self.peer, self.closed = peer, False

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        call = Call(method.upper(), url, headers, post_data or "")
        status, body = self.peer(call)
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return content, status, {"content-type": "application/json"}

    async def sleep_async(self, secs: float) -> None:
        self.peer.slept.append(secs)

    async def close_async(self) -> None:
        self.closed = True


class Peer:
    """The books. `instead`, where set, answers first; `lose` loses answers after their effect."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.slept: list[float] = []
        self.intents: dict[str, dict[str, Any]] = {}
        self.sessions: dict[str, dict[str, Any]] = {}
        self.refunds: list[dict[str, Any]] = []
        self.disputes: list[dict[str, Any]] = []
        self.endpoints: list[dict[str, Any]] = []
        self.instead: Callable[[Call], Answer | None] = lambda _: None
        self.lose = 0
        self.now = CREATED
        self._kept: dict[str, tuple[str, Answer]] = {}

    @property
    def writes(self) -> list[Call]:
        return [call for call in self.calls if call.method == "POST"]

    def __call__(self, call: Call) -> Answer:
        self.calls.append(call)
        answer = self.instead(call) or (
            self._once(call) if call.method == "POST" else self._read(call)
        )
        if call.method == "POST" and self.lose:
            self.lose -= 1
            raise stripe.APIConnectionError("lost", should_retry=True)  # type: ignore[no-untyped-call]
        return answer

    def _once(self, call: Call) -> Answer:
        assert call.key
        asked = f"{call.path} {json.dumps(call.params, sort_keys=True)}"
        known = self._kept.get(call.key)
        if known is None:
            known = self._kept[call.key] = (asked, json.loads(json.dumps(self._write(call))))
        if known[0] != asked:
            return refusal(400, "idempotency_error")
        return known[1]

    # --- reads ---------------------------------------------------------------------------------

    def _read(self, call: Call) -> Answer:  # noqa: PLR0911 - a table of routes
        of = call.params.get("payment_intent")
        match call.path.split("/")[2:]:
            case ["payment_intents"]:
                return self._page(list(self.intents.values()), call)
            case ["payment_intents", "search"]:
                wanted = call.params["query"].split("'")[3]
                found = [one for one in self.intents.values() if wanted in one["metadata"].values()]
                return 200, {"object": "search_result", "data": found, "has_more": False}
            case ["payment_intents", name]:
                return (200, self.intents[name]) if name in self.intents else missing()
            case ["checkout", "sessions"]:
                return self._page(list(self.sessions.values()), call)
            case ["checkout", "sessions", name]:
                return self._session(name, call)
            case ["webhook_endpoints"]:
                return self._page(self.endpoints, call)
            case ["refunds"]:
                return self._page(
                    [one for one in self.refunds if one["payment_intent"] == of], call
                )
            case ["disputes"]:
                return self._page(
                    [one for one in self.disputes if one["payment_intent"] == of], call
                )
        raise AssertionError(call)

    def _session(self, name: str, call: Call) -> Answer:
        if name not in self.sessions:
            return missing()
        found = self.sessions[name]
        expanded = any(
            one.startswith("payment_intent") for one in call.params.get("expand", {}).values()
        )
        if expanded and found["payment_intent"]:
            found = {**found, "payment_intent": self.intents[found["payment_intent"]]}
        return 200, found

    def _page(self, rows: Sequence[dict[str, Any]], call: Call) -> Answer:
        newest = list(rows)[::-1]
        after = call.params.get("starting_after")
        start = next((n + 1 for n, one in enumerate(newest) if one["id"] == after), 0)
        end = start + int(call.params.get("limit", 10))
        return 200, {
            "object": "list",
            "url": call.path,
            "data": newest[start:end],
            "has_more": end < len(newest),
        }

    # --- writes --------------------------------------------------------------------------------

    def _write(self, call: Call) -> Answer:  # noqa: PLR0911 - a table of routes
        match call.path.split("/")[2:]:
            case ["payment_intents"]:
                return 200, self.add(**call.params)
            case ["payment_intents", name]:
                self.intents[name]["amount"] = int(call.params["amount"])
                return 200, self.intents[name]
            case ["payment_intents", name, "capture"]:
                return self._capture(self.intents[name], call)
            case ["payment_intents", name, "cancel"]:
                return self._cancel(self.intents[name], call)
            case ["checkout", "sessions"]:
                return 200, self._open(call)
            case ["checkout", "sessions", name, "expire"]:
                return self.expire(name)
            case ["refunds"]:
                return self._refund(call)
        raise AssertionError(call)

    def add(self, amount: Any, currency: str, **more: Any) -> dict[str, Any]:
        """A PaymentIntent."""
        name = f"pi_{len(self.intents)}"
        made = {
            "id": name,
            "object": "payment_intent",
            "amount": int(amount),
            "amount_received": 0,
            "currency": currency,
            "status": "requires_payment_method",
            "client_secret": f"{name}_secret_1",
            "capture_method": "automatic",
            "created": self.now,
            "latest_charge": None,
            "last_payment_error": None,
            "cancellation_reason": None,
            "metadata": {},
            **more,
        }
        self.intents[name] = made
        return made

    def _open(self, call: Call) -> dict[str, Any]:
        name = f"cs_test_{len(self.sessions)}"
        [line] = call.params["line_items"].values()
        price = line["price_data"]
        self.sessions[name] = {
            "id": name,
            "object": "checkout.session",
            "status": "open",
            "amount_total": int(price["unit_amount"]),
            "currency": price["currency"],
            "payment_intent": None,
            "payment_status": "unpaid",
            "url": f"https://checkout.stripe.example/{name}",
            "created": self.now,
            "metadata": call.params["metadata"],
            "terms": call.params["payment_intent_data"],
        }
        return self.sessions[name]

    def _capture(self, intent: dict[str, Any], call: Call) -> Answer:
        if intent["status"] != "requires_capture":
            return refusal(400, "invalid_request_error", "payment_intent_unexpected_state")
        amount = int(call.params.get("amount_to_capture", intent["amount"]))
        if amount > intent["amount"]:
            return refusal(400, "invalid_request_error", "amount_too_large")
        self._taken(intent, amount)
        return 200, intent

    def _cancel(self, intent: dict[str, Any], call: Call) -> Answer:
        if intent["status"] in {"succeeded", "canceled", "processing"}:
            return refusal(400, "invalid_request_error", "payment_intent_unexpected_state")
        reason = call.params.get("cancellation_reason")
        intent.update(status="canceled", cancellation_reason=reason)
        return 200, intent

    def _refund(self, call: Call) -> Answer:
        name, amount = call.params["payment_intent"], int(call.params["amount"])
        if name not in self.intents:
            return missing()
        given = sum(one["amount"] for one in self.refunds if one["payment_intent"] == name)
        if amount > self.intents[name]["amount_received"] - given:
            message = "Refund amount is greater than unrefunded amount on charge"
            return refusal(400, "invalid_request_error", "amount_too_large", message)
        return 200, self.give_back(name, amount)

    # --- what payers, banks and merchants do ----------------------------------------------------

    def intent_of(self, operation_id: str) -> dict[str, Any]:
        """The payment under an operation id; of a page it begins when the payer tries."""
        for session in self.sessions.values():
            if (
                session["metadata"]["operation_id"] == operation_id
                and not session["payment_intent"]
            ):
                made = self.add(session["amount_total"], session["currency"], **session["terms"])
                session["payment_intent"] = made["id"]
        found = self.intents.values()
        return next(one for one in found if one["metadata"]["operation_id"] == operation_id)

    async def pay(self, operation_id: str) -> None:
        """The payer pays, or lets their money be held."""
        intent = self.intent_of(operation_id)
        intent["latest_charge"] = self._charge(intent, "succeeded")
        intent["last_payment_error"] = None
        if intent["capture_method"] == "manual":
            intent.update(status="requires_capture", amount_capturable=intent["amount"])
        else:
            self._taken(intent, intent["amount"])
        for session in self.sessions.values():
            if session["payment_intent"] == intent["id"]:
                session.update(status="complete", payment_status="paid", url=None)

    def decline(self, operation_id: str, **error: Any) -> None:
        """The card is declined; the payer may try another."""
        intent = self.intent_of(operation_id)
        intent["latest_charge"] = self._charge(intent, "failed")
        intent.update(status="requires_payment_method", last_payment_error={**DECLINES, **error})

    def _charge(self, intent: dict[str, Any], status: str) -> dict[str, Any]:
        number = intent["latest_charge"]["number"] + 1 if intent["latest_charge"] else 1
        return {
            "id": f"ch_{intent['id']}_{number}",
            "number": number,
            "amount": intent["amount"],
            "status": status,
            "created": self.now + number,
            "disputed": False,
            "balance_transaction": None,
        }

    def _taken(self, intent: dict[str, Any], amount: int) -> None:
        booked = {"fee": 59, "currency": intent["currency"]}
        intent.update(status="succeeded", amount_received=amount)
        intent["latest_charge"].update(amount_captured=amount, balance_transaction=booked)

    def expire(self, name: str) -> Answer:
        """A page ends."""
        if self.sessions[name]["status"] != "open":
            return refusal(400, "invalid_request_error")
        self.sessions[name].update(status="expired", url=None)
        return 200, self.sessions[name]

    def give_back(self, name: str, amount: int, status: str = "succeeded") -> dict[str, Any]:
        """Money goes back, by the API or in Stripe's dashboard."""
        intent = self.intents[name]
        made = {
            "id": f"re_{len(self.refunds)}",
            "object": "refund",
            "amount": amount,
            "currency": intent["currency"],
            "payment_intent": name,
            "status": status,
            "created": self.now + 60,
            "metadata": {},
        }
        self.refunds.append(made)
        return made

    def dispute(self, name: str, status: str) -> dict[str, Any]:
        """The payer's bank wants the money back, or thinks about it."""
        intent = self.intents[name]
        intent["latest_charge"]["disputed"] = True
        made = {
            "id": f"dp_{len(self.disputes)}",
            "object": "dispute",
            "amount": intent["amount"],
            "currency": intent["currency"],
            "payment_intent": name,
            "status": status,
            "created": self.now + 90,
        }
        self.disputes.append(made)
        return made
