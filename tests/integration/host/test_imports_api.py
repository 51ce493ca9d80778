"""Files through the admin API: uploaded, worked on, looked at, called off; and exports."""

import asyncio
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import httpx
import pytest

from tests.integration.host.conftest import Shop
from tradewind.bulk.service import runs
from tradewind.outbox.rules import MAX_ATTEMPTS
from tradewind.settings.engine import Engine
from tradewind.testing.clock import ManualClock
from tradewind_host.worker import Worker

CSV = {"Content-Type": "text/csv"}


def mugs(number: int) -> str:
    rows = "".join(f"mug-{n},Mug {n},MUG-{n},{n}.50\n" for n in range(number))
    return f"handle,title,sku,price_KES\n{rows}"


async def post(
    client: httpx.AsyncClient, shop: Shop, text: str, kind: str = "products", **params: str
) -> dict[str, Any]:
    headers = {**shop.secret, **CSV}
    answer = await client.post(
        "/admin/imports", params={"kind": kind, **params}, content=text, headers=headers
    )
    assert answer.status_code == HTTPStatus.ACCEPTED, answer.text
    return dict(answer.json()["import"])


async def state(client: httpx.AsyncClient, shop: Shop, import_id: str) -> dict[str, Any]:
    answer = await client.get(f"/admin/imports/{import_id}", headers=shop.secret)
    return dict(answer.json()["import"])


async def test_a_file_is_taken_at_once_and_imported_by_the_worker(
    client: httpx.AsyncClient, shop: Shop, engine: Engine
) -> None:
    begun = await post(client, shop, mugs(3) + "mug-x,,MUG-X,1\n")
    assert (begun["state"], begun["kind"], begun["rows"]) == ("waiting", "products", 4)
    await Worker(engine).work_off()
    done = await state(client, shop, begun["id"])
    assert (done["state"], done["done"], done["created"], done["refused"]) == ("done", 4, 3, 1)
    page = await client.get(f"/admin/imports/{begun['id']}/errors", headers=shop.secret)
    errors = page.json()
    assert [(e["row"], e["column"], e["code"]) for e in errors["errors"]] == [
        (5, "title", "required")
    ]
    assert errors["next_cursor"] is None
    as_file = await client.get(
        f"/admin/imports/{begun['id']}/errors?format=csv", headers=shop.secret
    )
    assert as_file.headers["content-type"].startswith("text/csv")
    assert as_file.text.splitlines() == [
        "row,column,code,message",
        "5,title,required,This is needed.",
    ]
    listed = await client.get("/admin/imports", headers=shop.secret)
    assert [one["id"] for one in listed.json()["imports"]] == [begun["id"]]
    log = (await client.get("/admin/audit-log", headers=shop.secret)).json()
    actions = [one["action"] for one in log["audit_log"] if one["subject_id"] == begun["id"]]
    assert sorted(actions) == ["import.begun", "import.done"]


async def test_a_form_is_taken_too_and_a_dry_run_writes_nothing(
    client: httpx.AsyncClient, shop: Shop, engine: Engine
) -> None:
    answer = await client.post(
        "/admin/imports?kind=products&dry_run=true",
        files={"file": ("mugs.csv", mugs(2))},
        headers=shop.secret,
    )
    begun = answer.json()["import"]
    assert (begun["file_name"], begun["dry_run"]) == ("mugs.csv", True)
    await Worker(engine).work_off()
    done = await state(client, shop, begun["id"])
    assert (done["state"], done["created"]) == ("done", 2)
    exported = await client.get("/admin/exports/products", headers=shop.secret)
    assert "mug-" not in exported.text


async def test_what_is_exported_can_be_imported(
    client: httpx.AsyncClient, shop: Shop, engine: Engine
) -> None:
    for kind, first in (("products", "handle,title"), ("prices", "sku,curr"), ("stock", "sku,loc")):
        exported = await client.get(f"/admin/exports/{kind}", headers=shop.secret)
        assert exported.headers["content-type"] == "text/csv; charset=utf-8"
        assert exported.text.startswith(first)
        begun = await post(client, shop, exported.text, kind)
        await Worker(engine).work_off()
        done = await state(client, shop, begun["id"])
        assert (done["unchanged"], done["done"]) == (2, 2), kind


