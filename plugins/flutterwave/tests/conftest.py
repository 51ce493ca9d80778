"""A store's account, Flutterwave's own bodies, and a stand-in for its v3 API that keeps books."""

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import msgspec
import pytest

from tradewind import Item, Money, Payer, StartPayment, WebhookRequest
from tradewind.testing.clock import ManualClock
from tradewind.testing.context import STORE, BareContext
from tradewind_flutterwave import FlutterwaveProvider, FlutterwaveSettings

FIXTURES = Path(__file__).parent.parent / "fixtures"
PAYMENT = UUID("018f5b2e-0000-7000-8000-000000000001")
_NUMBERS = msgspec.json.Encoder(decimal_format="number")
HASH = "a-long-secret-hash"

Context = BareContext[FlutterwaveSettings]
Answers = Callable[[httpx.Request], httpx.Response]


def body_of(name: str) -> Any:
    return json.loads((FIXTURES / f"{name}.json").read_bytes(), parse_float=Decimal)


@pytest.fixture
def provider() -> FlutterwaveProvider:
    return FlutterwaveProvider()


@pytest.fixture
def settings() -> Callable[..., FlutterwaveSettings]:
    def make(**changes: Any) -> FlutterwaveSettings:
        usual = {"secret_key": "FLWSECK_TEST-key-X", "secret_hash": HASH}
        return FlutterwaveSettings(**{**usual, **changes})

    return make


@pytest.fixture
def captured() -> Callable[[str], bytes]:
    """The bytes of a captured body."""
    return lambda name: (FIXTURES / f"{name}.json").read_bytes()


@pytest.fixture
async def context(
    settings: Callable[..., FlutterwaveSettings],
) -> AsyncIterator[Callable[..., Context]]:
    """A store whose calls are answered by `answers`; nobody answers without."""
    made: list[Context] = []

    def make(answers: Answers | None = None, **changes: Any) -> Context:
        transport = httpx.MockTransport(answers) if answers else None
        made.append(BareContext(settings(**changes), transport=transport, clock=ManualClock()))
        return made[-1]

    yield make
    for one in made:
        await one.http.aclose()


@pytest.fixture
def payment() -> Callable[..., StartPayment]:
    def make(method: str = "hosted", amount: int = 125_000, **changes: Any) -> StartPayment:
        usual: dict[str, Any] = {
            "operation_id": str(PAYMENT),
            "payment_id": PAYMENT,
            "method": method,
            "intent": "pay",
            "amount": Money(amount, changes.pop("currency", "KES")),
            "payer": Payer(email="ada@example.com", name="Ada Okoro", phone="+254700000101"),
            "description": "Order 7",
            "return_url": "https://shop.example/return",
            "cancel_url": "https://shop.example/cancel",
            "inputs": {} if method == "hosted" else {"phone": "0700000101"},
        }
        return StartPayment(**{**usual, **changes})

    return make


@pytest.fixture
def signed() -> Callable[..., WebhookRequest]:
    """A webhook to the store's own door, signed as Flutterwave would."""

    def make(body: bytes, secret: str = HASH, **changes: Any) -> WebhookRequest:
        usual: dict[str, Any] = {
            "method": "POST",
            "query": {},
            "headers": signature(body, secret),
            "body": body,
            "store_slug": STORE.slug,
        }
        return WebhookRequest(**{**usual, **changes})

    return make


def signature(body: bytes, secret: str = HASH) -> Mapping[str, str]:
    made = hmac.new(secret.encode(), body, hashlib.sha256).digest()
    return {"flutterwave-signature": base64.b64encode(made).decode()}


@pytest.fixture
def sign() -> Callable[[bytes], Mapping[str, str]]:
    return signature


def item(body: bytes) -> Item:
    return Item(dedupe_key="one", lane="one", body=body, store_id=STORE.id)


@pytest.fixture
def as_item() -> Callable[[bytes], Item]:
    return item


def reply(data: Any, status: int = 200, message: str = "") -> httpx.Response:
    """An answer in the envelope of both APIs; every Decimal is written as a number."""
    state = "success" if status < 400 else "error"
    body = {"status": state, "message": message, "data": data}
    return httpx.Response(status, content=_NUMBERS.encode(body))


