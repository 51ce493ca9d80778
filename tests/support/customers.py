"""A customer with a browser at the store API, and the codes that reach them."""

import re
from typing import Any

import httpx

from tests.support.letterbox import Letterbox, text_of

_CODE = re.compile(r"(?<!\d)\d{6}(?!\d)")


def code_in(text: str) -> str:
    """The one code in a message."""
    found = set(_CODE.findall(text))
    assert len(found) == 1, text
    return str(found.pop())


class Visitor:
    """Somebody at a storefront of one store."""

    def __init__(self, box: Letterbox, slug: str = "demo") -> None:
        self.box, self.slug = box, slug
        self.token = ""

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
        """Ask for a code, and let it arrive."""
        answer = await self.calls("POST", "auth/code", identity)
        await self.box.settle()
        return answer

    async def verifies(self, code: str, **identity: str) -> httpx.Response:
        """Enter a code."""
        return await self.calls("POST", "auth/verify", {**identity, "code": code})

    def code(self) -> str:
        """The code in the newest letter."""
        return code_in(text_of(self.box.letters[-1]))

    async def signs_in(self, email: str) -> dict[str, Any]:
        """From the question to the session; what was answered."""
        answer = await self.asks(email=email)
        assert answer.status_code == httpx.codes.ACCEPTED, answer.text
        answer = await self.verifies(self.code(), email=email)
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
