"""Paying while everything breaks, in short; `make soak` is the same for longer."""

from pathlib import Path
from uuid import UUID

import pytest

from tests.faults import books, storm
from tests.faults.books import Moved
from tradewind.testing.database import DatabaseUrls

pytestmark = [pytest.mark.faults, pytest.mark.slow]

PAID = Moved("capture", "a", "1", 100)
BACK = Moved("refund", "a", "9", 40)


@pytest.mark.timeout(900)
async def test_whatever_breaks_the_books_agree_and_nobody_pays_twice(
    database_urls: DatabaseUrls, tmp_path: Path
) -> None:
    report = await storm.run(database_urls, tmp_path, orders=24, at_once=6, kills=3, seed=7)
    print(report)  # noqa: T201 - the run says what it injected
    assert not report.reckoning.differences
    assert report.kills == {"worker": 2, "host": 1}
    assert sum(report.injected["flutterwave"].values()) > 0


def test_the_reckoning_sees_money_that_is_on_one_side_alone() -> None:
    assert books.compared({PAID, BACK}, {PAID, BACK}) == []
    (missing,) = books.compared({PAID, BACK}, {PAID})
    assert "not here" in missing
    (invented,) = books.compared({PAID}, {PAID, BACK})
    assert "not at the provider" in invented


def test_the_reckoning_sees_a_second_charge_unless_it_was_meant() -> None:
    again = PAID._replace(object_id="2")
    assert books.twice({PAID, BACK}, set()) == []
    assert len(books.twice({PAID, again}, set())) == 1
    assert books.twice({PAID, again}, {"a"}) == []


@pytest.mark.parametrize(
    ("status", "paid_total", "has_case", "wrong"),
    [
        ("processing", 100, False, 0),
        ("completed", 100, False, 0),
        ("processing", 60, False, 1),
        ("pending", 100, False, 1),
        ("canceled", 100, False, 1),
        ("canceled", 100, True, 0),
        (None, None, False, 1),
    ],
)
def test_money_must_stand_behind_an_order_or_lie_on_the_desk(
    status: str | None, paid_total: int | None, *, has_case: bool, wrong: int
) -> None:
    payment = {
        "operation_id": "a",
        "amount": 100,
        "captured": 100,
        "refunded": 0,
        "order_status": status,
        "paid_total": paid_total,
        "has_case": has_case,
    }
    assert len(list(books.wrong(payment, {"captured": 100, "refunded": None}))) == wrong
    assert len(list(books.wrong(payment, {"captured": 99, "refunded": 0}))) == wrong + 1


def test_refunds_are_counted_one_by_one() -> None:
    row = {"id": UUID(int=1), "status": "succeeded", "amount": 40}
    assert list(books.unlike({BACK}, [row])) == []
    assert len(list(books.unlike({BACK, BACK._replace(object_id="8")}, [row]))) == 1
    assert len(list(books.unlike({BACK}, [{**row, "status": "pending"}]))) == 2
