"""v3's refunds: partial, never too much, and as often as somebody calls."""

from typing import Any

import pytest

from tests.integration.sandbox.flutterwave import SECOND, Till, sample


@pytest.fixture
async def paid(till: Till) -> int:
    """The id of a card payment of KES 1,250."""
    await till.link()
    number: int = (await till.settle()).json()["id"]
    return number


async def refund(till: Till, transaction: int, **body: Any) -> Any:
    return await till.v3("POST", f"/transactions/{transaction}/refund", json=body)


async def test_a_refund_has_flutterwaves_shape(till: Till, paid: int) -> None:
    answer = await refund(till, paid, amount="250.50", comments="op-1")
    body, like = answer.json(), sample("flw3-api-refund")
    assert body.keys() == like.keys()
    assert body["data"].keys() == like["data"].keys()
    assert body["data"]["status"] == "completed"
    assert (body["data"]["tx_id"], body["data"]["amount_refunded"]) == (paid, 250.5)


async def test_refunds_never_exceed_what_is_left(till: Till, paid: int) -> None:
    assert (await refund(till, paid, amount=1000)).status_code == 200
    too_much = await refund(till, paid, amount="250.01")
    assert too_much.status_code == 400
    assert too_much.json()["status"] == "error"
    rest = await refund(till, paid)
    assert rest.json()["data"]["amount_refunded"] == 250
    assert (await refund(till, paid)).status_code == 400
    [entry] = (await till.books())["Lucky Shrub"]
    assert [r["amount"] for r in entry["refunds"]] == [1000, 250]


async def test_a_repeated_call_refunds_twice(till: Till, paid: int) -> None:
    for _ in range(2):
        assert (await refund(till, paid, amount=100, comments="same")).status_code == 200
    [entry] = (await till.books())["Lucky Shrub"]
    assert [r["amount"] for r in entry["refunds"]] == [100, 100]


async def test_refunds_are_found_again_under_other_keys(till: Till, paid: int) -> None:
    first = (await refund(till, paid, amount=100, comments="op-1")).json()["data"]["id"]
    await refund(till, paid, amount=200, comments="op-2")
    listed = (await till.v3("GET", "/refunds")).json()
    assert [r["comment"] for r in listed["data"]] == ["op-2", "op-1"]
    assert {r["transaction_id"] for r in listed["data"]} == {paid}
    assert listed["meta"]["page_info"]["total"] == 2
    one = (await till.v3("GET", f"/refunds/{first}")).json()["data"]
    assert one["amount_refunded"] == 100
    assert (await till.v3("GET", f"/refunds/{first}", SECOND.secret_key)).status_code == 404
    assert (await till.v3("GET", "/refunds", SECOND.secret_key)).json()["data"] == []


async def test_mobile_money_completes_in_its_own_word(till: Till) -> None:
    pending = (await till.charge()).json()["data"]["id"]
    assert (await refund(till, pending)).status_code == 400
    await till.settle()
    assert (await refund(till, pending)).json()["data"]["status"] == "completed-momo"


async def test_an_emptied_balance_refuses_refunds(till: Till, paid: int) -> None:
    shown = (await till.v3("GET", "/balances")).json()["data"]
    assert [b["currency"] for b in shown] == ["KES"]
    body = {"store_name": "Lucky Shrub", "currency": "KES"}
    paid_out = (await till.world.client.post("/flutterwave/payout", json=body)).json()
    assert paid_out == {"paid_out": shown[0]["available_balance"]}
    assert (await till.v3("GET", "/balances/kes")).json()["data"]["available_balance"] == 0
    refused = await refund(till, paid, amount=1)
    assert refused.status_code == 400
    assert "balance" in refused.json()["message"].lower()
    await till.link(tx_ref="ref-2")
    await till.settle("ref-2")
    assert (await refund(till, paid, amount=1)).status_code == 200


@pytest.mark.parametrize("amount", [0, -1, "NaN", "1.001", True])
async def test_an_amount_that_is_none_is_refused(till: Till, paid: int, amount: object) -> None:
    assert (await refund(till, paid, amount=amount)).status_code == 400


async def test_lists_are_cut_by_day_status_and_page(till: Till) -> None:
    for n in range(21):
        await till.link(tx_ref=f"ref-{n}")
        await till.settle(f"ref-{n}", "failed" if n == 20 else "successful")
    till.world.clock.advance(24 * 3600)
    await till.link(tx_ref="later")
    await till.settle("later")

    async def found(**params: str) -> list[str]:
        answer = await till.v3("GET", "/transactions", params=params)
        assert answer.status_code == 200
        return [t["tx_ref"] for t in answer.json()["data"]]

    assert (await found())[0] == "later"
    assert len(await found()) == 20
    assert await found(page="2") == ["ref-1", "ref-0"]
    assert await found(**{"from": "2026-11-22"}) == ["later"]
    assert "later" not in await found(to="2026-11-21")
    assert await found(status="failed") == ["ref-20"]
    for wrong in ({"page": "x"}, {"from": "yesterday"}):
        assert (await till.v3("GET", "/transactions", params=wrong)).status_code == 400
