"""A customer is erased: whatever they did, nothing in the database says who they were."""

from collections.abc import AsyncIterator, Mapping
from http import HTTPStatus
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import asyncpg
import httpx
import msgspec
import pytest_asyncio

from tests.journeys.test_received_media import picture
from tests.support.customers import Visitor, code_in
from tests.support.letterbox import Letterbox, open_letterbox
from tests.support.shop import words
from tests.support.storefront import refused
from tradewind.carts.keeping.service import note_abandoned
from tradewind.cases.service import NewCase, open_case
from tradewind.checkout.links import token_for
from tradewind.checkout.service import payment_reported
from tradewind.contracts.money import Money
from tradewind.contracts.payment import Fact, PaymentResult
from tradewind.database.sessions import NewSession, csrf_of, open_session
from tradewind.orders.service import get_order
from tradewind.outbox.live import LiveBoard
from tradewind.settings.keyring import SecretUnreadable
from tradewind.stores.staff import Role, create_account, put_member
from tradewind.testing.clock import ManualClock
from tradewind.testing.database import DatabaseUrls
from tradewind_host.signed_in import CSRF_HEADER, cookie_name


class Life(NamedTuple):
    """Somebody, and the words by which they would be found."""

    first: str
    last: str
    street: str
    wa: str
    email: str

    @property
    def name(self) -> str:
        return f"{self.first} {self.last}"

    @property
    def marks(self) -> tuple[str, ...]:
        return tuple(one.lower() for one in (*self[:2], self.street, self.wa, self.email))

    @property
    def home(self) -> dict[str, str]:
        names = {"first_name": self.first, "last_name": self.last}
        place = {"address_1": self.street, "city": "Nairobi", "country_code": "ke"}
        return {**names, **place, "province": "Nairobi County", "phone": f"+{self.wa}"}


ZAWADI = Life("Zawadi", "Kamau", "Acacia Grove 77", "254733000777", "zawadi.k@example.com")
BARAKA = Life("Baraka", "Odera", "Jacaranda Lane 9", "254733000888", "baraka.o@example.com")

# Where somebody's name, number, address or street stands before they are erased.
FOUND = """
    control.jobs control.live_messages control.webhook_inbox shop.addresses shop.audit_log
    shop.carts shop.cases shop.conversations shop.credit_entries shop.customer_channel_opt_in
    shop.customer_identities shop.customers shop.events shop.idempotency_keys shop.message_bodies
    shop.messaging_log shop.one_time_codes shop.order_events shop.orders shop.payment_sessions
    shop.promotion_shoppers shop.refunds shop.shipments shop.subscriptions
""".split()

BOOK = b"%PDF-1.7 all about tea"


@pytest_asyncio.fixture
async def box(database_urls: DatabaseUrls, clock: ManualClock) -> AsyncIterator[Letterbox]:
    async with open_letterbox(database_urls, clock) as opened:
        yield opened