class Bank:
    """v3's books: links, transactions by number, refunds. `writes` are the calls that count.

    `lose` makes the answer to the next writing call get lost after it took effect.
    """

    def __init__(self) -> None:
        self.transactions: list[dict[str, Any]] = []
        self.refunds: list[dict[str, Any]] = []
        self.pages: dict[str, dict[str, Any]] = {}
        self.writes: list[httpx.Request] = []
        self.lose = False

    def __call__(self, request: httpx.Request) -> httpx.Response:
        route = request.url.path.removeprefix("/v3/").split("/")
        body = json.loads(request.content, parse_float=Decimal) if request.content else {}
        if request.method == "GET":
            return self._read(route, dict(request.url.params))
        self.writes.append(request)
        answer = self._write(route, body, request)
        if self.lose:
            self.lose = False
            raise httpx.ReadTimeout("lost", request=request)
        return answer

    def _read(self, route: Sequence[str], params: Mapping[str, str]) -> httpx.Response:
        match route:
            case ["transactions"]:
                return reply(self.of(params["tx_ref"]))
            case ["transactions", "verify_by_reference"]:
                found = self.of(params["tx_ref"])
                return reply(found[-1]) if found else reply(None, 404, "No transaction was found")
            case ["transactions", number, "verify"]:
                return reply(self.one(number))
            case ["refunds"]:
                own = [one for one in self.refunds if str(one["transaction_id"]) == params["id"]]
                return reply(own)
            case ["balances"]:
                return reply([{"currency": "KES", "available_balance": 10}])
        raise AssertionError(route)

    def _write(self, route: Sequence[str], body: Any, request: httpx.Request) -> httpx.Response:
        match route:
            case ["payments"]:
                self.pages[body["tx_ref"]] = body
                return reply({"link": "https://checkout.example/v3/hosted/pay/1"})
            case ["charges"]:
                return reply(self.add(body["tx_ref"], body["amount"], body["currency"]))
            case ["transactions", number, "refund"]:
                return self._refund(number, body)
        raise AssertionError(route)

    def _refund(self, number: str, body: Any) -> httpx.Response:
        given = [one for one in self.refunds if str(one["transaction_id"]) == number]
        left = self.one(number)["amount"] - sum(one["amount_refunded"] for one in given)
        if body["amount"] > left:
            return reply(None, 400, "Refund amount is more than what is left")
        refund = {
            "id": 75_000 + len(self.refunds),
            "amount_refunded": body["amount"],
            "status": "completed",
            "created_at": "2026-11-21T12:00:00.000Z",
        }
        self.refunds.append({**refund, "transaction_id": int(number), "comment": body["comments"]})
        return reply({**refund, "tx_id": int(number)})

    def add(
        self, tx_ref: str, amount: Any, currency: str = "KES", **changes: Any
    ) -> dict[str, Any]:
        """A new attempt to pay."""
        made = {
            "id": 4_193_400 + len(self.transactions),
            "tx_ref": tx_ref,
            "amount": Decimal(amount),
            "charged_amount": Decimal(amount),
            "app_fee": Decimal("0.49"),
            "currency": currency,
            "status": "pending",
            "processor_response": "Successful",
            "created_at": "2026-11-21T11:59:00.000Z",
            **changes,
        }
        self.transactions.append(made)
        return made

    def of(self, tx_ref: str) -> list[dict[str, Any]]:
        return [one for one in self.transactions if one["tx_ref"] == tx_ref]

    def one(self, number: str) -> dict[str, Any]:
        return next(one for one in self.transactions if str(one["id"]) == number)

    async def pay(self, tx_ref: str) -> None:
        """The payer approves: the pending push, or a new attempt on the page."""
        waiting = [one for one in self.of(tx_ref) if one["status"] == "pending"]
        page = self.pages.get(tx_ref)
        paid = (
            waiting[0]
            if waiting
            else self.add(tx_ref, page["amount"], page["currency"])
            if page
            else None
        )
        assert paid is not None
        paid["status"] = "successful"


@pytest.fixture
def bank() -> Bank:
    return Bank()