async def test_many_errors_are_paged(client: httpx.AsyncClient, shop: Shop, engine: Engine) -> None:
    begun = await post(
        client, shop, "sku,on_hand\n" + "".join(f"N{n},1\n" for n in range(5)), "stock"
    )
    await Worker(engine).work_off()
    path = f"/admin/imports/{begun['id']}/errors"
    first = (await client.get(path, params={"limit": 3}, headers=shop.secret)).json()
    following = {"cursor": first["next_cursor"]}
    second = (await client.get(path, params=following, headers=shop.secret)).json()
    assert [e["row"] for e in first["errors"] + second["errors"]] == [2, 3, 4, 5, 6]
    wrong = await client.get(path, params={"cursor": "x"}, headers=shop.secret)
    assert wrong.status_code == HTTPStatus.UNPROCESSABLE_ENTITY


@pytest.mark.parametrize(
    ("text", "path", "code"),
    [
        ("handle,title,sku,colour\n", "colour", "unknown_column"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "", "wrong_encoding"),
        ("handle,sku,größe\n".encode("latin-1"), "", "wrong_encoding"),
        ("handle,title\n", "sku", "required"),
        ("handle,sku,SKU\n", "sku", "duplicate"),
        ("\n\n", "", "required"),
        ('"handle,sku\n', "", "malformed"),
    ],
)
async def test_a_file_without_a_good_header_is_refused_as_a_whole(
    client: httpx.AsyncClient, shop: Shop, text: str | bytes, path: str, code: str
) -> None:
    answer = await client.post(
        "/admin/imports?kind=products", content=text, headers={**shop.secret, **CSV}
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "unreadable_file")
    assert [(e["path"], e["code"]) for e in answer.json()["errors"]] == [(path, code)]


async def test_an_import_is_called_off_and_what_it_did_stays(
    client: httpx.AsyncClient, shop: Shop, engine: Engine
) -> None:
    begun = await post(client, shop, mugs(1200))
    path = f"/admin/imports/{begun['id']}/cancel"
    assert await runs.work_on(engine.database, shop.store, begun["id"], seconds=0)
    canceled = await client.post(path, headers=shop.secret)
    assert canceled.json()["import"]["state"] == "canceled"
    assert canceled.json()["import"]["done"] == 500
    await Worker(engine).work_off()
    assert (await state(client, shop, begun["id"]))["done"] == 500
    again = await client.post(path, headers=shop.secret)
    assert (again.status_code, again.json()["code"]) == (409, "import_finished")
    async with engine.database.transaction(shop.store.id) as tx:
        assert not await tx.fetchval("SELECT count(*) FROM shop.import_chunks")


async def test_a_dead_workers_import_is_taken_over_where_it_was(
    client: httpx.AsyncClient, shop: Shop, engine: Engine
) -> None:
    begun = await post(client, shop, mugs(1200))
    await runs.work_on(engine.database, shop.store, begun["id"], seconds=0)
    working = await state(client, shop, begun["id"])
    assert (working["state"], working["done"]) == ("running", 500)
    # Two that both think it is theirs: one of them finds that it is not, and nothing is done twice.
    both = [runs.work_on(engine.database, shop.store, begun["id"]) for _ in range(2)]
    await asyncio.gather(*both, return_exceptions=True)
    await Worker(engine).work_off()
    done = await state(client, shop, begun["id"])
    assert (done["state"], done["created"], done["unchanged"]) == ("done", 1200, 0)


