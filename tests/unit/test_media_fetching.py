"""Fetching a picture of another host: only from the public web, only once, only so large."""

import gzip
from collections.abc import Callable, Sequence

import httpx
import pytest

from tradewind.contracts.errors import InvalidInput
from tradewind_host.media import fetching
from tradewind_host.media.fetching import Resolve, fetched, is_public

URL = "https://pictures.example/a%20b/tea.jpg?size=large"
PUBLIC = "93.184.215.14"


def found(*addresses: str) -> Resolve:
    async def find(host: str) -> Sequence[str]:
        assert host in {"pictures.example", "127.0.0.1", "localhost"}
        return addresses

    return find


def web(answer: Callable[[httpx.Request], httpx.Response]) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.MockTransport(answer))


def nobody(request: httpx.Request) -> httpx.Response:
    raise AssertionError(f"{request.url} was asked for")


async def test_the_looked_up_address_is_asked_under_the_hosts_name() -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, content=b"tea")

    async with web(answer) as http, fetched(http, URL, found(PUBLIC)) as file:
        assert file.path.read_bytes() == b"tea"
        assert (file.name, file.size) == ("tea.jpg", 3)
    assert not file.path.exists()
    (request,) = asked
    assert str(request.url) == f"https://{PUBLIC}/a%20b/tea.jpg?size=large"
    assert request.headers["host"] == "pictures.example"
    assert request.extensions["sni_hostname"] == "pictures.example"


@pytest.mark.parametrize(
    "url",
    [
        "http://pictures.example/a.jpg",
        "ftp://pictures.example/a.jpg",
        "https://pictures.example:8443/a.jpg",
        "https://pictures.example:x/a.jpg",
        "https://me:secret@pictures.example/a.jpg",
        "https:///a.jpg",
        "/media/demo/tea.jpg",
        "file:///etc/passwd",
        "https://[",
        "https://a..b/tea.jpg",
        f"https://{'a' * 64}.example/tea.jpg",
        "https://pictures\u2100.example/tea.jpg",
    ],
)
async def test_other_addresses_are_refused(url: str) -> None:
    async with web(nobody) as http:
        with pytest.raises(InvalidInput):
            async with fetched(http, url, found(PUBLIC)):
                pass


@pytest.mark.parametrize(
    "url", ["https://pictures.example/\x01", "https://pictures.example/\ud800"]
)
async def test_an_address_that_cannot_be_asked_for_is_refused(url: str) -> None:
    async with web(nobody) as http:
        with pytest.raises(InvalidInput):
            async with fetched(http, url, found(PUBLIC)):
                pass


async def test_a_name_in_any_script_is_asked_as_it_goes_over_the_wire() -> None:
    asked: list[httpx.Request] = []

    async def find(host: str) -> Sequence[str]:
        assert host == "xn--bcher-kva.example"
        return [PUBLIC]

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, content=b"tea")

    async with web(answer) as http, fetched(http, "https://Bücher.example/tea.jpg", find) as file:
        assert file.size == 3
    assert asked[0].headers["host"] == "xn--bcher-kva.example"


async def test_what_is_packed_is_not_unpacked() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.headers["accept-encoding"] == "identity"
        headers = {"content-encoding": "gzip"}
        return httpx.Response(200, headers=headers, content=gzip.compress(bytes(10**6)))

    async with web(answer) as http:
        with pytest.raises(InvalidInput):
            async with fetched(http, URL, found(PUBLIC)):
                pass


PRIVATE = [
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",  # noqa: S104 - nothing is bound
    "224.0.0.1",
    "::1",
    "::",
    "fe80::1",
    "fd00::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::a00:1",
    "::127.0.0.1",
    "::ffff:0:7f00:1",
    "fec0::1",
    "2002:a00:1::",
    "nonsense",
]


@pytest.mark.parametrize("address", PRIVATE)
async def test_nothing_of_our_own_network_is_reached(address: str) -> None:
    assert not is_public(address)
    for addresses in ([address], [PUBLIC, address]):
        async with web(nobody) as http:
            with pytest.raises(InvalidInput) as refused:
                async with fetched(http, URL, found(*addresses)):
                    pass
        assert refused.value.errors[0].code == "not_reachable"


@pytest.mark.parametrize("address", [PUBLIC, "2606:2800:21f:cb07:6820:80da:af6b:8b2c"])
def test_the_public_web_is_reached(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("status", [301, 302, 307, 404, 500])
async def test_no_other_answer_is_taken_and_no_redirect_followed(status: int) -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        return httpx.Response(status, headers={"location": "https://127.0.0.1/"})

    async with web(answer) as http:
        with pytest.raises(InvalidInput):
            async with fetched(http, URL, found(PUBLIC)):
                pass
    assert asked == [PUBLIC]


async def test_what_is_too_large_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "LARGEST", 1000)
    async with web(lambda _: httpx.Response(200, content=bytes(5000))) as http:
        with pytest.raises(InvalidInput) as refused:
            async with fetched(http, URL, found(PUBLIC)):
                pass
    assert refused.value.errors[0].code == "too_large"
