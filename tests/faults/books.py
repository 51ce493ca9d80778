"""The last reckoning: the provider's books, payments, orders, refunds, ledger and cases agree."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from tests.faults.town import Town
from tradewind.database import Database, Store

_PAYMENTS = """
    SELECT p.id, p.operation_id, p.amount, p.captured, p.refunded, p.currency, p.order_id,
           o.status AS order_status, o.paid_total, o.refunded_total,
           EXISTS (SELECT FROM shop.cases c WHERE c.store_id = p.store_id
                   AND c.subject_id = p.id::text) AS has_case
    FROM shop.payments p
    LEFT JOIN shop.orders o ON o.store_id = p.store_id AND o.id = p.order_id
    WHERE p.store_id = $1 AND p.provider = 'flutterwave'"""

_FACTS = """
    SELECT DISTINCT p.operation_id, f.kind, f.object_id, f.amount
    FROM shop.payment_facts f
    JOIN shop.payments p ON p.store_id = f.store_id AND p.id = f.payment_id
    WHERE f.store_id = $1 AND p.provider = 'flutterwave' AND f.status = 'succeeded'
      AND f.kind IN ('capture', 'refund')"""

_LEDGER = """
    SELECT payment_id,
           sum(amount) FILTER (WHERE kind = 'capture') AS captured,
           sum(amount) FILTER (WHERE kind = 'refund') AS refunded
    FROM shop.ledger_transfers WHERE store_id = $1 GROUP BY payment_id"""

_ORDERS = """
    SELECT o.id, o.paid_total, o.refunded_total, sum(p.captured) AS captured,
           sum(p.refunded) AS refunded
    FROM shop.orders o
    JOIN shop.payments p ON p.store_id = o.store_id AND p.order_id = o.id
    WHERE o.store_id = $1 GROUP BY o.store_id, o.id, o.paid_total, o.refunded_total"""

_REFUNDS = "SELECT id, status, amount FROM shop.refunds WHERE store_id = $1"


class Moved(NamedTuple):
    """Money that moved at the provider: which way, under which reference and id, how much."""

    kind: str
    reference: str
    object_id: str
    amount: int


class Reckoning:
    """What was compared, and every difference in words."""

    def __init__(self) -> None:
        self.differences: list[str] = []
        self.counts: Counter[str] = Counter()


async def reckon(town: Town, database: Database, store: Store) -> Reckoning:
    """Compare the provider's books with ours, to the minor unit."""
    found = Reckoning()
    theirs = set(_moved(await _books(town)))
    async with database.transaction(store.id) as tx:
        payments, facts, transfers, orders, refunds = [
            [dict(row) for row in await tx.fetch(query, tx.store_id)]
            for query in (_PAYMENTS, _FACTS, _LEDGER, _ORDERS, _REFUNDS)
        ]
    ledger = {row["payment_id"]: row for row in transfers}
    ours = {Moved(f["kind"], f["operation_id"], f["object_id"], f["amount"]) for f in facts}
    found.differences += compared(theirs, ours)
    found.differences += twice(theirs, town.paid_twice)
    for payment in payments:
        found.differences += wrong(payment, ledger.get(payment["id"], {}))
        found.counts[f"order {payment['order_status']}"] += 1
    found.differences += [
        f"order {row['id']} says {row['paid_total']} and {row['refunded_total']}, its payments "
        f"{row['captured']} and {row['refunded']}"
        for row in orders
        if (row["paid_total"], row["refunded_total"]) != (row["captured"], row["refunded"])
    ]
    found.differences += unlike(theirs, refunds)
    found.counts["payments"] = len(payments)
    for one in theirs:
        found.counts[f"{one.kind}s at the provider"] += 1
    return found


async def _books(town: Town) -> Mapping[str, Any]:
    books: Mapping[str, Any] = (await town.sandbox.get("/flutterwave/books")).json()
    return books


def _moved(books: Mapping[str, Any]) -> Iterator[Moved]:
    for transactions in books.values():
        for one in transactions:
            if one["status"] == "successful":
                yield Moved("capture", one["tx_ref"], str(one["id"]), _minor(one["amount"]))
            for refund in one["refunds"]:
                if refund["status"].startswith("completed"):
                    amount = _minor(refund["amount"])
                    yield Moved("refund", one["tx_ref"], str(refund["id"]), amount)


def _minor(amount: object) -> int:
    return int(Decimal(str(amount)) * 100)


def compared(theirs: set[Moved], ours: set[Moved]) -> list[str]:
    """What only one side knows of."""
    return [
        *(f"at the provider, not here: {one}" for one in sorted(theirs - ours)),
        *(f"here, not at the provider: {one}" for one in sorted(ours - theirs)),
    ]


def twice(theirs: set[Moved], on_purpose: set[str]) -> list[str]:
    """References under which money came more than once without anybody wanting it."""
    captures = Counter(one.reference for one in theirs if one.kind == "capture")
    return [
        f"{reference} was charged {times} times"
        for reference, times in captures.items()
        if times > 1 and reference not in on_purpose
    ]


def wrong(payment: Mapping[str, Any], booked: Mapping[str, Any]) -> Iterator[str]:
    """What the ledger or the order of a payment says otherwise."""
    name = payment["operation_id"]
    sums = (payment["captured"], payment["refunded"])
    written = (booked.get("captured") or 0, booked.get("refunded") or 0)
    if sums != written:
        yield f"payment {name} has {sums}, the ledger {written}"
    stands = payment["order_status"] in {"processing", "completed"}
    settled = stands and payment["paid_total"] >= payment["amount"]
    if payment["captured"] and not settled and not payment["has_case"]:
        yield f"payment {name} brought {payment['captured']}: neither an order nor a case"


def unlike(theirs: set[Moved], ours: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Refunds that the provider gave otherwise than we asked, or that nobody has decided."""
    given = sorted(one.amount for one in theirs if one.kind == "refund")
    promised = sorted(row["amount"] for row in ours if row["status"] == "succeeded")
    if given != promised:
        yield f"refunds at the provider {given}, here {promised}"
    for row in ours:
        if row["status"] == "pending":
            yield f"refund {row['id']} of {row['amount']} is still pending"