class Lived:
    """What somebody does at a shop: in the chat, on the website, and at the merchant's desk."""

    def __init__(self, box: Letterbox, who: Life) -> None:
        self.box, self.who = box, who
        self.visitor = Visitor(box)
        self.visitor.email = who.email
        self._keys = 0

    async def does(self, method: str, path: str, body: Any = None) -> Any:
        """Call the store API under a name of its own; it must succeed."""
        self._keys += 1
        named = {"Idempotency-Key": self.key(self._keys)}
        answer = await self.visitor.calls(method, path, body, **named)
        assert answer.is_success, answer.text
        return answer.json()

    def key(self, number: int) -> str:
        """The name of a request."""
        return f"{self.who.wa[-3:]}-{number}"

    async def puts(self, cart: dict[str, Any], sku: str) -> None:
        """Put one of these into a cart."""
        query = "SELECT id FROM shop.variants WHERE store_id = $1 AND sku = $2"
        line = {"variant_id": str(await self.box.value(query, sku)), "quantity": 1}
        await self.does("POST", f"carts/{cart['id']}/line-items", line)

    async def buys(self, sku: str) -> dict[str, Any]:
        """Order goods on the website, to be paid on delivery."""
        cart = (await self.does("POST", "carts", {}))["cart"]
        path = f"carts/{cart['id']}"
        await self.puts(cart, sku)
        told = {"email": self.who.email, "metadata": {"for": self.who.name}}
        told |= {"shipping_address": self.who.home, "billing_address": self.who.home}
        await self.does("POST", path, told)
        await self.does("POST", f"{path}/promotions", {"code": "ONCE"})
        options = (await self.does("GET", f"{path}/shipping-options"))["shipping_options"]
        if options:
            await self.does("POST", f"{path}/shipping-method", {"option_id": options[0]["id"]})
        push = {"provider_id": "push", "inputs": {"phone": f"+{self.who.wa}"}}
        await self.does("POST", f"{path}/payment-sessions", push)
        await self.does("POST", f"{path}/payment-sessions", {"provider_id": "manual"})
        order: dict[str, Any] = (await self.does("POST", f"{path}/complete"))["order"]
        await self.box.settle()
        return order

    async def chats(self) -> None:
        """Order in the chat, send a picture, and have it stopped."""
        shop, who = self.box.shop, self.who
        script = ("hi", "ADD TEA-250", "CHECKOUT", who.name, who.email, who.street, "Nairobi")
        await shop.talks(who.wa, *script)
        await shop.taps(who.wa, "Cash on delivery")
        await shop.taps(who.wa, "Confirm order")
        await shop.sends(who.wa, await picture(shop, caption=f"To {who.street}"))
        await shop.says(who.wa, "ADD TEA-500 1")

    async def signs_in(self) -> None:
        """By a code that comes in the chat; the profile is filled in."""
        identity = {"phone": f"+{self.who.wa}"}
        await self.box.shop.hears(self.who.wa)
        await self.visitor.asks(**identity)
        code = code_in("\n".join(words(one) for one in await self.box.shop.hears(self.who.wa)))
        answer = await self.visitor.verifies(code, **identity)
        self.visitor.token = answer.json()["token"]

    async def lives(self) -> None:
        """Everything."""
        await self.visitor.signs_in()
        await self.closes(await self.buys("TEA-PURPLE"))
        self.visitor.token = ""
        await self.closes(await self.buys("COF-250"))
        await self.reads()
        await self.chats()
        await self.signs_in()
        await self.closes(await self.buys("TEA-500"))
        await self.does("POST", "carts", {"metadata": {"gift for": self.who.name}})
        await self.desk()

    async def reads(self) -> None:
        """A guest buys a book, which is theirs to fetch."""
        self.as_guest = self.key(self._keys + 1)
        self.book = await self.buys("BOOK")
        await self.box.shop.admin("POST", f"/admin/orders/{self.book['id']}/mark-paid", {})

    async def closes(self, order: dict[str, Any]) -> None:
        """The merchant takes the money, gives it back and calls the order off, with many words."""
        said = f"{self.who.name}, {self.who.street}"
        path = f"/admin/orders/{order['id']}"
        await self.box.shop.admin("POST", f"{path}/mark-paid", {"note": said})
        await self.box.shop.admin("POST", f"{path}/notes", {"note": said})
        await self.box.shop.admin("POST", f"{path}/refund", {"reason": said})
        await self.box.shop.admin("POST", f"{path}/cancel", {"reason": said})

    async def desk(self) -> None:
        """The merchant writes down what is known of them, and calls off what is open."""
        shop, who = self.box.shop, self.who
        open_orders = await shop.admin("GET", f"/admin/orders?q={who.email}&status=processing")
        for one in open_orders["orders"]:
            await shop.admin("POST", f"/admin/orders/{one['id']}/cancel", {"reason": who.name})
        for customer in await self.ids():
            body = {"note": f"Lives in {who.street}", "metadata": {"also": who.wa}}
            await shop.admin("POST", f"/admin/customers/{customer}", body)
            gift = {"credits": 2, "note": f"for {who.first}"}
            await shop.admin("POST", f"/admin/customers/{customer}/credits", gift)

    async def ids(self) -> list[UUID]:
        """The customers that they are: the one of the chat, and the one of the address."""
        async with self.box.engine.database.transaction(self.box.store().id) as tx:
            rows = await tx.fetch(
                """SELECT DISTINCT customer_id FROM shop.customer_identities
                   WHERE store_id = $1 AND identity = ANY ($2::text[]) ORDER BY 1""",
                tx.store_id,
                [self.who.wa, self.who.email],
            )
        return [row[0] for row in rows]


