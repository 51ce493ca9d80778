"""Whatever a store posts, the stand-in answers as Flutterwave would and never breaks."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.sandbox.flutterwave import PAYER, RETURN, Till
from tests.integration.sandbox.test_any_body import paths

HUGE = 10**400
STRANGE: list[Any] = [None, True, -1, 1.5, HUGE, "1e400", "NaN", "", "x" * 5000, [1], {"a": 1}]
PAYMENT = {
    "tx_ref": "ref-1",
    "amount": "1250.00",
    "currency": "KES",
    "redirect_url": RETURN,
    "customer": {"email": "a@b.example", "phonenumber": PAYER, "name": "A"},
    "payment_options": "card, mpesa",
    "session_duration": 30,
    "max_retry_attempt": 3,
    "customizations": {"title": "Shop", "logo": "http://shop.test/logo.png"},
    "meta": {"payment_id": "pay_1"},
}
CHARGE = {
    "tx_ref": "ref-2",
    "amount": 1250,
    "currency": "XAF",
    "email": "a@b.example",
    "phone_number": "237650000020",
    "network": "MTN",
    "country": "CM",
    "redirect_url": RETURN,
}
DIRECT = {
    "amount": 200,
    "currency": "GHS",
    "reference": "ref-3",
    "customer": {"email": "a@b.example", "name": {"first": "A"}, "phone": {"number": "1"}},
    "payment_method": {
        "type": "mobile_money",
        "mobile_money": {"country_code": "233", "network": "MTN", "phone_number": "901234567"},
    },
    "redirect_url": RETURN,
}
CALLS = [
    ("v3", "/payments", PAYMENT),
    ("v3", "/charges?type=mobile_money_franco", CHARGE),
    ("v4", "/orchestration/direct-charges", DIRECT),
    ("v4", "/customers", DIRECT["customer"]),
    ("v4", "/payment-methods", DIRECT["payment_method"]),
]


def spoiled(sound: Any) -> Iterator[Any]:
    """The sound body with every strange value in every place."""
    for way in paths(sound):
        for strange in STRANGE:
            body = json.loads(json.dumps(sound))
            node: Any = body
            for key in way[:-1]:
                node = node[key]
            node[way[-1]] = strange
            yield body


@pytest.mark.parametrize(("version", "path", "sound"), CALLS)
async def test_a_strange_body_is_refused_or_taken(
    till: Till, version: str, path: str, sound: Any
) -> None:
    ask = till.v3 if version == "v3" else till.v4
    assert (await ask("POST", path, json=sound)).status_code in {200, 201}
    for body in spoiled(sound):
        answer = await ask("POST", path, content=json.dumps(body).encode())
        assert answer.status_code in {200, 201, 400, 409}, body
        refused = answer.json()["status"] in {"error", "failed"}
        assert refused == (answer.status_code >= 400)
        await see_the_page(till, answer.json())
    assert (await till.world.client.get("/flutterwave/books")).status_code == 200


async def see_the_page(till: Till, body: dict[str, Any]) -> None:
    """Open the page that an answer leads to, where it does, and cancel there."""
    link = (body.get("data") or {}).get("link")
    if link:
        assert (await till.world.client.get(link)).status_code == 200
        assert (await till.press(link, "cancel")).status_code == 303