async def given_up(engine: Engine, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the worker try an import as often as it does, with a disk that is full."""

    async def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(runs, "_fetch", full)
        for _ in range(MAX_ATTEMPTS + 1):
            await Worker(engine).work_off()
            clock.advance(timedelta(days=1).total_seconds())


async def test_an_import_that_is_given_up_says_why_and_can_be_resumed(
    client: httpx.AsyncClient,
    shop: Shop,
    engine: Engine,
    clock: ManualClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun = await post(client, shop, mugs(1200))
    await runs.work_on(engine.database, shop.store, begun["id"], seconds=0)
    path = f"/admin/imports/{begun['id']}/resume"
    early = await client.post(path, headers=shop.secret)
    assert (early.status_code, early.json()["code"]) == (409, "import_not_resumable")
    await given_up(engine, clock, monkeypatch)
    dead = await state(client, shop, begun["id"])
    assert (dead["state"], dead["done"]) == ("failed", 500)
    assert "No space left on device" in dead["error"]
    assert dead["finished_at"]
    listed = (await client.get("/admin/cases?state=open", headers=shop.secret)).json()["cases"]
    assert [one["kind"] for one in listed] == ["dead_letter"]
    resumed = await client.post(path, headers=shop.secret)
    assert resumed.status_code == HTTPStatus.ACCEPTED
    assert (resumed.json()["import"]["state"], resumed.json()["import"]["error"]) == ("running", "")
    await Worker(engine).work_off()
    done = await state(client, shop, begun["id"])
    assert (done["state"], done["created"], done["unchanged"]) == ("done", 1200, 0)
    late = await client.post(path, headers=shop.secret)
    assert late.json()["code"] == "import_not_resumable"


async def test_replaying_the_job_of_a_given_up_import_takes_it_up_too(
    client: httpx.AsyncClient,
    shop: Shop,
    engine: Engine,
    clock: ManualClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun = await post(client, shop, mugs(3))
    await given_up(engine, clock, monkeypatch)
    (case,) = (await client.get("/admin/cases", headers=shop.secret)).json()["cases"]
    replayed = await client.post(f"/admin/cases/{case['id']}/replay", headers=shop.secret)
    assert replayed.is_success, replayed.text
    await Worker(engine).work_off()
    assert (await state(client, shop, begun["id"]))["state"] == "done"


async def test_the_file_of_a_given_up_import_is_forgotten_with_it(
    client: httpx.AsyncClient,
    shop: Shop,
    engine: Engine,
    clock: ManualClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun = await post(client, shop, mugs(3))
    await given_up(engine, clock, monkeypatch)
    clock.advance(runs.KEPT.total_seconds())
    await runs.forget_old(engine.database, shop.store)
    gone = await client.get(f"/admin/imports/{begun['id']}", headers=shop.secret)
    assert gone.status_code == HTTPStatus.NOT_FOUND
    async with engine.database.transaction(shop.store.id) as tx:
        assert not await tx.fetchval("SELECT count(*) FROM shop.import_chunks")


async def test_whoever_may_only_read_exports_but_does_not_import(
    client: httpx.AsyncClient, shop: Shop, engine: Engine
) -> None:
    await engine.database.pool.execute("UPDATE control.api_keys SET role = 'read_only'")
    exported = await client.get("/admin/exports/stock", headers=shop.secret)
    assert exported.status_code == HTTPStatus.OK
    refused = await client.post(
        "/admin/imports?kind=stock", content="sku,on_hand\n", headers={**shop.secret, **CSV}
    )
    assert (refused.status_code, refused.json()["code"]) == (403, "read_only")


async def test_a_file_may_be_larger_than_other_bodies(
    client: httpx.AsyncClient, shop: Shop, engine: Engine
) -> None:
    text = mugs(6000)
    assert len(text) > 100_000
    assert (await post(client, shop, text))["rows"] == 6000
    named = {**shop.secret, **CSV, "Idempotency-Key": "mugs"}
    refused = await client.post("/admin/imports?kind=products", content=text, headers=named)
    assert refused.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    first = await client.post("/admin/imports?kind=products", content=mugs(2), headers=named)
    again = await client.post("/admin/imports?kind=products", content=mugs(2), headers=named)
    assert first.json()["import"]["id"] == again.json()["import"]["id"]
