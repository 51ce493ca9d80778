"""A customer with a browser at the store API, and the codes that reach them."""

import itertools
import re
from email.message import EmailMessage
from typing import Any

import httpx

from tests.support.letterbox import Letterbox, text_of

_CODE = re.compile(r"(?<!\d)\d{6}(?!\d)")
_NUMBERS = itertools.count(1)


def code_in(text: str) -> str:
    """The one code in a message."""
    found = set(_CODE.findall(text))
    assert len(found) == 1, text
    return str(found.pop())


class Visitor:
    """Somebody at a storefront, with an address and a number that nobody else has."""

    def __init__(self, box: Letterbox, slug: str = "demo") -> None:
        self.box, self.slug = box, slug
        self.token = ""
        number = next(_NUMBERS)
        self.email = f"jane{number}@example.com"
        self.wa = f"2547{number:08}"
        self.phone = f"+{self.wa}"

    async def calls(
        self, method: str, path: str, json: Any = None, **headers: str
    ) -> httpx.Response:
        """Call the store API, with the session if there is one."""
        own = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        key = {"X-Publishable-Key": self.box.shop.branches[self.slug].publishable_key}
        return await self.box.shop.client.request(
            method, f"/store/{path}", json=json, headers={**key, **own, **headers}
        )

    async def asks(self, **identity: str) -> httpx.Response:
        """Ask for a code, by default for the own address, and let it arrive."""
        answer = await self.calls("POST", "auth/code", identity or {"email": self.email})
        await self.box.settle()
        return answer

    async def verifies(self, code: str, **identity: str) -> httpx.Response:
        """Enter a code."""
        told = identity or {"email": self.email}
        return await self.calls("POST", "auth/verify", {**told, "code": code})

    @property
    def letters(self) -> list[EmailMessage]:
        """What came by mail, oldest first."""
        return [one for one in self.box.letters if one["To"] == self.email]

    def code(self) -> str:
        """The code in the newest letter."""
        return code_in(text_of(self.letters[-1]))

    async def signs_in(self, email: str = "") -> dict[str, Any]:
        """From the question to the session; what was answered."""
        who = {"email": email or self.email}
        answer = await self.asks(**who)
        assert answer.status_code == httpx.codes.ACCEPTED, answer.text
        answer = await self.verifies(self.code(), **who)
        assert answer.status_code == httpx.codes.OK, answer.text
        found: dict[str, Any] = answer.json()
        self.token = found["token"]
        return found

    async def sees(self, path: str) -> dict[str, Any]:
        """What a page of the customer's own shows."""
        answer = await self.calls("GET", f"customers/{path}")
        assert answer.status_code == httpx.codes.OK, answer.text
        found: dict[str, Any] = answer.json()
        return found
