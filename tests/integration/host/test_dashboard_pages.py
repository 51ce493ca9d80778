"""Conversations, cases and plugins in the dashboard; routes of plugins; staff by command line."""

from collections.abc import AsyncIterator, Sequence
from http import HTTPStatus
from typing import Any
from uuid import UUID

import msgspec
import pytest
import pytest_asyncio
from litestar import post
from litestar.di import NamedDependency
from litestar.params import SkipValidation
from markupsafe import Markup

from tests.support.desks import OWNER, READER, SITE, Browser, hire
from tests.support.shop import AMINA, Shop, open_shop
from tradewind import DashboardPage, PageRequest, Plugin, StoreContext, Text, hookimpl
from tradewind.cases.service import NewCase, get_case, open_case
from tradewind.contracts.errors import Conflict
from tradewind.messaging.queries import MessageRecord
from tradewind.settings.keyring import new_key
from tradewind.settings.service import configure
from tradewind.stores import staff
from tradewind.testing.clock import ManualClock
from tradewind.testing.database import DatabaseUrls
from tradewind_host import staffing
from tradewind_host.config import Config
from tradewind_host.dashboard.bubbles import bubble

pytestmark = pytest.mark.usefixtures("cheap_passwords")


class Lamp(Plugin):
    """Brings pages that work, lie and fail, and a route that changes something."""

    name = "lamp"
    requires = ">=0.1,<0.2"

    def __init__(self) -> None:
        self.lit: list[str] = []

    @hookimpl
    def dashboard_pages(self) -> Sequence[DashboardPage]:
        async def shine(context: StoreContext[Any], request: PageRequest) -> str:
            words = Markup("<p id='lamp'>{} {} {}</p>")
            name = request.query.get("name", "")
            return words.format(context.store.slug, request.role, name)

        async def plain(context: StoreContext[Any], request: PageRequest) -> str:
            return "<script>alert(1)</script>"

        async def broken(context: StoreContext[Any], request: PageRequest) -> str:
            raise ZeroDivisionError("the bulb")

        async def empty(context: StoreContext[Any], request: PageRequest) -> str:
            return None  # type: ignore[return-value]

        def sudden(context: StoreContext[Any], request: PageRequest) -> str:
            return "at once"

        return [
            DashboardPage(path="light", title="The lamp", render=shine),
            DashboardPage(path="light", title="Another", render=shine),
            DashboardPage(path="plain", title="Plain", render=plain),
            DashboardPage(path="broken", title="Broken", render=broken),
            DashboardPage(path="empty", title="Empty", render=empty),
            DashboardPage(path="../up", title="Elsewhere", render=shine),
            DashboardPage(path="sudden", title="Sudden", render=sudden),  # type: ignore[arg-type]
        ]

    @hookimpl
    def http_routes(self) -> Sequence[Any]:
        @post("/switch", status_code=200)
        async def switch(
            context: NamedDependency[SkipValidation[StoreContext[Any]]], role: NamedDependency[str]
        ) -> dict[str, str]:
            self.lit.append(f"{context.store.slug} {role}")
            return {"role": role}

        @post("/open", status_code=200)
        async def unlock() -> dict[str, str]:
            self.lit.append("open")
            return {}

        return [switch, unlock]


class House:
    def __init__(self, shop: Shop, lamp: Lamp) -> None:
        self.shop, self.lamp = shop, lamp
        self.engine, self.store = shop.engine, shop.branches["demo"].store

    async def desk(self, email: str = OWNER) -> Browser:
        browser = Browser(self.shop.app, SITE)
        assert (await browser.signs_in(email)).url.path == "/dashboard/orders"
        return browser

    async def case(self, key: str = "one", *actions: str) -> str:
        async with self.engine.database.transaction(self.store.id) as tx:
            case = NewCase(
                kind="late_payment",
                dedupe_key=key,
                title="Money of <nobody>",
                subject_type="payment",
                subject_id=str(tx.new_id()),
                evidence={"seen": {"by": "<b>the bank</b>"}},
                actions=actions,
            )
            return str(await open_case(tx, case))


