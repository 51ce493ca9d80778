"""Erase a customer on request: what stays are books that name nobody."""

from collections.abc import Sequence
from uuid import UUID

from tradewind.carts.keeping import queries as cart_rows
from tradewind.contracts.errors import Conflict, NotFound
from tradewind.contracts.events import CustomerErased
from tradewind.database import Store, Transaction
from tradewind.erasure.queries import finding, forgetting
from tradewind.erasure.queries.forgetting import KeptAnswer
from tradewind.erasure.rules import Namesake, Person, refuse
from tradewind.inventory import service as inventory
from tradewind.messaging.received import queries as received_rows
from tradewind.messaging.received import service as received
from tradewind.orders import service as orders
from tradewind.outbox import service as outbox
from tradewind.settings.engine import Engine
from tradewind.settings.keyring import SecretUnreadable
from tradewind.settings.service import audit

_BATCH = 200
_MOST_NAMESAKES = 100


async def prepare(engine: Engine, store: Store, customer_id: UUID) -> None:
    """The first half of an erasure, in transactions of its own, which may be repeated.

    What they sent goes, and kept answers that speak of them. Raises what `erase` raises.
    """
    async with engine.database.transaction(store.id) as tx:
        person = await _found(tx, customer_id)
    for one in person.customers:
        await received.forget_all_of(engine, store, one)
    await _forget_answers(engine, store, [mark.encode() for mark in person.marks])


async def erase(tx: Transaction, customer_id: UUID, actor: str) -> Sequence[Namesake]:
    """Forget everything personal of a customer; whoever is erased already is looked after again.

    `prepare` comes first. Orders and payments stay without names, contacts, addresses, notes and
    metadata. Returns who else may be the same person, 100 at most: they are not erased. Raises
    NotFound, Conflict (`customer_has_open_orders`, `customer_has_open_payments`, `in_progress`).
    """
    person = await _found(tx, customer_id)
    for one in person.customers:
        if await received_rows.ids_of(tx, one, 1):
            raise Conflict("They sent something just now. Try again.", code="in_progress")
    others = await finding.namesakes(tx, person, _MOST_NAMESAKES)
    await _forget(tx, person, actor)
    if await forgetting.mark_erased(tx, person.customers):
        await audit(tx, actor, "customer.erased", "customer", str(customer_id))
    await _tell(tx, person.customers)
    return others


async def _tell(tx: Transaction, customers: Sequence[UUID]) -> None:
    """Also when it is repeated: a plugin may have been switched on since."""
    numbers = await forgetting.next_sequences(tx, customers)
    told = [
        CustomerErased(
            id=tx.new_id(),
            store_id=tx.store_id,
            occurred_at=tx.now,
            sequence=numbers[one],
            customer_id=one,
        )
        for one in customers
    ]
    await outbox.record(tx, *told)


async def _found(tx: Transaction, customer_id: UUID) -> Person:
    """Everything of somebody, locked. Raises NotFound, Conflict."""
    await _lock_doings(tx, await finding.customers(tx, customer_id))
    customers = await finding.customers(tx, customer_id, lock=True)
    if customer_id not in customers:
        raise NotFound("There is no such customer.")
    guest, conversations, carts = await _lock_doings(tx, customers)
    named = await finding.orders(tx, customers, carts, guest)
    payments = await finding.lock_payments(tx, carts, named)
    order_ids = await finding.orders(tx, customers, carts, guest, lock=True)
    refuse(await finding.obstacle(tx, carts, payments, order_ids))
    emails = await finding.emails(tx, customers, carts, order_ids)
    return Person(
        customers=customers,
        identities=await finding.identities(tx, customers),
        conversations=conversations,
        carts=carts,
        payments=payments,
        refunds=await finding.refunds(tx, payments),
        captures=await finding.captures(tx, payments),
        orders=order_ids,
        messages=await finding.messages(tx, conversations, order_ids, emails),
        grants=await finding.grants(tx, customers, order_ids),
        emails=emails,
        phones=await finding.phones(tx, customers, carts, order_ids),
        words=await finding.words(tx, customers, order_ids),
    )


async def _lock_doings(
    tx: Transaction, customers: Sequence[UUID]
) -> tuple[list[UUID], list[UUID], list[UUID]]:
    """Their orders as guests, and their conversations and carts, locked.

    Before the customers, because whoever writes in a chat or edits a cart holds its row when a
    foreign key looks at the customer; and after them, for what came meanwhile.
    """
    guest = [order for one in customers for order in await orders.as_guest(tx, one)]
    conversations = await finding.lock_conversations(tx, customers)
    return guest, conversations, await finding.lock_carts(tx, customers, guest)


async def _forget(tx: Transaction, person: Person, actor: str) -> None:
    refs = await forgetting.payment_refs(tx, person.payments)
    gone = await forgetting.forget_traffic(tx, person, refs)
    cases = await forgetting.forget_cases(tx, person, gone, actor)
    await forgetting.forget_failures(tx, person)
    await forgetting.forget_contacts(tx, person)
    await forgetting.forget_rows(tx, person)
    await forgetting.forget_history(tx, person, cases)
    await _forget_carts(tx, person.carts)


async def _forget_carts(tx: Transaction, carts: Sequence[UUID]) -> None:
    """Carts leave with what is in them; those that the books refer to stay, as nobody's."""
    for cart_id in carts:
        await inventory.release_holds(tx, cart_id)
    gone = await forgetting.forgotten_carts(tx, carts)
    await cart_rows.empty(tx, gone)
    await cart_rows.delete(tx, gone)
    await cart_rows.anonymize(tx, [one for one in carts if one not in set(gone)])


async def _forget_answers(engine: Engine, store: Store, marks: Sequence[bytes]) -> None:
    """Answers to named requests are encrypted, so each is opened to see whom it is about."""
    after: KeptAnswer | None = None
    until = engine.clock.now()
    while True:
        async with engine.database.transaction(store.id) as tx:
            batch = await forgetting.answers(tx, after, until, _BATCH)
            found = [one for one in batch if _names(_opened(tx, one), marks)]
            if found:
                await forgetting.forget_answers(tx, found)
        if len(batch) < _BATCH:
            return
        after = batch[-1]


def _opened(tx: Transaction, answer: KeptAnswer) -> bytes:
    try:
        return tx.vault.decrypt(answer.body)
    except SecretUnreadable:
        return b""


def _names(body: bytes, marks: Sequence[bytes]) -> bool:
    return any(mark in body for mark in marks)
