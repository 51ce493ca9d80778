"""`tradewind demo` from outside: its ready line, a second start, its end, and its accidents.

The tests share one data folder, which the first start has filled, and those that leave the demo
as it is share one that runs in it.
"""

import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.support.demo import Demo, command, read_ready
from tradewind.testing.database import make_folder

SECOND_START_SECONDS = 5 * 3
"""Five on an idle machine; tests share theirs with other tests."""

STOP_SECONDS = 5 * 2

SOON_SECONDS = 2 * 2
"""Less than the ten in which the worker looks after its schedules by itself."""

LAGGARD_SECONDS = 30

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


class House:
    """A data folder, and the demo that runs in it or does not."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._stack = ExitStack()
        self._demo: Demo | None = None

    def running(self) -> Demo:
        """The demo that runs in the folder; started where none does."""
        if self._demo is None:
            self._demo = self._stack.enter_context(running_demo(self.folder))
        return self._demo

    def stopped(self) -> Path:
        """The folder, when nothing runs in it any more."""
        self._demo = None
        self._stack.close()
        return self.folder


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    """A data folder in which the demo has run once."""
    made = make_folder()
    with running_demo(made) as demo:
        (made / "first.json").write_text(json.dumps(demo.ready))
    house = House(made)
    yield house
    shutil.rmtree(house.stopped())


@pytest.fixture
def demo(house: House) -> Demo:
    """The demo at a later start, for tests that leave it running."""
    return house.running()


@pytest.fixture
def folder(house: House) -> Path:
    """The data folder, for tests that start and stop the demo themselves."""
    return house.stopped()


def first(folder: Path) -> Any:
    return json.loads((folder / "first.json").read_text())


def keys_of(ready: Any) -> Any:
    return [
        {name: value for name, value in store.items() if name != "slug"}
        for store in ready["stores"]
    ]


def get(demo: Demo, path: str, key: str = "publishable_key", slug: str = "demo") -> httpx.Response:
    value = demo.store(slug)[key]
    secret = {"Authorization": f"Bearer {value}"}
    headers = secret if key == "secret_key" else {"X-Publishable-Key": value}
    return httpx.get(f"{demo.base_url}{path}", headers=headers)


def test_the_ready_line_names_everything_that_runs(demo: Demo) -> None:
    ready = demo.ready
    wanted = {"ready", "base_url", "stores", "storefront", "sandbox", "database_url"}
    assert set(ready) == wanted | {"dashboard"}
    assert_the_owner_gets_in(**ready["dashboard"])
    assert ready["ready"] is True
    assert [store["slug"] for store in ready["stores"]] == ["demo", "second"]
    for store in ready["stores"]:
        assert store["publishable_key"].startswith("pk_")
        assert store["secret_key"].startswith("sk_")
        assert set(store["whatsapp"]) == {"phone_number_id", "verify_token", "app_secret"}
        assert set(store["flutterwave"]) == {"secret_hash"}
        assert set(store["stripe"]) == {"webhook_secret", "publishable_key"}
    plugins = {"email", "flutterwave", "manual", "stripe", "whatsapp"}
    assert plugins <= set(httpx.get(f"{demo.base_url}/readyz").json()["plugins"])
    assert set(ready["sandbox"]) == {"base_url", "phone", "mailbox"}
    for page in ("phone", "mailbox"):
        assert httpx.get(ready["sandbox"][page], follow_redirects=True).is_success
    assert "tradewind_app" in ready["database_url"]


def assert_the_owner_gets_in(url: str, email: str, password: str) -> None:
    """Sign in, and see both stores."""
    with httpx.Client(follow_redirects=True) as client:
        csrf = re.search(r'name="csrf" value="(\w+)"', client.get(url).text)
        assert csrf is not None
        form = {"csrf": csrf[1], "email": email, "password": password}
        page = client.post(f"{url}/login", data=form).text
        assert "<h1>Orders</h1>" in page
        assert all(f'<option value="{slug}"' in page for slug in ("demo", "second"))


@pytest.mark.parametrize(
    ("slug", "currency", "country"), [("demo", "KES", "ke"), ("second", "USD", "us")]
)
def test_the_stores_are_full_and_their_first_forty_variants_can_be_bought(
    demo: Demo, slug: str, currency: str, country: str
) -> None:
    listed = get(demo, "/store/products?limit=200", slug=slug).json()["products"]
    assert len(listed) >= 40
    (region,) = get(demo, "/store/regions", slug=slug).json()["regions"]
    assert (region["currency"], region["countries"]) == (currency, [country])
    variants = [(product["kind"], variant) for product in listed for variant in product["variants"]]
    for kind, variant in variants[:40]:
        assert kind == "physical"
        assert variant["available"] >= 100
        assert variant["backorder"] is False
        assert variant["price"]["currency"] == currency
    pictures = [product["images"][0] for product in listed]
    assert all(picture.startswith(f"{demo.base_url}/media/{slug}/") for picture in pictures)
    answer = httpx.get(pictures[0])
    assert (answer.status_code, answer.headers["content-type"]) == (HTTPStatus.OK, "image/jpeg")
    assert get(demo, "/admin/orders", "secret_key", slug).json()["orders"] == []
    flags = get(demo, "/admin/flags", "secret_key", slug).json()["flags"]
    assert all(flag["enabled"] for flag in flags)


def test_moving_the_clock_moves_host_and_worker_and_sets_them_to_work(demo: Demo) -> None:
    say(demo, "ADD TEA-250 3")
    say(demo, "CHECKOUT")
    until(lambda: held(demo, "TEA-250") == 3, LAGGARD_SECONDS)
    moved = httpx.post(f"{demo.sandbox_url}/clock", json={"advance_seconds": 16 * 60})
    until(lambda: held(demo, "TEA-250") == 0, SOON_SECONDS)
    say(demo, "HELP")
    until(lambda: last_word(demo) >= datetime.fromisoformat(moved.json()["now"]), SOON_SECONDS)


def say(demo: Demo, text: str) -> None:
    """Be a shopper who writes to the store."""
    number = demo.store()["whatsapp"]["phone_number_id"]
    said = {"phone_number_id": number, "from": "254700000199", "text": text}
    answer = httpx.post(f"{demo.sandbox_url}/whatsapp/inbound", json=said)
    assert answer.json() == {"status": 200}


def held(demo: Demo, sku: str) -> int:
    """How many are held for checkouts under way."""
    found: int = get(demo, f"/admin/inventory/{sku}", "secret_key").json()["held"]
    return found


def last_word(demo: Demo) -> datetime:
    """When the latest message of the latest conversation was, by the host's clock."""
    (latest, *_) = get(demo, "/admin/conversations", "secret_key").json()["conversations"]
    return datetime.fromisoformat(latest["last_message_at"])


