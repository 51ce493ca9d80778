"""localstripe, written by others from Stripe's documents, in a process of its own on loopback."""

import json
import queue
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, NamedTuple

import httpx

KEY = "sk_test_localstripe"
SECRET = "whsec_localstripe"
NO_WORDS = {"descriptions": False}
"""It refuses descriptions."""

# The socket is handed over already listening, so nobody has to wait for it. It would keep its
# store in a file of the system.
_PROGRAM = """
import socket, sys
from localstripe import resources
resources.Store.dump_to_disk = lambda store: None
from aiohttp import web
from localstripe.server import app
web.run_app(app, sock=socket.socket(fileno=int(sys.argv[1])), print=None)
"""


class Delivery(NamedTuple):
    """A webhook as it was sent."""

    body: bytes
    signature: str

    @property
    def payment_id(self) -> str:
        subject = json.loads(self.body)["data"]["object"]
        return str(subject.get("metadata", {}).get("payment_id", ""))


class LocalStripe:
    """The peer; a test is the payer's browser, and gets the webhooks."""

    def __init__(self, url: str, letterbox: "queue.Queue[Delivery]") -> None:
        self.url = url
        self._letterbox = letterbox
        self._http = httpx.Client(base_url=url, auth=(KEY, ""), timeout=10)

    def close(self) -> None:
        self._http.close()

    def post(self, path: str, **data: str) -> Any:
        """Do something at the peer, which may refuse."""
        return self._http.post(path, data=data).json()

    def get(self, path: str) -> Any:
        """Read something at the peer."""
        return self._http.get(path).raise_for_status().json()

    def tells(self, url: str) -> None:
        """Have webhooks sent there."""
        wanted = {"url": url, "secret": SECRET, "events": None}
        self._http.post("/_config/webhooks/test", json=wanted).raise_for_status()

    def pays(self, intent: str, method: str = "pm_card_visa") -> Any:
        """The payer's browser confirms with a card."""
        path = f"/v1/payment_intents/{intent}"
        self.post(path, payment_method=method)
        return self.post(f"{path}/confirm")

    def card(self, number: str) -> str:
        """A payment method of a card."""
        card = {"number": number, "exp_month": "12", "exp_year": "2030", "cvc": "123"}
        data = {f"card[{name}]": value for name, value in card.items()}
        return str(self.post("/v1/payment_methods", type="card", **data)["id"])

    def deliveries(self, count: int, *about: object) -> list[Delivery]:
        """The next webhooks about payments; each comes about a second after its cause."""
        wanted, found = {str(one) for one in about}, list[Delivery]()
        while len(found) < count:
            delivery = self._letterbox.get(timeout=20)
            found += [delivery] if delivery.payment_id in wanted else []
        return found


@contextmanager
def open_localstripe() -> Iterator[LocalStripe]:
    """Start it, with a letterbox for its webhooks, and stop it again."""
    with _letterbox() as (address, letters), socket.create_server(("127.0.0.1", 0)) as listening:
        number = listening.fileno()
        command = [sys.executable, "-c", _PROGRAM, str(number)]
        with subprocess.Popen(command, pass_fds=[number], stdin=subprocess.DEVNULL) as process:
            peer = LocalStripe(f"http://127.0.0.1:{listening.getsockname()[1]}", letters)
            try:
                peer.tells(address)
                yield peer
            finally:
                peer.close()
                process.kill()


@contextmanager
def _letterbox() -> Iterator[tuple[str, "queue.Queue[Delivery]"]]:
    letters: queue.Queue[Delivery] = queue.Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            letters.put(Delivery(body, self.headers["Stripe-Signature"]))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/", letters
        finally:
            server.shutdown()
            thread.join()