Dump = Mapping[str, list[str]]


async def dump(box: Letterbox, connection: "asyncpg.Connection[Any]") -> Dump:
    """Every row of every table, as text; what is encrypted is opened."""
    tables = await connection.fetch(
        """SELECT schemaname || '.' || tablename FROM pg_tables
           WHERE schemaname IN ('shop', 'control') ORDER BY 1"""
    )
    async with box.engine.database.transaction(box.store().id) as tx:

        def plain(value: Any) -> str:
            if not isinstance(value, bytes):
                return str(value)
            try:
                return tx.vault.decrypt(value).decode()
            except SecretUnreadable:
                return value.decode("utf-8", "replace")

        return {
            name: [
                " ".join(map(plain, row.values()))
                for row in await connection.fetch(f"SELECT * FROM {name}")
            ]
            for (name,) in tables
        }


def rows_of(found: Dump, who: Life) -> dict[str, list[str]]:
    """The rows in which somebody is named, by table."""
    named = {
        table: sorted(row for row in rows if any(mark in row.lower() for mark in who.marks))
        for table, rows in found.items()
    }
    return {table: rows for table, rows in named.items() if rows}


async def asked(box: Letterbox, customer: UUID | str, **headers: str) -> httpx.Response:
    """Ask for an erasure, as the owner unless told otherwise."""
    given = headers or {"Authorization": f"Bearer {box.shop.branches['demo'].secret_key}"}
    answer = await box.shop.client.delete(f"/admin/customers/{customer}", headers=given)
    await box.settle()
    return answer


async def audited(box: Letterbox) -> list[tuple[str, str]]:
    """Whose erasure the audit log tells of."""
    listed = (await box.shop.admin("GET", "/admin/audit-log?limit=200"))["audit_log"]
    wanted = [one for one in listed if one["action"] == "customer.erased"]
    return [(one["subject_id"], one["actor"].partition(":")[0]) for one in wanted]


async def prepared(box: Letterbox) -> None:
    """A code with a limit for each shopper, and a book with its file."""
    admin = box.shop.admin
    body = {"code": "ONCE", "kind": "percentage", "value": 1, "limit_per_customer": 9}
    await admin("POST", "/admin/promotions", body)
    book = {"title": "Tea", "kind": "digital", "status": "published"}
    variants = [{"sku": "BOOK", "prices": [{"currency": "KES", "amount": 90_000}]}]
    made = (await admin("POST", "/admin/products", {**book, "variants": variants}))["product"]
    headers = {"Authorization": f"Bearer {box.shop.branches['demo'].secret_key}"}
    path, files = f"/admin/products/{made['id']}/files", {"file": ("tea.pdf", BOOK)}
    assert (await box.shop.client.post(path, files=files, headers=headers)).is_success


async def left_over(box: Letterbox, lived: Lived) -> None:
    """What plugins, workers and parts to come leave behind of somebody, beside all that."""
    who, store = lived.who, box.store()
    await LiveBoard(box.engine.database, store).publish("desk", {"from": who.wa})
    subject, customer = lived.book["id"], (await lived.ids())[0]
    case = NewCase(
        kind="late_payment",
        dedupe_key=subject,
        title=f"Money of {who.email}",
        subject_type="order",
        subject_id=subject,
        evidence={"payer": who.name, "phone": who.wa},
    )
    async with box.engine.database.transaction(store.id) as tx:
        await open_case(tx, case)
        await note_abandoned(tx)
        await tx.execute(
            """INSERT INTO control.jobs (id, kind, store_id, payload, state, run_at, created_at)
               VALUES ($1, 'send_code', $2, jsonb_build_object('identity', $3::text), 'dead',
                       $4, $4)""",
            tx.new_id(),
            tx.store_id,
            who.email,
            tx.now,
        )
        await tx.execute(
            """INSERT INTO shop.subscriptions
                   (store_id, id, customer_id, status, interval_unit, interval_count, currency,
                    lines, shipping_address, created_at)
               VALUES ($1, $2, $3, 'active', 'month', 1, 'KES', '[]', $4, $5)""",
            tx.store_id,
            tx.new_id(),
            customer,
            msgspec.json.encode(who.home).decode(),
            tx.now,
        )
        await tx.execute(
            """UPDATE shop.shipments SET tracking_url = 'https://parcels.example/' || $3
               WHERE store_id = $1 AND order_id = $2""",
            tx.store_id,
            UUID(subject),
            who.email,
        )
    await box.settle()


