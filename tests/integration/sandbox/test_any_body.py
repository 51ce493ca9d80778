"""Whatever a business posts, the stand-in answers as Meta would and never breaks."""

import contextlib
import json
from pathlib import Path
from typing import Any

import httpx
import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.integration.sandbox.world import (
    CONFIG,
    FIRST,
    PHONE_NUMBER_ID,
    SHOPPER,
    StillClock,
)
from tradewind_sandbox import ApprovedTemplate
from tradewind_sandbox.deliveries import Deliveries
from tradewind_sandbox.whatsapp.bubbles import draw
from tradewind_sandbox.whatsapp.carrier import Carrier
from tradewind_sandbox.whatsapp.errors import GraphError
from tradewind_sandbox.whatsapp.state import Message, WhatsAppState
from tradewind_sandbox.whatsapp.templates import check_new_template

PAYLOADS = Path(__file__).parents[2] / "payloads" / "whatsapp"
SAMPLES = [
    json.loads(path.read_text())
    for pattern in ("meta-send-*-request.json", "meta-template-*-request.json")
    for path in sorted(PAYLOADS.glob(pattern))
]
TEMPLATES = [
    json.loads(path.read_text()) for path in sorted(PAYLOADS.glob("meta-template-*-create.json"))
]
APPROVED = [
    ApprovedTemplate(
        name=template["name"],
        components=template["components"],
        parameter_format=template.get("parameter_format", "positional"),
        category=template["category"],
    )
    for template in TEMPLATES
]
INBOUND = [
    message
    for path in sorted(PAYLOADS.glob("meta-in-*.json"))
    for entry in json.loads(path.read_text()).get("entry", [])
    for message in entry["changes"][0]["value"].get("messages", [])
]
STRANGE: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, 0, -1, 1.5, "", "x", "x" * 5000, [], [[]], [1], {}, {"a": 1}]
)


def paths(node: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every value inside a JSON value."""
    pairs = node.items() if isinstance(node, dict) else enumerate(node)
    found = []
    for key, inner in pairs:
        found.append((*at, key))
        if isinstance(inner, dict | list):
            found += paths(inner, (*at, key))
    return found


@st.composite
def spoiled(draw: st.DrawFn, samples: list[dict[str, Any]]) -> dict[str, Any]:
    """One of Meta's samples with something strange in one place."""
    body: dict[str, Any] = json.loads(json.dumps(draw(st.sampled_from(samples))))
    way = draw(st.sampled_from(paths(body)))
    node: Any = body
    for key in way[:-1]:
        node = node[key]
    node[way[-1]] = draw(STRANGE)
    return body


EXAMPLES = settings(max_examples=300, deadline=None, derandomize=True)


def _unreachable(request: httpx.Request) -> httpx.Response:
    raise AssertionError(f"nothing is to be sent, but {request.url} was")


def stand_in() -> Carrier:
    """The stand-in without its network, in a chat whose window is open."""
    config = msgspec.structs.replace(CONFIG, templates=APPROVED, auto_statuses=False)
    clock = StillClock()
    state = WhatsAppState(config, clock)
    shopper = state.people.find(SHOPPER)
    state.window(PHONE_NUMBER_ID, shopper).last_inbound = clock.now()
    return Carrier(state, Deliveries((), 1, httpx.MockTransport(_unreachable)))


@EXAMPLES
@given(body=spoiled(SAMPLES))
def test_a_strange_message_is_refused_or_shown(body: dict[str, Any]) -> None:
    carrier = stand_in()
    body["to"] = f"+{SHOPPER}"
    with contextlib.suppress(GraphError):
        answer = carrier.send(carrier.state.numbers[PHONE_NUMBER_ID], body)
        bubble = draw(carrier.state.messages[answer["messages"][0]["id"]])
        assert isinstance(bubble.text, str)


@EXAMPLES
@given(body=spoiled(TEMPLATES))
def test_a_strange_template_is_refused_or_taken(body: dict[str, Any]) -> None:
    refusal = check_new_template(body)
    assert refusal is None or refusal.http_status == 400


@EXAMPLES
@given(body=spoiled(INBOUND))
def test_a_strange_message_of_a_shopper_is_shown(body: dict[str, Any]) -> None:
    state = stand_in().state
    shopper = state.people.find(SHOPPER)
    bubble = draw(Message("wamid.1", FIRST, shopper, True, state.now(), body, "sent"))
    assert isinstance(bubble.text, str)


def test_metas_samples_are_all_shown() -> None:
    kinds = {body["type"] for body in SAMPLES + INBOUND}
    assert kinds >= {"text", "interactive", "template", "image", "location", "order", "reaction"}
