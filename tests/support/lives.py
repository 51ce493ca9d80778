"""Two people and their lives at a shop, and what the database says of them afterwards."""

from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import httpx

from tests.journeys.test_received_media import picture
from tests.support.customers import Visitor, code_in
from tests.support.letterbox import Letterbox
from tests.support.shop import words
from tradewind.settings.keyring import SecretUnreadable


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

BOOK = b"%PDF-1.7 all about tea"


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
        await self.visitor.asks(phone=f"+{self.who.wa}")
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
