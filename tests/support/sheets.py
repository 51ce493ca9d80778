"""HTML pages as a shopper without scripts reads them: words, forms, links, what comes next."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx

from tradewind.settings.engine import Engine
from tradewind_host.app import create_app
from tradewind_host.config import Config

SITE = "https://shop.example"
_VOID = {"meta", "link", "input", "br", "img", "hr"}


class Form:
    """A form: where it goes, its values as they stand, its button."""

    def __init__(self, attributes: dict[str, str]) -> None:
        self.action = attributes.get("action", "")
        self.method = attributes.get("method", "get")
        self.values: dict[str, str] = {}
        self.button = ""

    def filled(self, **values: str) -> dict[str, str]:
        """What is sent when these inputs are filled in."""
        return {**self.values, **{f"inputs.{name}": value for name, value in values.items()}}


class Sheet(HTMLParser):
    """One page."""

    def __init__(self, answer: httpx.Response) -> None:
        super().__init__()
        self.status = answer.status_code
        self.headers = answer.headers
        self.url = str(answer.url)
        self.html = answer.text
        self.language = ""
        self.title = ""
        self.refresh = ""
        self.forms: list[Form] = []
        self.links: dict[str, str] = {}
        self.tags: list[tuple[str, dict[str, str]]] = []
        self._open: list[str] = []
        self._words: list[str] = []
        self._href: str | None = None
        self._said: list[str] = []
        self._option: str | None = None
        self._chosen: str | None = None
        self._select = ""
        self.feed(answer.text)
        self.close()

    @property
    def text(self) -> str:
        """All words of the page, blanks made one."""
        return " ".join(" ".join(self._words).split())

    def form(self, words: str) -> Form:
        """The form whose button says this."""
        found = [form for form in self.forms if words in form.button]
        assert len(found) == 1, [form.button for form in self.forms]
        return found[0]

    def buttons(self) -> list[str]:
        """What the buttons of the forms say."""
        return [form.button for form in self.forms]

    def link(self, words: str) -> str:
        """Where the link with these words leads."""
        return next(href for said, href in self.links.items() if words in said)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.tags.append((tag, given))
        if tag not in _VOID:
            self._open.append(tag)
        if tag == "html":
            self.language = given.get("lang", "")
        elif tag == "meta" and given.get("http-equiv") == "refresh":
            self.refresh = given["content"]
        elif tag == "form":
            self.forms.append(Form(given))
        elif tag == "a":
            self._href, self._said = given.get("href", ""), []
        elif tag in {"input", "select", "option"}:
            self._value(tag, given)

    def _value(self, tag: str, given: dict[str, str]) -> None:
        if tag == "input" and given.get("type") == "radio" and "checked" not in given:
            return
        if tag == "input":
            self.forms[-1].values[given["name"]] = given.get("value", "")
        elif tag == "select":
            self._select = given["name"]
            self.forms[-1].values[self._select] = ""
        elif "selected" in given:
            self._option = ""
            self._chosen = given.get("value")

    def handle_data(self, data: str) -> None:
        if "title" in self._open:
            self.title += data.strip()
        elif "style" not in self._open and "script" not in self._open:
            self._words.append(data)
        if self._href is not None:
            self._said.append(data)
        if "button" in self._open:
            self.forms[-1].button += data.strip()
        if self._option is not None:
            self._option += data

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag, f"</{tag}> closes something else"
        if tag == "a" and self._href is not None:
            self.links[" ".join(" ".join(self._said).split())] = self._href
            self._href = None
        if tag == "option" and self._option is not None:
            value = self._option.strip() if self._chosen is None else self._chosen
            self.forms[-1].values[self._select] = value
            self._option = None


class Visitor:
    """A shopper's browser without scripts; it follows what leads to other pages of the shop."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def opens(self, url: str, **more: Any) -> Sheet:
        """Open an address."""
        return Sheet(await self.client.get(url, follow_redirects=True, **more))

    async def presses(self, form: Form, **inputs: str) -> Sheet:
        """Fill in a form and press its button."""
        return await self.sends(form, **form.filled(**inputs))

    async def sends(self, form: Form, **values: str) -> Sheet:
        """Send a form with these values beside its own."""
        assert form.method == "post"
        data = {**form.values, **values}
        return Sheet(await self.client.post(form.action, data=data, follow_redirects=True))


@asynccontextmanager
async def site_of(engine: Engine, data_dir: Path) -> AsyncIterator[httpx.AsyncClient]:
    """Whoever calls the pages of an engine, which stand at `SITE`."""
    config = Config(database_url="postgresql://", data_dir=data_dir, public_url=SITE)
    app: Any = create_app(engine, config)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=SITE) as client:
        yield client
