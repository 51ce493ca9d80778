"""Signing in to the dashboard: who gets in, who does not, and what ends it."""

from collections.abc import AsyncIterator
from http import HTTPStatus

import msgspec
import pytest
import pytest_asyncio
from litestar import Litestar

from tests.integration.host.conftest import Shop
from tests.support.desks import PASSWORD, Browser, hire
from tradewind.database.sessions import LIVES
from tradewind.settings.engine import Engine
from tradewind.stores import staff
from tradewind.testing.clock import ManualClock
from tradewind_host import passwords
from tradewind_host.config import Config
from tradewind_host.dashboard.signing_in import safe_next

pytestmark = pytest.mark.usefixtures("cheap_passwords")
OWNER, WRONG = "owner@first.example", "do not belong together"
COOKIE = "__Host-tradewind_staff"


@pytest_asyncio.fixture
async def browser(app: Litestar, engine: Engine, shop: Shop) -> AsyncIterator[Browser]:
    await hire(engine, shop.store, OWNER)
    opened = Browser(app)
    yield opened
    await opened.client.aclose()


@pytest.fixture
def config(config: Config) -> Config:
    return msgspec.structs.replace(config, sign_ins_per_address=20)


async def test_a_member_signs_in_and_sees_the_orders(browser: Browser) -> None:
    answer = await browser.gets("/dashboard")
    assert answer.url.path == "/dashboard/login"
    answer = await browser.signs_in("Owner@First.example")
    assert (answer.status_code, answer.url.path) == (200, "/dashboard/orders")
    assert "<h1>Orders</h1>" in answer.text


async def test_the_cookie_is_out_of_reach_and_bound_to_the_host(browser: Browser) -> None:
    await browser.gets("/dashboard/login")
    form = {"csrf": browser.hidden("csrf"), "email": OWNER, "password": PASSWORD}
    answer = await browser.client.post("/dashboard/login", data=form)
    cookie = next(c for c in answer.headers.get_list("set-cookie") if c.startswith(COOKIE))
    for part in ("HttpOnly", "Secure", "SameSite=lax", "Path=/"):
        assert part in cookie
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src")
    assert "script" not in answer.headers["content-security-policy"]


async def test_whatever_is_wrong_the_answer_is_the_same(browser: Browser) -> None:
    nobody = "nobody@first.example"
    for email, password in ((OWNER, "wrong password"), (nobody, PASSWORD), ("", ""), ("\0", "\0")):
        answer = await browser.signs_in(email, password)
        assert answer.status_code == HTTPStatus.FORBIDDEN
        assert WRONG in answer.text
        assert COOKIE not in browser.client.cookies