@pytest_asyncio.fixture
async def house(database_urls: DatabaseUrls, clock: ManualClock) -> AsyncIterator[House]:
    lamp = Lamp()
    async with open_shop(database_urls, clock=clock, plugins=[lamp]) as shop:
        store = shop.branches["demo"].store
        await configure(shop.engine, store, "lamp", actor="t", enabled=True, settings={})
        await hire(shop.engine, store, OWNER)
        await hire(shop.engine, store, READER, "read_only")
        await hire(shop.engine, shop.branches["second"].store, "owner@second.example")
        yield House(shop, lamp)


async def test_conversations_are_listed_and_read_and_nothing_in_them_is_believed(
    house: House,
) -> None:
    browser = await house.desk()
    assert "Nobody has written yet." in (await browser.gets("/dashboard/whatsapp")).text
    await house.shop.says(AMINA, "<script>alert('hi')</script>")
    page = (await browser.gets("/dashboard/whatsapp")).text
    assert AMINA in page
    path = page.partition('href="/dashboard/whatsapp/')[2].partition('"')[0]
    page = (await browser.gets(f"/dashboard/whatsapp/{path}")).text
    assert "&lt;script&gt;alert(&#39;hi&#39;)&lt;/script&gt;" in page
    assert "<script" not in page
    assert "Browse products" in page
    stranger = await house.desk("owner@second.example")
    assert AMINA not in (await stranger.gets("/dashboard/whatsapp")).text
    answer = await stranger.gets(f"/dashboard/whatsapp/{path}")
    assert answer.status_code == HTTPStatus.NOT_FOUND


def test_a_sign_in_code_is_never_shown(clock: ManualClock) -> None:
    def said(category: str, body: Any) -> str:
        message = MessageRecord(
            id=None,  # type: ignore[arg-type]
            channel="whatsapp",
            identity=AMINA,
            direction="out",
            kind="text",
            category=category,
            body=body,
            status=None,
            error_code="",
            error="",
            repeated=0,
            author="",
            created_at=clock.now(),
        )
        return " ".join(bubble(message).paragraphs)

    body = {"type": "text", "text": "Your code is 123456"}
    assert "123456" in said("service", body)
    assert "123456" not in said("authentication", body)
    template = {"type": "template", "values": ["123456"], "category": "authentication"}
    assert "123456" not in said("utility", template)
    assert Text(text="x").text in said("utility", None) + "x"


async def test_a_case_shows_its_evidence_and_is_decided_once(house: House) -> None:
    case_id, browser = await house.case("one", "close"), await house.desk()
    assert "Money of &lt;nobody&gt;" in (await browser.gets("/dashboard/cases")).text
    here = f"/dashboard/cases/{case_id}"
    page = (await browser.gets(here)).text
    assert "seen.by" in page
    assert "&lt;b&gt;the bank&lt;/b&gt;" in page
    form = {name: browser.hidden(name) for name in ("csrf", "form_key")}
    for _ in range(2):
        answer = await browser.posts(f"{here}/close", {**form, "words": "was a test"})
        assert "The case is closed." in answer.text
    assert "was a test" in answer.text
    assert "<button>Close" not in answer.text
    assert "form_key" not in answer.text
    assert case_id not in (await browser.gets("/dashboard/cases")).text
    assert case_id in (await browser.gets("/dashboard/cases?state=closed")).text
    log = (await house.shop.admin("GET", "/admin/audit-log"))["audit_log"]
    [entry] = [one for one in log if one["action"] == "case.closed"]
    assert entry["actor"].startswith("account:")


