"""docs/sandbox.md against the sandbox: every door, every field of its bodies, every fault."""

import re

import msgspec
import pytest

from tests.docs.pages import code_spans, read
from tradewind_sandbox import SandboxConfig, create_app
from tradewind_sandbox.faults import KINDS, PEERS, WantedFault
from tradewind_sandbox.flutterwave.doors import Settlement
from tradewind_sandbox.stripe.doors import Payment, Quarrel, RefundFate
from tradewind_sandbox.whatsapp.doors import InboundRequest

PAGE = read("docs/sandbox.md")
SPANS = {span for group in code_spans(PAGE) for span in re.split(r", |\s+", group)}

# What a real service serves, and what its page and ours load by themselves.
_NO_DOORS = re.compile(
    r"/\{version.*|/whatsapp_business/.*|/flutterwave/(v\d|realms|pay|static).*|/stripe/(v1|c|authenticate|static)/.*|/phone/.+|/mail/(static|letters).*"
)


def test_every_door_is_told_of() -> None:
    paths = {route.path for route in create_app(SandboxConfig(accounts=[])).routes}
    doors = {path for path in paths if not _NO_DOORS.fullmatch(path)}
    assert {"/faults", "/clock", "/whatsapp/inbound", "/mail/messages"} <= doors
    assert {door.rstrip("/") for door in doors} <= {span.rstrip("/") for span in SPANS}


def test_every_peer_and_kind_of_fault_is_told_of() -> None:
    assert {*PEERS, *KINDS} <= SPANS


@pytest.mark.parametrize(
    "body", [WantedFault, InboundRequest, Settlement, Payment, RefundFate, Quarrel]
)
def test_every_field_of_a_body_is_told_of(body: type[msgspec.Struct]) -> None:
    assert {field.encode_name for field in msgspec.structs.fields(body)} <= SPANS | {"tx_ref"}
