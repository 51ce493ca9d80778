"""Whatever JSON Meta may send one day, signed: the door and the reader never fail."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tradewind import Accepted, Directory, Item, StoreContext, Unsupported, WebhookRequest
from tradewind_whatsapp import WhatsApp, WhatsAppSettings

FIXTURES = Path(__file__).parent.parent / "fixtures"
BODIES = [
    body
    for path in sorted(FIXTURES.glob("meta-*.json"))
    if "entry" in (body := json.loads(path.read_bytes()))
]

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(), max_size=20)
    | st.sampled_from(["", "16505551234", "US.1", "106540352242922", "\x00", "\ud83d", "1" * 40]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


def places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    children = (
        node.items()
        if isinstance(node, dict)
        else enumerate(node)
        if isinstance(node, list)
        else ()
    )
    return [path, *(found for key, child in children for found in places(child, (*path, key)))]


def changed(node: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    copy = dict(node) if isinstance(node, dict) else list(node)
    copy[path[0]] = changed(node[path[0]], path[1:], new)
    return copy


@st.composite
def mutations(draw: st.DrawFn) -> bytes:
    body = draw(st.sampled_from(BODIES))
    for _ in range(draw(st.integers(1, 3))):
        body = changed(body, draw(st.sampled_from(places(body))), draw(JSON))
    return json.dumps(body).encode()


@given(body=mutations())
@hypothesis_settings(
    deadline=None,
    max_examples=300,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
async def test_no_mutation_of_a_body_raises(
    body: bytes,
    signed: Callable[..., WebhookRequest],
    directory: Callable[..., Directory[WhatsAppSettings]],
    settings: Callable[..., WhatsAppSettings],
    context: Callable[..., StoreContext[WhatsAppSettings]],
) -> None:
    channel = WhatsApp()
    decision = await channel.accept(signed(body), directory(settings()))
    assert isinstance(decision, Accepted)
    for item in decision.items:
        assert item.address
        assert item.lane
        assert len(item.dedupe_key) <= 240
        assert "\x00" not in item.dedupe_key + item.lane + item.address
        assert await channel.receive(item, context())


@given(body=st.binary(max_size=200))
@hypothesis_settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_no_bytes_raise_in_the_reader(
    body: bytes, context: Callable[..., StoreContext[WhatsAppSettings]]
) -> None:
    item = Item(dedupe_key="k", lane="l", body=body, address="a")
    assert await WhatsApp().receive(item, context())


async def test_nesting_without_end_does_not_raise_in_the_reader(
    context: Callable[..., StoreContext[WhatsAppSettings]],
) -> None:
    item = Item(dedupe_key="k", lane="l", body=b'{"part":' + b"[" * 200_000, address="a")
    assert await WhatsApp().receive(item, context()) == [Unsupported(kind="unreadable")]
