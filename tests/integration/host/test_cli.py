"""The command line as a process: what it prints, and how it ends."""

import json
import os
import signal
import smtplib
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tradewind.settings.keyring import new_key
from tradewind.testing.database import DatabaseUrls

pytestmark = pytest.mark.slow


class Shell:
    """Runs commands in a folder of its own with a given environment."""

    def __init__(self, folder: Path, **environ: str) -> None:
        self.folder = folder
        ours = {name: value for name, value in os.environ.items() if "TRADEWIND_" not in name}
        self.environ = {**ours, "NO_COLOR": "1", "COLUMNS": "200", **environ}

    def run(self, *words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            self.line(*words),
            cwd=self.folder,
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def said(self, *words: str) -> Any:
        """The JSON that a command prints; it must succeed."""
        ended = self.run(*words)
        assert ended.returncode == 0, ended.stderr
        return json.loads(ended.stdout)

    def line(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "tradewind_host", *words]

    @contextmanager
    def running(self, *words: str, log: str) -> Iterator[dict[str, Any]]:
        """A command that runs on; gives the log entry it is ready with, and stops it in order."""
        with subprocess.Popen(
            self.line(*words), cwd=self.folder, env=self.environ, stderr=subprocess.PIPE, text=True
        ) as process:
            try:
                assert process.stderr
                entries = (json.loads(line) for line in process.stderr if line.startswith("{"))
                yield next(entry for entry in entries if entry["event"] == log)
                process.send_signal(signal.SIGTERM)
                assert process.wait(30) == 0
            finally:
                process.kill()


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@pytest.fixture
def connected(tmp_path: Path, database_urls: DatabaseUrls) -> Shell:
    return Shell(
        tmp_path,
        TRADEWIND_DATABASE_URL=database_urls.app,
        TRADEWIND_OWNER_DATABASE_URL=database_urls.owner,
        TRADEWIND_SECRET_KEY=new_key(),
    )


def test_config_prints_every_key_and_masks_what_is_secret(connected: Shell) -> None:
    ended = connected.run("config")
    assert ended.returncode == 0
    assert "TRADEWIND_DATABASE_URL" in ended.stdout
    assert connected.environ["TRADEWIND_SECRET_KEY"] not in ended.stdout
    told = connected.said("config", "--json")
    assert told["problems"] == []
    assert told["config"]["TRADEWIND_PORT"] == "8000"


def test_config_with_something_wrong_ends_with_1(shell: Shell) -> None:
    shell.environ["TRADEWIND_SECRET_KEY"] = "too-short"
    ended = shell.run("config")
    assert ended.returncode == 1
    assert "Wrong: TRADEWIND_SECRET_KEY" in ended.stdout
    shell.environ["TRADEWIND_PORT"] = "eighty"
    ended = shell.run("config")
    assert ended.returncode == 1
    assert ended.stderr.startswith("tradewind: TRADEWIND_PORT: ")
    assert "Traceback" not in ended.stderr


def test_a_new_key_can_be_used(shell: Shell) -> None:
    key = shell.run("config", "--new-key").stdout.strip()
    shell.environ["TRADEWIND_SECRET_KEY"] = key
    assert shell.run("config").returncode == 0


def test_plugins_are_listed_with_what_they_bring(shell: Shell) -> None:
    told = shell.said("plugins", "list", "--json")
    assert told["faults"] == []
    by_name = {plugin["name"]: plugin for plugin in told["plugins"]}
    assert by_name["whatsapp"]["channels"] == ["whatsapp"]
    assert by_name["manual"]["payment_providers"] == ["manual"]
    assert [name for name, plugin in by_name.items() if plugin["built_in"]] == ["tradewind"]
    table = shell.run("plugins", "list").stdout
    assert "whatsapp" in table
    assert shell.run("plugins", "check").returncode == 0


def test_a_store_is_created_and_its_plugins_are_set_up(connected: Shell) -> None:
    made = connected.said("store", "create", "shop", "Our shop", "--currency", "KES")
    assert made["publishable_key"].startswith("pk_")
    again = connected.run("store", "create", "shop", "Our shop", "--currency", "KES")
    assert (again.returncode, again.stdout) == (1, "")
    assert again.stderr == "tradewind: There is a store “shop” already.\n"
    wrong = connected.run("store", "create", "admin", "Ours", "--currency", "KES")
    assert "a word of the API" in wrong.stderr
    told = connected.said(
        *("settings", "set", "--store", "shop", "--enable", "manual"),
        *("cash_on_delivery=false", "bank_details=12 34 = 56"),
    )
    assert told["enabled"] is True
    assert told["settings"]["cash_on_delivery"] is False
    assert told["settings"]["bank_details"] == "12 34 = 56"
    wrong = connected.run("settings", "set", "--store", "shop", "manual", "colour=red")
    assert wrong.returncode == 1
    assert "settings.colour" in wrong.stderr
    checked = connected.run("plugins", "check", "--store", "shop")
    assert (checked.returncode, "Bank transfer" in checked.stdout) == (0, True)


def test_secrets_are_put_under_a_new_key_so_that_the_old_one_can_be_dropped(
    connected: Shell,
) -> None:
    connected.said("store", "create", "acme", "Acme Teas", "--currency", "KES")
    words = ("settings", "set", "--store", "acme", "whatsapp")
    values = ("phone_number_id=15550001", "access_token=t", "app_secret=s", "verify_token=v")
    connected.said(*words, *values, "--enable")
    old, new = connected.environ["TRADEWIND_SECRET_KEY"], new_key()
    connected.environ["TRADEWIND_SECRET_KEY"] = f"{new},{old}"
    rotated = connected.run("settings", "rotate")
    assert (rotated.returncode, rotated.stdout) == (
        0,
        "2 secrets are encrypted with the newest key.\n",
    )
    connected.environ["TRADEWIND_SECRET_KEY"] = new
    assert connected.said(*words, "catalog_id=7")["enabled"]
    connected.environ["TRADEWIND_SECRET_KEY"] = new_key()
    lost = connected.run("settings", "rotate")
    assert lost.returncode == 1
    assert "acme: no key opens the secrets of whatsapp (shop.plugin_settings)" in lost.stdout
    checked = connected.run("plugins", "check", "--store", "acme")
    assert checked.returncode == 1
    assert "whatsapp: These settings were encrypted with a key" in checked.stdout


def test_settings_of_a_store_are_changed_by_the_operator(connected: Shell) -> None:
    connected.said("store", "create", "acme", "Acme Teas", "--currency", "KES")
    told = connected.said("store", "set", "--store", "acme", "hold_minutes=20", "locale=sw")
    assert (told["settings"]["hold_minutes"], told["settings"]["locale"]) == (20, "sw")
    refused = connected.run("store", "set", "--store", "acme", "hold_minutes=0")
    assert refused.returncode == 1
    assert "settings.hold_minutes: Use a number from 1" in refused.stderr


def test_the_operator_may_set_what_a_merchant_may_not(connected: Shell) -> None:
    connected.said("store", "create", "shop", "Our shop", "--currency", "KES")
    told = connected.said(
        *("settings", "set", "--store", "shop", "whatsapp", "phone_number_id=123"),
        *("access_token=t", "app_secret=s", "verify_token=v", "api_base=http://127.0.0.1:1"),
    )
    assert told["settings"]["phone_number_id"] == "123"
    assert told["settings"]["api_base"] == "http://127.0.0.1:1"
    assert told["settings"]["app_secret"] not in {"s", ""}


def test_migrate_runs_as_the_owner_and_may_be_repeated(
    tmp_path: Path, empty_database_urls: DatabaseUrls
) -> None:
    shell = Shell(
        tmp_path,
        TRADEWIND_DATABASE_URL=empty_database_urls.app,
        TRADEWIND_SECRET_KEY=new_key(),
    )
    refused = shell.run("migrate")
    assert (refused.returncode, "TRADEWIND_OWNER_DATABASE_URL" in refused.stderr) == (1, True)
    shell.environ["TRADEWIND_OWNER_DATABASE_URL"] = empty_database_urls.owner
    for _ in range(2):
        assert shell.run("migrate").returncode == 0
    shell.said("store", "create", "shop", "Our shop", "--currency", "KES")


def test_serve_never_migrates_a_database_that_it_was_given(
    tmp_path: Path, empty_database_urls: DatabaseUrls
) -> None:
    shell = Shell(
        tmp_path,
        TRADEWIND_DATABASE_URL=empty_database_urls.app,
        TRADEWIND_OWNER_DATABASE_URL=empty_database_urls.owner,
        TRADEWIND_SECRET_KEY=new_key(),
        TRADEWIND_WORKER="off",
    )
    with shell.running("serve", "--port", "0", log="serving") as ready:
        assert httpx.get(f"{ready['url']}/healthz").is_success
    created = shell.run("store", "create", "shop", "Our shop", "--currency", "KES")
    assert created.returncode == 1


def test_serve_and_worker_run_and_stop_apart(connected: Shell) -> None:
    made = connected.said("store", "create", "shop", "Our shop", "--currency", "KES")
    connected.environ["TRADEWIND_WORKER"] = "off"
    with (
        connected.running("worker", log="working"),
        connected.running("serve", "--port", "0", log="serving") as ready,
    ):
        assert ready["worker"] is False
        key = {"X-Publishable-Key": made["publishable_key"]}
        assert httpx.get(f"{ready['url']}/store/products", headers=key).json()["products"] == []


def test_serve_without_a_secret_key_says_so(connected: Shell) -> None:
    del connected.environ["TRADEWIND_SECRET_KEY"]
    ended = connected.run("serve", "--port", "0")
    assert ended.returncode == 1
    assert "TRADEWIND_SECRET_KEY is not set" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_database_that_does_not_answer_is_told_in_one_line(connected: Shell) -> None:
    connected.environ["TRADEWIND_DATABASE_URL"] = "postgresql://app:hunter2@127.0.0.1:1/none"
    ended = connected.run("serve", "--port", "0")
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    assert "hunter2" not in ended.stderr


def test_replaying_what_does_not_exist_says_so(connected: Shell) -> None:
    connected.said("store", "create", "shop", "Our shop", "--currency", "KES")
    unknown = "00000000-0000-7000-8000-000000000000"
    for words in (
        ("delivery", unknown, "--store", "shop"),
        ("inbox", unknown, "--store", "shop"),
        ("job", unknown),
        ("job", "nonsense"),
    ):
        ended = connected.run("replay", *words)
        assert ended.returncode == 1, ended.stdout
        assert ended.stderr.startswith("tradewind: ")
    assert "0 will" in connected.run("replay", "inbox", "dead", "--store", "shop").stdout


def test_the_sandbox_runs_alone(shell: Shell) -> None:
    with shell.running("sandbox", "--port", "0", log="sandbox") as ready:
        assert httpx.get(f"{ready['url']}/phone/", follow_redirects=True).is_success


def test_the_sandbox_alone_takes_letters(shell: Shell) -> None:
    with shell.running("sandbox", "--port", "0", log="sandbox") as ready:
        with smtplib.SMTP("127.0.0.1", ready["smtp_port"]) as client:
            client.sendmail("shop@example.org", ["amina@example.org"], "Subject: Receipt\n\nThanks")
        (letter,) = httpx.get(
            f"{ready['url']}/mail/messages", params={"to": "amina@example.org"}
        ).json()
        assert (letter["subject"], letter["text"]) == ("Receipt", "Thanks\n")
        assert httpx.get(ready["mailbox"]).is_success