async def test_a_closed_case_offers_nothing_any_more(house: House) -> None:
    case_id = await house.case("one", "refund", "close")
    listed = (await house.shop.admin("GET", "/admin/cases?state=open"))["cases"]
    assert listed[0]["actions"] == ["refund", "close"]
    closed = await house.shop.admin("POST", f"/admin/cases/{case_id}/close", {})
    assert closed["case"]["actions"] == []
    for path in (f"/admin/cases/{case_id}", "/admin/cases?state=closed"):
        found = await house.shop.admin("GET", path)
        case = found["case"] if "case" in found else found["cases"][0]
        assert case["actions"] == []


async def test_a_case_does_nothing_it_does_not_offer_and_nothing_for_readers(house: House) -> None:
    case_id, browser = await house.case("one", "close"), await house.desk()
    here = f"/dashboard/cases/{case_id}"
    await browser.gets(here)
    answer = await browser.sends(f"{here}/refund")
    assert (answer.status_code, "does not offer that" in answer.text) == (409, True)
    reader = await house.desk(READER)
    assert "Decide" not in (await reader.gets(here)).text
    form = {"csrf": reader.hidden("csrf"), "form_key": "a"}
    assert (await reader.posts(f"{here}/close", form)).status_code == HTTPStatus.FORBIDDEN
    async with house.engine.database.transaction(house.store.id) as tx:
        assert (await get_case(tx, UUID(case_id))).state == "open"


async def test_a_page_of_a_plugin_is_shown_where_it_is_enabled(house: House) -> None:
    browser = await house.desk()
    page = (await browser.gets("/dashboard/plugins/lamp/light?name=%3Cb%3E")).text
    assert "<p id='lamp'>demo owner &lt;b&gt;</p>" in page
    assert "The lamp" in page.partition("<nav")[2].partition("</nav>")[0]
    for left_out in ("Another", "Elsewhere", "Sudden"):
        assert left_out not in page
    assert (await browser.gets("/dashboard/plugins/lamp/sudden")).status_code == 404
    page = (await browser.gets("/dashboard/plugins/lamp/plain")).text
    assert "&lt;script&gt;alert(1)" in page
    stranger = await house.desk("owner@second.example")
    assert "The lamp" not in stranger.page
    answer = await stranger.gets("/dashboard/plugins/lamp/light")
    assert answer.status_code == HTTPStatus.NOT_FOUND
    await configure(house.engine, house.store, "lamp", actor="t", enabled=False)
    assert "The lamp" not in (await browser.gets("/dashboard/orders")).text
    assert (await browser.gets("/dashboard/plugins/lamp/light")).status_code == 404


async def test_a_page_that_fails_is_contained_and_counted(house: House) -> None:
    browser = await house.desk()
    for path in ("broken", "empty"):
        answer = await browser.gets(f"/dashboard/plugins/lamp/{path}")
        assert answer.status_code == HTTPStatus.BAD_GATEWAY
        assert "could not show this page" in answer.text
        assert "the bulb" not in answer.text
        assert "Orders" in answer.text
    assert (await browser.gets("/dashboard/plugins/lamp/light")).status_code == 200
    for _ in range(3):
        await browser.gets("/dashboard/plugins/lamp/broken")
    assert (await browser.gets("/dashboard/plugins/lamp/light")).status_code == 404
    cases = (await house.shop.admin("GET", "/admin/cases?state=open"))["cases"]
    assert [one["kind"] for one in cases] == ["quarantine"]
    here = f"/dashboard/cases/{cases[0]['id']}"
    await browser.gets(here)
    assert "Done; the case is closed." in (await browser.sends(f"{here}/release")).text
    assert (await browser.gets("/dashboard/plugins/lamp/light")).status_code == 200


