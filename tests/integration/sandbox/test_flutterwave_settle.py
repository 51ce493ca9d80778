"""The doors for tests: settling a payment as its payer, and reading the books."""

import json

import pytest

from tests.integration.sandbox.flutterwave import Till


async def test_settling_a_link_makes_its_transaction_and_tells_the_store(till: Till) -> None:
    await till.link()
    answer = await till.settle()
    assert answer.status_code == 200
    told = json.loads(till.heard[0].content)["data"]
    assert told["tx_ref"] == "ref-1"
    assert told["status"] == "successful"
    assert answer.json()["id"] == told["id"]
    assert (await till.by_reference()).json()["data"]["amount"] == 1250


async def test_settling_decides_what_is_pending(till: Till) -> None:
    pending = (await till.charge()).json()["data"]["id"]
    assert (await till.settle(status="failed")).json() == {
        "tx_ref": "ref-1",
        "id": pending,
        "amount": 1250,
        "currency": "KES",
        "status": "failed",
        "refunds": [],
    }
    assert json.loads(till.heard[0].content)["data"]["status"] == "failed"


async def test_settling_may_be_wrong_on_purpose_and_silent(till: Till) -> None:
    await till.link()
    await till.settle(amount="12.50", currency="USD", webhook=False)
    assert till.heard == []
    found = (await till.by_reference()).json()["data"]
    assert (found["amount"], found["currency"]) == (12.5, "USD")


async def test_settling_twice_pays_once_and_tells_twice(till: Till) -> None:
    await till.link()
    first, second = await till.settle(), await till.settle()
    assert first.json() == second.json()
    assert till.heard[0].content == till.heard[1].content
    assert len((await till.books(store="Lucky Shrub"))["Lucky Shrub"]) == 1


async def test_settling_again_on_purpose_pays_twice_under_one_reference(till: Till) -> None:
    await till.link()
    await till.settle()
    await till.settle(again=True)
    found = (await till.books(tx_ref="ref-1"))["Lucky Shrub"]
    assert [t["status"] for t in found] == ["successful", "successful"]
    assert len({t["id"] for t in found}) == 2


async def test_a_payment_may_succeed_after_it_has_failed_or_its_link_has_ended(till: Till) -> None:
    await till.link(session_duration=1)
    till.world.clock.advance(3600)
    assert (await till.settle()).json()["status"] == "successful"
    pending = (await till.charge(tx_ref="ref-2")).json()["data"]["id"]
    await till.settle("ref-2", "failed")
    late = (await till.settle("ref-2")).json()
    assert (late["id"], late["status"]) == (pending, "successful")


async def test_what_is_paid_cannot_fail(till: Till) -> None:
    await till.link()
    await till.settle()
    assert (await till.settle(status="failed")).status_code == 409


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"tx_ref": "nobody", "status": "successful"}, 404),
        ({"tx_ref": "ref-1", "status": "perhaps"}, 400),
        ({"tx_ref": "ref-1", "status": "successful", "amount": "-1"}, 400),
    ],
)
async def test_what_cannot_be_settled_is_refused(
    till: Till, body: dict[str, str], status: int
) -> None:
    await till.link()
    answer = await till.world.client.post("/flutterwave/settle", json=body)
    assert answer.status_code == status


async def test_the_books_hold_every_store_apart(till: Till) -> None:
    await till.link()
    await till.settle()
    books = await till.books()
    assert books["Second Shrub"] == []
    [entry] = books["Lucky Shrub"]
    assert entry.keys() == {"tx_ref", "id", "amount", "currency", "status", "refunds"}