async def test_nothing_says_who_somebody_was_and_others_keep_all(
    box: Letterbox, superuser: "asyncpg.Connection[Any]", clock: ManualClock
) -> None:
    await prepared(box)
    zawadi, baraka = Lived(box, ZAWADI), Lived(box, BARAKA)
    for one in (zawadi, baraka):
        await one.lives()
    clock.advance(5 * 60 * 60)
    for one in (zawadi, baraka):
        await left_over(box, one)
    before = await dump(box, superuser)
    for who in (ZAWADI, BARAKA):
        assert set(FOUND) <= set(rows_of(before, who))
    pictures = await kept_pictures(box)
    customers = await zawadi.ids()
    assert len(customers) == 2
    for customer in customers:
        answer = await asked(box, customer)
        assert answer.status_code == HTTPStatus.NO_CONTENT, answer.text
    after = await dump(box, superuser)
    assert rows_of(after, ZAWADI) == {}
    assert rows_of(after, BARAKA) == rows_of(before, BARAKA)
    assert len(pictures - await kept_pictures(box)) == 1
    await see_what_stays(box, zawadi, before, after)
    assert (await asked(box, customers[0])).status_code == HTTPStatus.NO_CONTENT
    assert await audited(box) == [(str(one), "key") for one in reversed(customers)]
    await box.shop.says(ZAWADI.wa, "hi")
    assert not set(await zawadi.ids()) & set(customers), "who writes again is somebody new"


async def kept_pictures(box: Letterbox) -> set[str]:
    """What shoppers sent and is kept, as far as its bytes are there."""
    async with box.engine.database.transaction(box.store().id) as tx:
        rows = await tx.fetch(
            "SELECT key FROM shop.media WHERE store_id = $1 AND kind = 'received'", tx.store_id
        )
    return {row[0] for row in rows if await box.engine.media.size(row[0]) is not None}


async def see_what_stays(box: Letterbox, lived: Lived, before: Dump, after: Dump) -> None:
    """The books are as they were, the tax office knows where, and what was bought can be had."""
    for table in ("payments", "payment_facts", "ledger_transfers", "line_adjustments"):
        assert len(after[f"shop.{table}"]) == len(before[f"shop.{table}"]) > 0
    for table in ("ledger_transfers", "payment_facts", "stock_movements", "downloads"):
        assert sorted(after[f"shop.{table}"]) == sorted(before[f"shop.{table}"])
    kept = (await box.shop.admin("GET", f"/admin/orders/{lived.book['id']}"))["order"]
    amounts = ("number", "total", "tax_total", "discount_total", "currency", "payment_status")
    assert {name: kept[name] for name in amounts} == {
        **{name: lived.book[name] for name in amounts},
        "payment_status": "paid",
    }
    assert (kept["email"], kept["metadata"]) == (None, {})
    place = {key: value for key, value in kept["shipping_address"].items() if value}
    assert place == {"country_code": "ke", "province": "Nairobi County"}
    assert (await lived.visitor.calls("GET", "customers/me")).status_code == HTTPStatus.UNAUTHORIZED
    lived.visitor.token = ""
    token = token_for(box.engine, box.store(), UUID(lived.book["id"]), "order")
    shown = await lived.visitor.calls("GET", f"orders/{lived.book['id']}?token={token}")
    assert (await box.shop.client.get(shown.json()["order"]["downloads"][0]["url"])).content == BOOK
    named = {"Idempotency-Key": lived.as_guest}
    again = await lived.visitor.calls("POST", "carts", {}, **named)
    refused(again, HTTPStatus.CONFLICT, "answer_not_kept")


