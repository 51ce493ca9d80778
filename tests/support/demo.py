"""`tradewind demo` as a process of its own, for tests that come in by the front door."""

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

READY_SECONDS = 120


class Demo:
    """A running demo; `ready` is the line it printed."""

    def __init__(self, process: "subprocess.Popen[str]", ready: dict[str, Any]) -> None:
        self.process = process
        self.ready = ready

    @property
    def base_url(self) -> str:
        """Where the host listens."""
        return str(self.ready["base_url"])

    @property
    def sandbox_url(self) -> str:
        """Where the sandbox listens."""
        return str(self.ready["sandbox"]["base_url"])

    def store(self, slug: str = "demo") -> dict[str, Any]:
        """Keys and numbers of a store."""
        return next(store for store in self.ready["stores"] if store["slug"] == slug)


def command(data_dir: Path, *more: str) -> list[str]:
    """How the demo is started."""
    folder = ["--data-dir", str(data_dir)]
    return [sys.executable, "-m", "tradewind_host", "demo", "--json", *folder, *more]


def read_ready(process: "subprocess.Popen[str]", seconds: float = READY_SECONDS) -> dict[str, Any]:
    """The ready line; fails when it does not come in time or the process ends first."""
    if process.stdout is None:
        raise AssertionError("standard output was not asked for")
    with selectors.DefaultSelector() as watch:
        watch.register(process.stdout, selectors.EVENT_READ)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if watch.select(timeout=0.5):
                line = process.stdout.readline()
                if not line:
                    raise AssertionError(f"the demo ended with {process.wait()}")
                return dict(json.loads(line))
    raise AssertionError(f"the demo was not ready after {seconds} s")


@contextmanager
def running_demo(data_dir: Path, *more: str) -> Iterator[Demo]:
    """A demo on free ports that is stopped in an orderly way at the end."""
    with subprocess.Popen(
        command(data_dir, "--port", "0", *more),
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "NO_COLOR": "1"},
    ) as process:
        try:
            yield Demo(process, read_ready(process))
            process.send_signal(signal.SIGINT)
            process.wait(30)
        finally:
            if process.poll() is None:
                process.kill()