async def test_a_route_of_a_plugin_knows_its_store_and_who_asks(house: House) -> None:
    client, branch = house.shop.client, house.shop.branches["demo"]
    secret = {"Authorization": f"Bearer {branch.secret_key}"}
    public = {"X-Publishable-Key": branch.publishable_key}
    for headers, query in ((secret, ""), (public, ""), ({}, "?store=demo")):
        assert (await client.post(f"/plugins/lamp/switch{query}", headers=headers)).is_success
    assert house.lamp.lit == ["demo owner", "demo shopper", "demo anyone"]
    foreign = house.shop.branches["second"].publishable_key
    for headers, query, status in (
        ({}, "", 404),
        ({}, "?store=second", 404),
        ({}, "?store=nowhere", 404),
        ({"X-Publishable-Key": foreign}, "", 404),
        ({"X-Publishable-Key": branch.secret_key}, "", 401),
        ({"Authorization": "Bearer sk_wrong"}, "", 401),
    ):
        answer = await client.post(f"/plugins/lamp/switch{query}", headers=headers)
        assert answer.status_code == status, (headers, query)
    assert len(house.lamp.lit) == 3
    assert (await client.post("/plugins/lamp/open")).is_success


async def test_a_session_needs_its_word_at_routes_of_plugins(house: House) -> None:
    browser, reader = await house.desk(), await house.desk(READER)
    for path in ("/plugins/lamp/switch", "/plugins/lamp/open"):
        word = browser.hidden("csrf")
        for form, origin in (({}, SITE), ({"csrf": word}, "https://evil.example")):
            answer = await browser.client.post(path, data=form, headers={"Origin": origin})
            assert (answer.status_code, answer.json()["code"]) == (403, "forged")
        answer = await reader.client.post(path, data={"csrf": reader.hidden("csrf")})
        assert (answer.status_code, answer.json()["code"]) == (403, "read_only")
        assert house.lamp.lit == []
        assert (await browser.client.post(path, data={"csrf": word})).is_success
        house.lamp.lit.clear()


async def test_staff_is_added_changed_and_removed_from_the_command_line(
    house: House, database_urls: DatabaseUrls, capsys: pytest.CaptureFixture[str]
) -> None:
    config = Config(database_url=database_urls.app, secret_keys=(new_key(),))
    email = "clerk@demo.example"
    wanted = staffing.NewMember("demo", email, "staff", "The clerk")
    await staffing.add_member(config, wanted, generate=True)
    told = printed(capsys)
    assert (told["email"], told["role"]) == (email, "staff")
    browser = Browser(house.shop.app, SITE)
    answer = await browser.signs_in(email, told["password"])
    assert (answer.url.path, "The clerk" in answer.text) == ("/dashboard/orders", True)
    await staffing.add_member(config, wanted._replace(role="read_only"), generate=True)
    assert "password" not in printed(capsys)
    await staffing.show_members(config, "demo")
    listed = printed(capsys)["staff"]
    assert (email, "read_only") in {(one["email"], one["role"]) for one in listed}
    assert "argon2" not in str(listed)
    await staffing.replace_password(config, email, generate=True)
    fresh = printed(capsys)["password"]
    assert (await browser.gets("/dashboard/orders")).url.path == "/dashboard/login"
    assert (await browser.signs_in(email, fresh)).url.path == "/dashboard/orders"
    await staffing.drop_member(config, "demo", email)
    assert (await browser.gets("/dashboard/orders")).url.path == "/dashboard/login"


def printed(capsys: pytest.CaptureFixture[str]) -> Any:
    """What a command printed last."""
    return msgspec.json.decode(capsys.readouterr().out.splitlines()[-1])


async def test_an_address_is_one_account_and_a_role_can_be_changed(house: House) -> None:
    database = house.engine.database
    with pytest.raises(Conflict, match="account with this address"):
        async with database.transaction(house.store.id) as tx:
            await staff.create_account(tx, OWNER.upper())
    await hire(house.engine, house.store, OWNER.upper(), "staff")
    async with database.transaction(house.store.id) as tx:
        found = {one.email: one.role for one in await staff.members(tx)}
    assert found == {OWNER: "staff", READER: "read_only"}