async def test_whoever_is_still_to_be_served_is_not_erased(box: Letterbox) -> None:
    await prepared(box)
    lived = Lived(box, ZAWADI)
    await lived.visitor.signs_in()
    (customer,) = await lived.ids()
    cart = (await lived.does("POST", "carts", {}))["cart"]
    await lived.puts(cart, "TEA-PURPLE")
    push = {"provider_id": "push", "inputs": {"phone": f"+{ZAWADI.wa}"}}
    await lived.does("POST", f"carts/{cart['id']}/payment-sessions", push)
    refused(await asked(box, customer), HTTPStatus.CONFLICT, "customer_has_open_payments")
    order = await lived.buys("COF-250")
    refused(await asked(box, customer), HTTPStatus.CONFLICT, "customer_has_open_orders")
    assert await audited(box) == []
    assert (await lived.visitor.sees("me"))["customer"]["email"] == ZAWADI.email
    await lived.closes(order)
    assert (await asked(box, customer)).status_code == HTTPStatus.NO_CONTENT


async def test_only_an_owner_erases_and_only_their_own_customers(box: Letterbox) -> None:
    lived = Lived(box, ZAWADI)
    await lived.visitor.signs_in()
    (customer,) = await lived.ids()
    roles: tuple[tuple[Role, str], ...] = (("read_only", "read_only"), ("staff", "owner_only"))
    for role, code in roles:
        headers = await staff(box, role)
        refused(await asked(box, customer, **headers), HTTPStatus.FORBIDDEN, code)
    second = {"Authorization": f"Bearer {box.shop.branches['second'].secret_key}"}
    refused(await asked(box, customer, **second), HTTPStatus.NOT_FOUND, "not_found")
    refused(await asked(box, uuid4()), HTTPStatus.NOT_FOUND, "not_found")
    assert await lived.ids() == [customer]
    answer = await asked(box, customer, **await staff(box, "owner"))
    assert answer.status_code == HTTPStatus.NO_CONTENT
    assert await audited(box) == [(str(customer), "account")]


async def staff(box: Letterbox, role: Role) -> dict[str, str]:
    """What somebody of the staff sends along."""
    async with box.engine.database.transaction(box.store().id) as tx:
        account = await create_account(tx, f"{role}-{tx.new_id()}@example.com")
        await put_member(tx, account.id, role, "test")
    new = NewSession(kind="staff", account_id=account.id)
    opened = await open_session(box.engine.database, new)
    cookie = f"{cookie_name(box.engine)}={opened.token}"
    return {"Cookie": cookie, CSRF_HEADER: csrf_of(opened.token)}


async def test_an_address_that_others_told_too_stays_with_them(box: Letterbox) -> None:
    await prepared(box)
    store, shop = box.store(), box.shop
    body = {"email": ZAWADI.email, "name": "Told only"}
    told = (await shop.admin("POST", "/admin/customers", body))["customer"]["id"]
    lived = Lived(box, ZAWADI)
    await lived.visitor.signs_in()
    lived.visitor.token = ""
    order = await lived.buys("TEA-PURPLE")
    await lived.visitor.signs_in()
    assert (await asked(box, told)).status_code == HTTPStatus.NO_CONTENT
    assert (await lived.visitor.sees("me"))["customer"]["email"] == ZAWADI.email
    async with box.engine.database.transaction(store.id) as tx:
        kept = await get_order(tx, UUID(order["id"]))
    assert kept.email == ZAWADI.email


async def desk_case(box: Letterbox, subject: str, phone: str) -> UUID:
    """Something to decide, with a number in its evidence."""
    case = NewCase(
        kind="late_payment",
        dedupe_key=f"{subject}:{phone[-3:]}",
        title="Late",
        subject_type="customer",
        subject_id=subject,
        evidence={"phone": phone},
    )
    async with box.engine.database.transaction(box.store().id) as tx:
        return await open_case(tx, case)


