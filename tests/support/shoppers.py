"""Shoppers who order in the chat and pay, each in their own way, whatever breaks meanwhile."""

import asyncio
import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from tests.support.place import Place
from tests.support.shop import text_message, words

SKU = "TEA-250"
_PATIENCE_SECONDS = 150.0
_LOOK_SECONDS = 0.25
_ANSWERS = {
    "full name": "Jane Wanjiku",
    "e-mail": "{phone}@example.com",
    "Where shall we deliver": "Moi Avenue 12",
    "Which town": "Nairobi",
    "phone number": "0700 000 101",
}
"""Part of a question → what a shopper types when there is nothing to tap."""

_TAPS = ("Confirm order", "Use this name", "Use this address")
"""What a shopper taps whenever it is offered."""


class Option(NamedTuple):
    """A button or a row that can be tapped."""

    id: str
    title: str
    kind: str

    def message(self) -> dict[str, Any]:
        """The `messages[]` object of tapping it."""
        reply = {"id": self.id, "title": self.title}
        return {"type": "interactive", "interactive": {"type": self.kind, self.kind: reply}}


def options(body: Mapping[str, Any]) -> Iterator[Option]:
    """What can be tapped in a message."""
    action = body.get("interactive", {}).get("action", {})
    for button in action.get("buttons", ()):
        yield Option(button["reply"]["id"], button["reply"]["title"], "button_reply")
    for section in action.get("sections", ()):
        for row in section["rows"]:
            yield Option(row["id"], row["title"], "list_reply")


def link(body: Mapping[str, Any]) -> str | None:
    """The address behind a message's link button."""
    parameters = body.get("interactive", {}).get("action", {}).get("parameters", {})
    url = parameters.get("url") if isinstance(parameters, dict) else None
    return None if url is None else str(url)


class Shopper:
    """One person's phone. `method` is the title of the way to pay that this person wants."""

    def __init__(self, place: Place, phone: str, method: str) -> None:
        self.phone = phone
        self._place = place
        self._method = method
        self._seen = 0
        self._tapped: set[str] = set()
        self._tried = -1

    async def order(self) -> str:
        """Order one thing and come as far as paying; the order's id."""
        before = {order["id"] for order in await self.orders()}
        await self._says(f"ADD {SKU} 1")
        await self._until(lambda body: "Added" in words(body), "the cart")
        await self._says("CHECKOUT")
        await self._until(self._reacts, "the order", answering=True)
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while True:
                fresh = [one["id"] for one in await self.orders() if one["id"] not in before]
                if fresh:
                    return str(fresh[0])
                await asyncio.sleep(_LOOK_SECONDS)

    async def tries_again(self) -> bool:
        """Tap “Try again” where it was offered and not tapped yet; whether there was one."""
        heard = await self._place.heard(self.phone)
        for position in range(len(heard) - 1, self._tried, -1):
            for one in options(heard[position]):
                if one.title == "Try again":
                    self._tried = position
                    await self._place.said(self.phone, one.message())
                    return True
        return False

    async def hears(self, part: str) -> dict[str, Any]:
        """Wait for a message with these words; the message."""
        found: list[dict[str, Any]] = []

        def fits(body: Mapping[str, Any]) -> bool:
            found.append(dict(body))
            return part in words(body)

        await self._until(fits, f"“{part}”")
        return found[-1]

    async def orders(self) -> Sequence[dict[str, Any]]:
        """This person's orders as the merchant sees them, newest first."""
        found = await self._place.admin("GET", f"/admin/orders?q={self.phone}")
        listed: Sequence[dict[str, Any]] = found["orders"]
        return listed

    async def _says(self, text: str) -> None:
        await self._place.said(self.phone, text_message(text))

    def _reacts(self, body: Mapping[str, Any]) -> bool:
        """Whether the store has nothing more to ask: it shows how to pay, or what went wrong."""
        titles = {one.title for one in options(body)}
        return link(body) is not None or bool(titles & {"Another way", "Try again"})

    async def _until(self, holds: Any, what: str, *, answering: bool = False) -> None:
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await self._listen(holds, answering=answering)
        except TimeoutError:
            heard = [words(body) for body in await self._place.heard(self.phone)]
            raise AssertionError(f"{self.phone} waits for {what} after {heard[-3:]}") from None

    async def _listen(self, holds: Any, *, answering: bool) -> None:
        while True:
            fresh = (await self._place.heard(self.phone))[self._seen :]
            for body in fresh:
                self._seen += 1
                if holds(body):
                    return
                if answering:
                    await self._answer(body)
            if not fresh:
                await asyncio.sleep(_LOOK_SECONDS)

    async def _answer(self, body: Mapping[str, Any]) -> None:
        """Tap or type what the question wants; a question that came twice is answered once."""
        shown = list(options(body))
        wanted = [one for title in (self._method, *_TAPS) for one in shown if one.title == title]
        chosen = next(iter(wanted or (shown if "How would you like" in words(body) else [])), None)
        mark = chosen.id if chosen else words(body)
        if mark in self._tapped:
            return
        self._tapped.add(mark)
        if chosen is not None:
            await self._place.said(self.phone, chosen.message())
            return
        for part, text in _ANSWERS.items():
            if part in words(body):
                await self._says(text.format(phone=self.phone))
                return


def phones() -> Iterator[str]:
    """Endless numbers in Kenya that nobody had before."""
    for number in itertools.count(10_000_001):
        yield f"2547{number:08}"
