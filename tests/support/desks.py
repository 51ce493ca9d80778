"""Somebody signed in to the dashboard: a browser without scripts, as far as tests need one."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from html import unescape
from typing import Any, NamedTuple

import httpx

from tests.support.shop import Shop, open_shop
from tradewind.database import Store
from tradewind.settings.engine import Engine
from tradewind.stores.staff import Role
from tradewind.testing.database import DatabaseUrls
from tradewind_host.staffing import NewMember, let_in

PASSWORD = "correct horse battery"
OWNER, READER, SITE = "owner@demo.example", "reader@demo.example", "http://shop.test"
_INPUT = re.compile(r"<input[^>]*>")
_ATTRIBUTE = re.compile(r'([\w-]+)="([^"]*)"')


class Browser:
    """Keeps cookies, follows redirects, and sends forms with what they hide."""

    def __init__(
        self, app: Any, site: str = "https://shop.example", address: str = "127.0.0.1"
    ) -> None:
        self.site = site
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app, raise_app_exceptions=False, client=(address, 1)),
            base_url=site,
            headers={"User-Agent": "Mozilla/5.0 (Linux) Firefox/130.0"},
        )
        self.page = ""

    async def gets(self, path: str) -> httpx.Response:
        """Open a page."""
        answer = await self.client.get(path, follow_redirects=True)
        self.page = answer.text
        return answer

    async def posts(
        self, path: str, fields: Mapping[str, str], origin: str | None = None
    ) -> httpx.Response:
        """Send a form as a browser does, and follow where it leads."""
        headers = {"Origin": self.site if origin is None else origin}
        answer = await self.client.post(path, data=dict(fields), headers=headers)
        if answer.status_code == 303:
            return await self.gets(answer.headers["location"])
        self.page = answer.text
        return answer

    def hidden(self, name: str) -> str:
        """A hidden field of the page that is open."""
        for found in _INPUT.findall(self.page):
            attributes = dict(_ATTRIBUTE.findall(found))
            if attributes.get("name") == name:
                return unescape(attributes["value"])
        raise LookupError(f"the page hides no {name}")

    async def signs_in(self, email: str, password: str = PASSWORD, **more: str) -> httpx.Response:
        """Open the form and fill it in."""
        await self.gets("/dashboard/login")
        csrf = self.hidden("csrf")
        fields = {"csrf": csrf, "email": email, "password": password, **more}
        return await self.posts("/dashboard/login", fields)

    async def sends(self, path: str, **fields: str) -> httpx.Response:
        """Send a form of the page that is open, with its hidden fields."""
        kept = {"csrf": self.hidden("csrf")}
        if "form_key" not in fields and 'name="form_key"' in self.page:
            kept["form_key"] = self.hidden("form_key")
        return await self.posts(path, {**kept, **fields})


async def hire(engine: Engine, store: Store, email: str, role: Role = "owner") -> None:
    """An account on a store's staff, with `PASSWORD`."""
    await let_in(engine, store, NewMember(store.slug, email, role), PASSWORD, "test")


class Office(NamedTuple):
    """A shop, and who sits at its desk: `OWNER`, and `READER`, who may only read."""

    shop: Shop

    async def desk(self, email: str, page: str) -> Browser:
        """The browser of somebody signed in, with a page open."""
        browser = Browser(self.shop.app, SITE)
        await browser.signs_in(email)
        await browser.gets(page)
        return browser


@asynccontextmanager
async def open_office(urls: DatabaseUrls) -> AsyncIterator[Office]:
    """An office for as long as the block lasts."""
    async with open_shop(urls) as shop:
        store = shop.branches["demo"].store
        await hire(shop.engine, store, OWNER)
        await hire(shop.engine, store, READER, "read_only")
        yield Office(shop)