async def test_a_number_that_others_have_too_stays_with_them(box: Letterbox) -> None:
    alone = "254733000999"
    await box.shop.says(BARAKA.wa, "hi")
    (baraka,) = await Lived(box, BARAKA).ids()
    cases = [await desk_case(box, str(baraka), one) for one in (BARAKA.wa, alone)]
    for phone in (BARAKA.wa, alone):
        body = {"phone": f"+{phone}", "name": "Told only"}
        told = (await box.shop.admin("POST", "/admin/customers", body))["customer"]["id"]
        assert (await asked(box, told)).status_code == HTTPStatus.NO_CONTENT
    kept = [(await box.shop.admin("GET", f"/admin/cases/{one}"))["case"] for one in cases]
    assert [one["evidence"] for one in kept] == [{"phone": BARAKA.wa}, {}]


async def test_an_address_that_somebody_else_has_proved_stays_with_them(box: Letterbox) -> None:
    lived = Lived(box, ZAWADI)
    await lived.visitor.signs_in()
    (zawadi,) = await lived.ids()
    query = "SELECT count(*) FROM shop.messaging_log WHERE store_id = $1 AND identity = $2"
    letters = await box.value(query, ZAWADI.email)
    assert letters
    admin = box.shop.admin
    await admin("POST", f"/admin/customers/{zawadi}", {"email": "another@example.com"})
    body = {"email": ZAWADI.email, "name": "Told only"}
    told = (await admin("POST", "/admin/customers", body))["customer"]["id"]
    assert (await asked(box, told)).status_code == HTTPStatus.NO_CONTENT
    assert await box.value(query, ZAWADI.email) == letters


async def test_what_was_said_when_a_case_was_closed_is_in_the_audit_log_no_more(
    box: Letterbox, superuser: "asyncpg.Connection[Any]"
) -> None:
    await box.shop.says(ZAWADI.wa, "hi")
    (zawadi,) = await Lived(box, ZAWADI).ids()
    case = await desk_case(box, str(zawadi), ZAWADI.wa)
    said = {"resolution": f"Spoke to {ZAWADI.name}"}
    await box.shop.admin("POST", f"/admin/cases/{case}/close", said)
    assert "shop.audit_log" in rows_of(await dump(box, superuser), ZAWADI)
    assert (await asked(box, zawadi)).status_code == HTTPStatus.NO_CONTENT
    assert rows_of(await dump(box, superuser), ZAWADI) == {}


async def test_money_that_comes_after_all_is_a_case_and_not_an_order_of_nobody(
    box: Letterbox, clock: ManualClock
) -> None:
    lived = Lived(box, ZAWADI)
    await lived.visitor.signs_in()
    (customer,) = await lived.ids()
    cart = (await lived.does("POST", "carts", {}))["cart"]
    await lived.puts(cart, "TEA-PURPLE")
    push = {"provider_id": "push", "inputs": {"phone": f"+{ZAWADI.wa}"}}
    await lived.does("POST", f"carts/{cart['id']}/payment-sessions", push)
    clock.advance(20 * 60)
    await box.settle()
    assert (await asked(box, customer)).status_code == HTTPStatus.NO_CONTENT
    async with box.engine.database.transaction(box.store().id) as tx:
        (payment_id, amount), *_ = await tx.fetch(
            "SELECT id, amount FROM shop.payments WHERE store_id = $1", tx.store_id
        )
    fact = Fact(
        kind="capture",
        object_id="late",
        status="succeeded",
        amount=Money(amount, "KES"),
        at=clock.now(),
    )
    result = PaymentResult(status="succeeded", facts=[fact])
    await payment_reported(box.engine, box.store(), payment_id, result, "webhook")
    (case,) = (await box.shop.admin("GET", "/admin/cases?state=open"))["cases"]
    assert (case["kind"], case["amount"]) == ("paid_not_placed", amount)
    assert (await box.shop.admin("GET", "/admin/orders"))["orders"] == []
