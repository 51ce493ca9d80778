"""A bucket of S3 as the media store, over a socket, against a peer that checks signatures."""

import hashlib
import tracemalloc
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from tests.support.bucket_peer import ACCESS_KEY, REGION, SECRET_KEY, BucketPeer, bucket_peer
from tradewind.contracts.errors import InvalidInput, MediaFault, NotFound
from tradewind.testing.clock import ManualClock
from tradewind_host.config import BadConfig, Config
from tradewind_host.media import media_store
from tradewind_host.media.bucket import TRIES, Bucket, Place
from tradewind_host.media.signing import Credentials

KEY = "public/demo/tea.jpg"
MEGABYTE = 1024 * 1024


@pytest_asyncio.fixture
async def peer() -> AsyncIterator[BucketPeer]:
    async with bucket_peer() as listening:
        yield listening


@pytest_asyncio.fixture
async def bucket(peer: BucketPeer, clock: ManualClock) -> AsyncIterator[Bucket]:
    opened = store_at(peer, clock)
    yield opened
    await opened.close()


def store_at(peer: BucketPeer, clock: ManualClock, secret: str = SECRET_KEY) -> Bucket:
    place = Place(bucket="shops", endpoint=peer.endpoint, prefix="house", path_style=True)
    http = httpx.AsyncClient(timeout=httpx.Timeout(2.0))
    keys = Credentials(ACCESS_KEY, secret, REGION)
    return Bucket(place, keys, clock=clock, http=http, pause=no_pause)


async def no_pause(seconds: float) -> None:
    assert 0 < seconds < 3


async def whole(store: Bucket, key: str, start: int = 0, end: int | None = None) -> bytes:
    return b"".join([piece async for piece in store.stream(key, start, end)])


async def test_what_is_kept_comes_back_and_can_be_removed(bucket: Bucket, peer: BucketPeer) -> None:
    await bucket.put(KEY, b"0123456789", "image/jpeg")
    assert peer.kept == {"/shops/house/public/demo/tea.jpg": (b"0123456789", "image/jpeg")}
    assert await bucket.size(KEY) == 10
    assert await whole(bucket, KEY) == b"0123456789"
    assert await whole(bucket, KEY, 2, 5) == b"234"
    assert await whole(bucket, KEY, 7) == b"789"
    await bucket.delete(KEY)
    await bucket.delete(KEY)
    assert await bucket.size(KEY) is None
    with pytest.raises(NotFound):
        await whole(bucket, KEY)


async def test_a_wrong_key_is_told_in_words_and_not_tried_again(
    peer: BucketPeer, clock: ManualClock
) -> None:
    bucket = store_at(peer, clock, "another secret")
    with pytest.raises(MediaFault, match=r"403 \(SignatureDoesNotMatch\).*MEDIA_SECRET_KEY"):
        await bucket.put(KEY, b"tea", "image/jpeg")
    assert len(peer.asked) == 1
    assert peer.kept == {}
    with pytest.raises(MediaFault, match="403"):
        await bucket.size(KEY)
    await bucket.close()


@pytest.mark.parametrize("fault", ["503", "500", "hang_up"])
async def test_what_fails_in_passing_is_tried_again(
    bucket: Bucket, peer: BucketPeer, fault: str, tmp_path: Path
) -> None:
    file = tmp_path / "tea"
    file.write_bytes(b"tea")
    peer.faults = [fault, fault]
    await bucket.put(KEY, file, "image/jpeg")
    assert peer.kept["/shops/house/public/demo/tea.jpg"][0] == b"tea"
    peer.faults = [fault]
    assert await whole(bucket, KEY) == b"tea"


async def test_after_some_tries_it_is_given_up(bucket: Bucket, peer: BucketPeer) -> None:
    peer.faults = ["503"] * (TRIES + 1)
    with pytest.raises(MediaFault, match="cannot be reached"):
        await bucket.put(KEY, b"tea", "image/jpeg")
    assert len(peer.asked) == TRIES


async def test_nobody_listening_is_told(clock: ManualClock) -> None:
    peer = BucketPeer()
    peer.port = 9
    bucket = store_at(peer, clock)
    with pytest.raises(MediaFault, match="cannot be reached"):
        await bucket.size(KEY)
    await bucket.close()


async def test_a_line_that_breaks_is_taken_up_where_it_broke(
    bucket: Bucket, peer: BucketPeer
) -> None:
    content = bytes(range(256)) * 2000
    await bucket.put(KEY, content, "image/jpeg")
    peer.asked.clear()
    peer.faults = ["cut", "cut"]
    assert await whole(bucket, KEY) == content
    assert len(peer.asked) == 3
    assert peer.asked[-1].headers["range"].startswith("bytes=")


async def test_large_files_need_little_memory(
    bucket: Bucket, peer: BucketPeer, tmp_path: Path
) -> None:
    file = tmp_path / "film"
    with file.open("wb") as written:
        written.truncate(48 * MEGABYTE)
    key = "private/shop/film"
    tracemalloc.start()
    await bucket.put(key, file, "video/mp4")
    size, digest = 0, hashlib.sha256()
    async for piece in bucket.stream(key):
        size += len(piece)
        digest.update(piece)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size == peer.largest == 48 * MEGABYTE
    assert most < 12 * MEGABYTE


async def test_a_signed_address_gives_the_file_away_under_its_name(
    bucket: Bucket, peer: BucketPeer
) -> None:
    await bucket.put("private/shop/abc", b"a book", "application/octet-stream")
    address = bucket.signed_address("private/shop/abc", 60, 'Tea "1" é.pdf', "application/pdf")
    assert address is not None
    async with httpx.AsyncClient() as stranger:
        answer = await stranger.get(address)
        assert answer.content == b"a book"
        assert answer.headers["content-type"] == "application/pdf"
        named = "attachment; filename*=UTF-8''Tea%20%221%22%20%C3%A9.pdf"
        assert answer.headers["content-disposition"] == named
        longer = await stranger.get(address.replace("X-Amz-Expires=60", "X-Amz-Expires=6000"))
        assert longer.status_code == 403


@pytest.mark.parametrize(
    "key", ["public/../x", "public", "other/a", "public//a", "public/.hidden", "/etc"]
)
async def test_no_key_leads_elsewhere(bucket: Bucket, peer: BucketPeer, key: str) -> None:
    with pytest.raises(InvalidInput):
        await bucket.put(key, b"", "image/jpeg")
    assert peer.asked == []


def test_a_bucket_is_addressed_by_its_host_unless_told_otherwise() -> None:
    place = Place(bucket="shops", endpoint="https://s3.eu-west-9.amazonaws.com")
    assert place.url(KEY) == "https://shops.s3.eu-west-9.amazonaws.com/public/demo/tea.jpg"


async def test_the_environment_names_the_bucket(peer: BucketPeer, clock: ManualClock) -> None:
    config = Config(media_url="s3://shops/house", media_endpoint=peer.endpoint, media_region=REGION)
    with pytest.raises(BadConfig, match="TRADEWIND_MEDIA_ACCESS_KEY"):
        media_store(config, clock)
    named = Config(
        media_url="s3://shops/house",
        media_endpoint=peer.endpoint,
        media_region=REGION,
        media_access_key=ACCESS_KEY,
        media_secret_key=SECRET_KEY,
        media_path_style=True,
    )
    store = media_store(named, clock)
    await store.put(KEY, b"tea", "image/jpeg")
    assert list(peer.kept) == ["/shops/house/public/demo/tea.jpg"]
    await store.close()