async def test_an_unknown_account_costs_the_same_work(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[bool] = []
    real = passwords._fits

    def counted(kept: str, password: str) -> bool:
        checked.append(kept.startswith("$argon2id$"))
        return real(kept, password)

    monkeypatch.setattr(passwords, "_fits", counted)
    for email in (OWNER, "nobody@first.example"):
        await browser.signs_in(email, "wrong password")
    assert checked == [True, True]


async def test_a_disabled_account_and_one_of_no_store_stay_outside(
    browser: Browser, engine: Engine, shop: Shop
) -> None:
    await hire(engine, shop.store, "gone@first.example")
    await engine.database.pool.execute(
        "UPDATE control.accounts SET disabled_at = now() WHERE email LIKE 'gone@%'"
    )
    assert WRONG in (await browser.signs_in("gone@first.example")).text
    account = await staff.account_by_email(engine.database, OWNER)
    assert account is not None
    async with engine.database.transaction(shop.store.id) as tx:
        await staff.remove_member(tx, account.id, "test")
    answer = await browser.signs_in(OWNER)
    assert (answer.status_code, "belong to no store" in answer.text) == (403, True)
    assert COOKIE not in browser.client.cookies


async def test_the_form_must_be_ours(browser: Browser, app: Litestar) -> None:
    await browser.gets("/dashboard/login")
    good = {"csrf": browser.hidden("csrf"), "email": OWNER, "password": PASSWORD}
    path = "/dashboard/login"
    wrong = [
        await browser.posts(path, {**good, "csrf": "0" * 64}),
        await browser.posts(path, {**good, "csrf": ""}),
        await browser.posts(path, good, "https://evil.example"),
        await browser.posts(path, good, "null"),
        await Browser(app).posts(path, good),
    ]
    assert [one.status_code for one in wrong] == [HTTPStatus.FORBIDDEN] * 5
    assert COOKIE not in browser.client.cookies
    answer = await browser.posts(path, good)
    assert answer.url.path == "/dashboard/orders"


async def test_a_session_that_was_planted_is_not_taken_over(
    browser: Browser, app: Litestar
) -> None:
    """Neither one that was made up nor one that the attacker has opened."""
    attacker = Browser(app)
    await attacker.signs_in(OWNER)
    for planted in ("made-up", attacker.client.cookies[COOKIE]):
        browser.client.cookies.clear()
        await browser.gets("/dashboard/login")
        form = {"csrf": browser.hidden("csrf"), "email": OWNER, "password": PASSWORD}
        browser.client.cookies.set(COOKIE, planted, domain="shop.example", path="/")
        await browser.posts("/dashboard/login", form)
        assert browser.client.cookies[COOKIE] != planted
    assert (await attacker.gets("/dashboard/orders")).url.path == "/dashboard/login"


async def test_attempts_are_limited_for_each_account_and_come_back(
    browser: Browser, clock: ManualClock, config: Config
) -> None:
    rule = config.rules["sign_in_identity"]
    for _ in range(rule.count):
        await browser.signs_in(OWNER, "wrong password")
    answer = await browser.signs_in(OWNER)
    assert answer.status_code == HTTPStatus.TOO_MANY_REQUESTS
    assert int(answer.headers["retry-after"]) > 0
    assert "Too many attempts" in answer.text
    assert (await browser.signs_in("other@first.example")).status_code == 403
    clock.advance(rule.seconds)
    assert (await browser.signs_in(OWNER)).url.path == "/dashboard/orders"


@pytest.mark.parametrize("origin", ["null", "http://[", "https://evil.example", "https://", ""])
async def test_an_origin_that_is_not_ours_is_refused_however_it_is_written(
    browser: Browser, origin: str
) -> None:
    await browser.gets("/dashboard/login")
    form = {"csrf": browser.hidden("csrf"), "email": OWNER, "password": PASSWORD}
    for host in ({}, {"Host": ""}):
        headers = {"Origin": origin, **host}
        answer = await browser.client.post("/dashboard/login", data=form, headers=headers)
        assert answer.status_code == HTTPStatus.FORBIDDEN
        assert COOKIE not in browser.client.cookies


async def test_whoever_fails_elsewhere_does_not_lock_the_owner_out(
    browser: Browser, app: Litestar, config: Config
) -> None:
    attacker = Browser(app, address="203.0.113.1")
    for _ in range(config.rules["sign_in_identity"].count):
        await attacker.signs_in(OWNER, "wrong password")
    assert (await attacker.signs_in(OWNER)).status_code == HTTPStatus.TOO_MANY_REQUESTS
    assert (await browser.signs_in(OWNER)).url.path == "/dashboard/orders"


async def test_guessing_from_many_addresses_is_limited_for_the_account(
    browser: Browser, app: Litestar, config: Config
) -> None:
    count = config.rules["sign_in_account"].count
    for number in range(count):
        attacker = Browser(app, address=f"203.0.113.{number}")
        assert (await attacker.signs_in(OWNER, "wrong password")).status_code == 403
    assert (await browser.signs_in(OWNER)).status_code == HTTPStatus.TOO_MANY_REQUESTS
    assert (await browser.signs_in("other@first.example")).status_code == 403


@pytest.mark.parametrize("email", [OWNER, "nobody@first.example"])
async def test_other_letters_for_the_same_address_are_no_more_attempts(
    browser: Browser, config: Config, email: str
) -> None:
    """PostgreSQL makes an i of a capital I with a dot, Python two characters.

    Neither is it to be learned by that whether there is such an account.
    """
    for _ in range(config.rules["sign_in_identity"].count):
        await browser.signs_in(email, "wrong password")
    for other in ("\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}", "I"):
        answer = await browser.signs_in(email.replace("i", other))
        assert answer.status_code == HTTPStatus.TOO_MANY_REQUESTS


async def test_attempts_are_limited_for_each_network_address(
    browser: Browser, config: Config
) -> None:
    for number in range(config.rules["sign_in_address"].count):
        await browser.signs_in(f"{number}@first.example", "wrong password")
    assert (await browser.signs_in(OWNER)).status_code == HTTPStatus.TOO_MANY_REQUESTS


async def test_a_session_ends_when_it_is_not_used_and_in_any_case(
    browser: Browser, clock: ManualClock
) -> None:
    life = LIVES["staff"]
    await browser.signs_in(OWNER)
    clock.advance(life.idle.total_seconds() - 60)
    assert (await browser.gets("/dashboard/orders")).url.path == "/dashboard/orders"
    clock.advance(life.idle.total_seconds() + 60)
    assert (await browser.gets("/dashboard/orders")).url.path == "/dashboard/login"
    await browser.signs_in(OWNER)
    for _ in range(int(life.most / life.idle) * 2):
        assert (await browser.gets("/dashboard/orders")).url.path == "/dashboard/orders"
        clock.advance(life.idle.total_seconds() / 2)
    assert (await browser.gets("/dashboard/orders")).url.path == "/dashboard/login"


async def test_my_sessions_are_listed_and_ended_one_by_one_or_all_others(
    browser: Browser, app: Litestar
) -> None:
    others = [Browser(app) for _ in range(3)]
    for one in (browser, *others):
        await one.signs_in(OWNER)
    await browser.gets("/dashboard/account")
    assert browser.page.count("Firefox on Linux") >= 4
    assert browser.page.count("This browser") == 1
    answer = await browser.sends(
        "/dashboard/account/end-session", session=browser.hidden("session")
    )
    assert "That session has ended." in answer.text
    alive = [(await one.gets("/dashboard/orders")).url.path for one in others]
    assert sorted(alive) == ["/dashboard/login", "/dashboard/orders", "/dashboard/orders"]
    await browser.sends("/dashboard/account/end-others")
    alive = [(await one.gets("/dashboard/orders")).url.path for one in (browser, *others)]
    assert alive == ["/dashboard/orders", *["/dashboard/login"] * 3]


async def test_nobody_ends_the_session_of_another(
    browser: Browser, app: Litestar, engine: Engine, shop: Shop
) -> None:
    await hire(engine, shop.store, "second@first.example")
    other = Browser(app)
    await other.signs_in("second@first.example")
    await browser.signs_in(OWNER)
    token = await engine.database.pool.fetchval(
        """SELECT encode(s.token_hash, 'hex') FROM control.sessions s
           JOIN control.accounts a ON a.id = s.account_id WHERE a.email LIKE 'second@%'"""
    )
    answer = await browser.sends("/dashboard/account/end-session", session=token)
    assert answer.status_code == HTTPStatus.NOT_FOUND
    assert (await other.gets("/dashboard/orders")).url.path == "/dashboard/orders"


async def test_signing_out_ends_the_session_itself(browser: Browser, app: Litestar) -> None:
    await browser.signs_in(OWNER)
    token = browser.client.cookies[COOKIE]
    answer = await browser.sends("/dashboard/logout")
    assert answer.url.path == "/dashboard/login"
    thief = Browser(app)
    thief.client.cookies.set(COOKIE, token, domain="shop.example", path="/")
    assert (await thief.gets("/dashboard/orders")).url.path == "/dashboard/login"


async def test_another_password_signs_everybody_out(browser: Browser, engine: Engine) -> None:
    await browser.signs_in(OWNER)
    account = await staff.account_by_email(engine.database, OWNER)
    assert account is not None
    kept = await passwords.hashed("another password")
    await staff.set_password(engine.database, account.id, kept)
    assert (await browser.gets("/dashboard/orders")).url.path == "/dashboard/login"
    assert WRONG in (await browser.signs_in(OWNER)).text
    assert (await browser.signs_in(OWNER, "another password")).url.path == "/dashboard/orders"


async def test_signing_in_goes_on_where_it_was_asked_for(browser: Browser) -> None:
    await browser.gets("/dashboard/orders?status=pending")
    wanted = browser.hidden("next")
    assert wanted == "/dashboard/orders?status=pending"
    answer = await browser.signs_in(OWNER, next=wanted)
    assert str(answer.url).endswith(wanted)


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example/dashboard",
        "//evil.example/dashboard",
        "/\\evil.example",
        "/dashboard/..//evil.example",
        "/dashboard//evil.example",
        "/dashboardevil",
        "/dashboard/orders\r\nSet-Cookie: a=b",
        "javascript:alert(1)",
        "/dashboard/login",
        "",
    ],
)
def test_signing_in_leads_nowhere_else(wanted: str) -> None:
    assert safe_next(wanted) == "/dashboard/orders"


def test_signing_in_leads_to_pages_of_the_dashboard() -> None:
    for wanted in ("/dashboard", "/dashboard/cases?state=closed", "/dashboard/whatsapp/1"):
        assert safe_next(wanted) == wanted


async def test_a_password_is_kept_as_an_argon2_hash_and_neither_short_nor_endless() -> None:
    kept = await passwords.hashed(PASSWORD)
    assert kept.startswith("$argon2id$")
    assert await passwords.fits(PASSWORD, kept)
    assert not await passwords.fits(PASSWORD + "!", kept)
    for bad in ("short", "x" * 300):
        with pytest.raises(Exception, match="cannot be used"):
            await passwords.hashed(bad)