class NewBank:
    """v4's books. Writing calls need a token and are done once for each idempotency key.

    `lose` makes the answer to the next call to a path get lost after it took effect.
    """

    def __init__(self) -> None:
        self.tokens: list[str] = []
        self.customers: dict[str, str] = {}
        self.methods: list[dict[str, Any]] = []
        self.charges: list[dict[str, Any]] = []
        self.refunds: list[dict[str, Any]] = []
        self.writes: list[httpx.Request] = []
        self.lose = ""
        self.next_action: Any = {
            "type": "payment_instruction",
            "payment_instruction": {"note": "Please authorise this payment."},
        }
        self._answers: dict[str, httpx.Response] = {}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/token"):
            return self._token()
        if request.headers["authorization"] != f"Bearer {self.tokens[-1]}":
            error = {"type": "UNAUTHORIZED", "code": "10401", "message": "Unauthorized"}
            return httpx.Response(401, json={"status": "failed", "error": error})
        if request.method == "GET":
            return self._read(request.url.path, dict(request.url.params))
        self.writes.append(request)
        key = request.headers["x-idempotency-key"]
        assert key.isalnum()
        assert 12 <= len(key) <= 255
        if key not in self._answers:
            body = json.loads(request.content, parse_float=Decimal)
            self._answers[key] = self._write(request.url.path, body)
        if self.lose == request.url.path:
            self.lose = ""
            raise httpx.ReadTimeout("lost", request=request)
        return self._answers[key]

    def _token(self) -> httpx.Response:
        self.tokens.append(f"token-{len(self.tokens)}")
        return httpx.Response(200, json={"access_token": self.tokens[-1], "expires_in": 600})

    def _read(self, path: str, params: Mapping[str, str]) -> httpx.Response:
        if path == "/charges":
            wanted = params["reference"]
            return reply([one for one in self.charges if one["reference"] == wanted])
        if path == "/refunds":
            size, page = int(params["size"]), int(params["page"])
            return reply(self.refunds[::-1][(page - 1) * size : page * size])
        found = [one for one in self.charges if path == f"/charges/{one['id']}"]
        return reply(found[0]) if found else reply(None, 404, "Charge not found")

    def _write(self, path: str, body: Any) -> httpx.Response:
        match path:
            case "/customers" if body["email"] in self.customers:
                error = {"type": "RESOURCE_CONFLICT", "code": "10409", "message": "exists"}
                return httpx.Response(409, json={"status": "failed", "error": error})
            case "/customers":
                self.customers[body["email"]] = f"cus_{len(self.customers)}"
                return reply({"id": self.customers[body["email"]]}, 201)
            case "/customers/search":
                return reply([{"id": self.customers[body["email"]]}])
            case "/payment-methods":
                self.methods.append(body)
                return reply({"id": f"pmd_{len(self.methods)}"}, 201)
            case "/charges":
                return reply(self.add(body["reference"], body["amount"], body["currency"]), 201)
            case "/refunds":
                return self._refund(body)
        raise AssertionError(path)

    def add(
        self, reference: str, amount: Any, currency: str = "KES", **changes: Any
    ) -> dict[str, Any]:
        """A new charge."""
        made = {
            "id": f"chg_{len(self.charges)}",
            "reference": reference,
            "amount": Decimal(amount),
            "currency": currency,
            "fees": [{"type": "app", "amount": Decimal("0.49")}, {"type": "vat", "amount": 1}],
            "status": "pending",
            "next_action": self.next_action,
            "created_datetime": "2026-11-21T11:59:00.207870937Z",
            **changes,
        }
        self.charges.append(made)
        return made

    def _refund(self, body: Any) -> httpx.Response:
        refund = {
            "id": f"rfd_{len(self.refunds)}",
            "charge_id": body["charge_id"],
            "amount_refunded": body["amount"],
            "status": "completed",
            "created_datetime": 1_795_262_400.5,
        }
        self.refunds.append(refund)
        return reply(refund, 201)

    async def pay(self, reference: str) -> None:
        """The payer approves."""
        (charge,) = (one for one in self.charges if one["reference"] == reference)
        charge["status"] = "succeeded"


@pytest.fixture
def new_bank() -> NewBank:
    return NewBank()