def until(holds: Callable[[], bool], seconds: float) -> None:
    """Ask again and again until `holds` is true; fails when that takes too long."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline


def test_a_second_demo_in_the_same_folder_is_refused(house: House, demo: Demo) -> None:
    ended = run(command(house.folder, "--port", "0"))
    assert ended.returncode == 1
    assert "Another demo runs in" in ended.stderr
    assert httpx.get(f"{demo.base_url}/healthz").is_success


def test_a_second_start_is_quick_and_keeps_keys_and_data(folder: Path) -> None:
    started = time.monotonic()
    with running_demo(folder) as demo:
        assert time.monotonic() - started < SECOND_START_SECONDS
        assert keys_of(demo.ready) == keys_of(first(folder))
        changed = httpx.post(
            f"{demo.base_url}/admin/inventory/TEA-250",
            json={"on_hand": 321},
            headers={"Authorization": f"Bearer {demo.store()['secret_key']}"},
        )
        assert changed.is_success
    with running_demo(folder) as demo:
        level = get(demo, "/admin/inventory/TEA-250", "secret_key").json()
        assert level["on_hand"] == 321


def test_what_a_merchant_switched_off_stays_off_and_the_sandbox_is_found_again(
    folder: Path,
) -> None:
    def put(demo: Demo, *, enabled: bool) -> None:
        httpx.put(
            f"{demo.base_url}/admin/plugins/whatsapp",
            json={"enabled": enabled},
            headers={"Authorization": f"Bearer {demo.store()['secret_key']}"},
        ).raise_for_status()

    with running_demo(folder) as demo:
        put(demo, enabled=False)
    with running_demo(folder) as demo:
        view = get(demo, "/admin/plugins/whatsapp", "secret_key").json()
        assert view["enabled"] is False
        assert view["settings"]["api_base"] == demo.sandbox_url
        put(demo, enabled=True)


def test_ctrl_c_stops_everything(folder: Path) -> None:
    with started(folder) as demo:
        assert postgres_processes(demo.ready)
        begun = time.monotonic()
        demo.process.send_signal(signal.SIGINT)
        assert demo.process.wait(30) == 0
        assert time.monotonic() - begun < STOP_SECONDS
    assert_nothing_listens(demo.ready)


def test_ctrl_c_stops_everything_while_a_shopper_holds_a_connection_open(folder: Path) -> None:
    half = b"POST /webhooks/whatsapp HTTP/1.1\r\nHost: shop\r\nContent-Length: 9\r\n\r\n{"
    with started(folder) as demo:
        place = urlsplit(demo.base_url)
        with socket.create_connection((place.hostname, place.port)) as held:
            held.sendall(half)
            begun = time.monotonic()
            demo.process.send_signal(signal.SIGINT)
            assert demo.process.wait(30) == 0
            assert time.monotonic() - begun < STOP_SECONDS
    assert_nothing_listens(demo.ready)


def test_after_kill_9_the_next_start_works_and_ctrl_c_ends_it(folder: Path) -> None:
    with started(folder) as demo:
        demo.process.kill()
        demo.process.wait()
    assert postgres_processes(demo.ready)
    with running_demo(folder) as again:
        assert keys_of(again.ready) == keys_of(first(folder))
        assert get(again, "/store/products").is_success
    assert_nothing_listens(demo.ready)
    assert_nothing_listens(again.ready)


def test_a_first_start_that_was_killed_is_begun_again() -> None:
    made = make_folder()
    with starting(made) as process:
        deadline = time.monotonic() + 60
        while not (made / "seeding").exists() and time.monotonic() < deadline:
            assert process.poll() is None
    assert (made / "seeding").exists()
    with running_demo(made) as demo:
        listed = get(demo, "/store/products?limit=200", slug="second").json()["products"]
        assert len(listed) >= 40
    assert not (made / "seeding").exists()
    shutil.rmtree(made)


def test_a_port_in_use_is_told_in_one_line_and_nothing_is_left(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = run(command(tmp_path / "data", "--port", str(port)))
    assert ended.returncode == 1
    assert ended.stdout == ""
    (line,) = ended.stderr.splitlines()
    assert f"127.0.0.1:{port}" in line
    assert "in use" in line
    assert "--port" in line
    assert not (tmp_path / "data").exists()


def test_secrets_are_for_their_owners_eyes_alone(folder: Path) -> None:
    for name in ("demo.json", "secrets.json"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600


def test_without_json_a_person_is_told_where_everything_is(folder: Path) -> None:
    line = [sys.executable, "-m", "tradewind_host", "demo", "--port", "0"]
    page = ""
    with subprocess.Popen(
        [*line, "--data-dir", str(folder)], stdout=subprocess.PIPE, text=True, bufsize=1
    ) as process:
        assert process.stdout
        for text in process.stdout:
            page += text
            if text.startswith("Try: curl"):
                break
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    store = first(folder)["stores"][0]
    for part in ("/phone", "/store/products", "Ctrl-C", "4242", store["publishable_key"]):
        assert part in page


@contextmanager
def starting(folder: Path, *more: str) -> Iterator["subprocess.Popen[str]"]:
    """A process that is killed at the end unless it has ended by itself."""
    line = command(folder, "--port", "0", *more)
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def started(folder: Path) -> Iterator[Demo]:
    """A demo that is ready; the test may end it in its own way."""
    with starting(folder) as process:
        yield Demo(process, read_ready(process))


@contextmanager
def running_demo(folder: Path) -> Iterator[Demo]:
    """A demo that is stopped in an orderly way at the end."""
    with started(folder) as demo:
        yield demo
        demo.process.send_signal(signal.SIGINT)
        assert demo.process.wait(30) == 0


def run(line: list[str]) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "NO_COLOR": "1"}
    return subprocess.run(
        line, capture_output=True, text=True, timeout=60, check=False, env=environment
    )


def assert_nothing_listens(ready: Any) -> None:
    for url in (ready["base_url"], ready["sandbox"]["base_url"], ready["database_url"]):
        place = urlsplit(url)
        with socket.socket() as probe:
            assert probe.connect_ex((place.hostname or "", place.port or 0)), url
    assert not postgres_processes(ready)


def postgres_processes(ready: Any) -> list[str]:
    """The server of this demo among all processes, by the port in its command line."""
    wanted = f"port={urlsplit(ready['database_url']).port}".encode()
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes()
        except OSError:
            continue
        if wanted in line:
            found.append(line.decode())
    return found


def test_lost_keys_are_made_anew_and_open_the_stores_that_are_there(folder: Path) -> None:
    kept = (folder / "demo.json").read_bytes()
    (folder / "demo.json").unlink()
    try:
        with running_demo(folder) as demo:
            assert keys_of(demo.ready) != keys_of(first(folder))
            assert get(demo, "/store/products").is_success
            said = {"phone_number_id": demo.store()["whatsapp"]["phone_number_id"], "text": "hi"}
            answer = httpx.post(
                f"{demo.sandbox_url}/whatsapp/inbound", json={**said, "from": "254700000101"}
            )
            assert answer.json() == {"status": 200}
    finally:
        (folder / "demo.json").write_bytes(kept)
