"""What holds for the webhook door of channels and providers alike."""

from collections.abc import Mapping, Sequence
from typing import Any, Generic, Protocol, TypeVar, cast

import msgspec

from tradewind.contracts.webhook import (
    Accepted,
    Challenge,
    Decision,
    Directory,
    Item,
    Refused,
    WebhookRequest,
)
from tradewind.testing.conformance.bodies import odd_bodies
from tradewind.testing.conformance.findings import RAISED, Findings, Signer, short
from tradewind.testing.context import STORE, Accounts

S = TypeVar("S")
Own = TypeVar("Own", contravariant=True)


class Door(Protocol[Own]):
    """The part that channels and providers share."""

    def address(self, settings: Own) -> str: ...
    async def accept(self, request: WebhookRequest, directory: Directory[Any]) -> Decision: ...


class Knocker(Generic[S]):
    """Brings bodies to a door, signed or not."""

    def __init__(self, door: Door[S], settings: S, sign: Signer, findings: Findings) -> None:
        self._door = door
        self._sign = sign
        self._findings = findings
        address = door.address(settings)
        findings.expect(isinstance(address, str), "settings", f"address gave {address!r}")
        self._directory = Accounts({str(address): settings})
        # A door without addresses is told whose it is by the URL.
        self._slug = None if address else STORE.slug

    async def items(self, deliveries: Sequence[bytes]) -> list[Item]:
        """Check everything about the door; returns the items of the genuine deliveries."""
        found: list[Item] = []
        for body in deliveries:
            found += await self._genuine(body)
            await self._forged(body)
        for body in odd_bodies(deliveries):
            await self._decision(body, self._sign(body), "unknown")
            refused = await self._decision(body, {}, "forged")
            self._findings.expect(
                isinstance(refused, Refused), "forged", f"unsigned {short(body)} was let in"
            )
        return found

    async def _genuine(self, body: bytes) -> list[Item]:
        first = await self._decision(body, self._sign(body), "genuine")
        again = await self._decision(body, self._sign(body), "duplicates")
        taken = isinstance(first, Accepted)
        self._findings.expect(taken, "genuine", f"{short(body)} was not accepted: {first!r}")
        if not isinstance(first, Accepted) or not isinstance(again, Accepted):
            return []
        self._findings.expect(
            [(one.dedupe_key, one.lane) for one in first.items]
            == [(one.dedupe_key, one.lane) for one in again.items],
            "duplicates",
            f"{short(body)} has other dedupe keys or lanes the second time",
        )
        for item in first.items:
            self._item(item, first.items)
        return list(first.items)

    def _item(self, item: Item, beside: Sequence[Item]) -> None:
        expect = self._findings.expect
        expect(item.dedupe_key, "items", "an item has no dedupe key")
        expect(item.lane, "items", f"{item.dedupe_key} has no lane")
        owner = bool(item.address) != (item.store_id is not None)
        expect(owner, "items", f"{item.dedupe_key} needs an address or a store id, not both")
        for other in beside:
            same = other.dedupe_key != item.dedupe_key or other.body == item.body
            expect(same, "items", f"{item.dedupe_key} names two different items")

    async def _forged(self, body: bytes) -> None:
        for name, headers in (
            ("without a signature", {}),
            ("with the signature of other bytes", self._sign(body + b" ")),
            ("with a broken signature", dict.fromkeys(self._sign(body), "0")),
        ):
            decision = await self._decision(body, headers, "forged")
            refused = isinstance(decision, Refused)
            self._findings.expect(refused, "forged", f"{short(body)} {name} was let in")

    async def _decision(
        self, body: bytes, headers: Mapping[str, str], rule: str
    ) -> Decision | None:
        request = WebhookRequest(
            method="POST", query={}, headers=headers, body=body, store_slug=self._slug
        )
        decision = await self._findings.answer(
            self._door.accept(request, self._directory), rule, f"accept of {short(body)}"
        )
        if decision is RAISED:
            return None
        known = isinstance(decision, Accepted | Challenge | Refused)
        if not self._findings.expect(known, rule, f"accept gave {decision!r:.100}"):
            return None
        self._findings.sound(decision, rule, f"accept of {short(body)}")
        self._status(decision, rule)
        return cast("Decision", decision)

    def _status(self, decision: Decision, rule: str) -> None:
        if isinstance(decision, Refused):
            client_error = 400 <= decision.status < 500
            self._findings.expect(client_error, rule, f"refused with {decision.status}")
        else:
            success = 200 <= decision.answer.status < 300
            self._findings.expect(success, rule, f"accepted with {decision.answer.status}")


async def check_closed_door(door: Door[S], settings: S, findings: Findings) -> None:
    """A door that takes no webhooks refuses everything."""
    directory = Accounts({door.address(settings): settings})
    for body in odd_bodies([b'{"event":"payment.paid","id":"1"}']):
        request = WebhookRequest(method="POST", query={}, headers={}, body=body)
        decision = await findings.answer(
            door.accept(request, directory), "closed door", f"accept of {short(body)}"
        )
        refused = isinstance(decision, Refused)
        findings.expect(refused, "closed door", f"{short(body)} was let in unsigned")


def changed_items(items: Sequence[Item], deliveries: Sequence[bytes]) -> list[Item]:
    """Items with bodies that were changed, as a newer outside world may send them."""
    samples = [item.body for item in items] or list(deliveries)
    item = items[0] if items else Item(dedupe_key="odd", lane="odd", body=b"", store_id=STORE.id)
    return [msgspec.structs.replace(item, body=body) for body in odd_bodies(samples)]
