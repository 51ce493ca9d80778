"""Whatever a store posts, the stand-in answers as Stripe would and never breaks."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stripe import RequestOptions
from stripe import params as library

from tests.integration.sandbox.merchant import FIRST, RETURN, SUCCESS, Merchant
from tradewind_sandbox.stripe.errors import Refused
from tradewind_sandbox.stripe.v1.routes import ROUTES
from tradewind_sandbox.stripe.wire import Params, parsed, read

NAMES = {name for route in ROUTES for name in route.shape.__struct_fields__}
STRANGE = ["", "-1", "1e400", "9" * 5000, "x" * 6000, "NaN", "\x00", "null", "{}", "ü" * 300]
OF_BROWSERS = {"client_secret", "key"}
"""What Stripe's script sends and no server does."""

SOUND: dict[str, dict[str, str]] = {
    "/payment_intents": {
        "amount": "1099",
        "currency": "usd",
        "metadata[a]": "1",
        "automatic_payment_methods[enabled]": "true",
        "payment_method_data[type]": "card",
        "payment_method_data[card][number]": "4242424242424242",
        "payment_method_data[card][exp_year]": "34",
        "confirm": "true",
        "return_url": RETURN,
        "expand[]": "latest_charge",
    },
    "/checkout/sessions": {
        "mode": "payment",
        "success_url": SUCCESS,
        "line_items[0][quantity]": "1",
        "line_items[0][price_data][currency]": "usd",
        "line_items[0][price_data][unit_amount]": "4999",
        "line_items[0][price_data][product_data][name]": "A",
        "payment_intent_data[metadata][a]": "1",
        "customer_email": "a@b.example",
    },
    "/customers": {"email": "a@b.example", "address[line1]": "1", "metadata[a]": "1"},
    "/payment_methods": {"type": "card", "card[number]": "4242424242424242", "card[cvc]": "1"},
    "/webhook_endpoints": {"url": "http://a.example", "enabled_events[]": "*"},
}


def library_names(kind: str) -> set[str]:
    """The parameters that the official library has for a call."""
    room, _, name = kind.rpartition(".")
    own = getattr(library.checkout if room else library, f"{name}Params").__annotations__
    return set(own) - set(RequestOptions.__annotations__)


@pytest.mark.parametrize(
    ("method", "path", "kind"),
    [
        ("POST", "/payment_intents", "PaymentIntentCreate"),
        ("POST", "/payment_intents/{name}", "PaymentIntentUpdate"),
        ("POST", "/payment_intents/{name}/confirm", "PaymentIntentConfirm"),
        ("POST", "/payment_intents/{name}/capture", "PaymentIntentCapture"),
        ("POST", "/payment_intents/{name}/cancel", "PaymentIntentCancel"),
        ("GET", "/payment_intents", "PaymentIntentList"),
        ("GET", "/payment_intents/search", "PaymentIntentSearch"),
        ("POST", "/checkout/sessions", "checkout.SessionCreate"),
        ("GET", "/checkout/sessions", "checkout.SessionList"),
        ("POST", "/refunds", "RefundCreate"),
        ("GET", "/refunds", "RefundList"),
        ("POST", "/refunds/{name}", "RefundUpdate"),
        ("GET", "/charges", "ChargeList"),
        ("POST", "/customers", "CustomerCreate"),
        ("GET", "/events", "EventList"),
        ("POST", "/webhook_endpoints", "WebhookEndpointCreate"),
        ("POST", "/webhook_endpoints/{name}", "WebhookEndpointUpdate"),
    ],
)
def test_every_parameter_of_the_library_is_known_and_no_other(
    method: str, path: str, kind: str
) -> None:
    (route,) = [one for one in ROUTES if (one.method, one.path) == (method, path)]
    ours = {*route.shape.__struct_fields__, *route.shape.ignored} - OF_BROWSERS
    # The library has one struct for making a customer and another for changing it; we have one.
    assert ours - {"default_source"} == library_names(kind)


_WORDS = st.sampled_from([*sorted(NAMES), "0", "1", "", "card", "number", "type", "gte"])
_KEYS = st.lists(_WORDS, min_size=1, max_size=5).map(
    lambda words: words[0] + "".join(f"[{word}]" for word in words[1:])
)
_VALUES = st.one_of(st.text(max_size=20), st.sampled_from(["1", "true", "usd", *STRANGE]))
_FORMS = st.lists(st.tuples(_KEYS | st.text(max_size=8), _VALUES), max_size=6).map(urlencode)


def refusal_of(form: str, shape: type[Params]) -> Refused | None:
    """What is said of a form that does not fit."""
    try:
        read(parsed(form), shape)
    except Refused as refusal:
        return refusal
    return None


@settings(max_examples=60, deadline=None)
@given(st.one_of(_FORMS, st.text(max_size=60)))
def test_any_form_is_read_or_refused(form: str) -> None:
    for shape in {route.shape for route in ROUTES}:
        refusal = refusal_of(form, shape)
        assert refusal is None or (refusal.status == 400 and not refusal.kept)


def spoiled(sound: dict[str, str]) -> Iterator[dict[str, str]]:
    """The sound form with every strange value in every place, and with strange places."""
    for name in sound:
        yield {one: value for one, value in sound.items() if one != name}
        yield {**sound, f"{name}[deeper]": "1"}
        for strange in STRANGE:
            yield {**sound, name: strange}


@pytest.mark.parametrize("path", SOUND)
async def test_a_strange_form_is_refused_or_taken(merchant: Merchant, path: str) -> None:
    async def post(form: dict[str, str]) -> Any:
        return await merchant.world.client.post(
            f"/stripe/v1{path}", data=form, auth=(FIRST.secret_key, "")
        )

    assert (await post(SOUND[path])).status_code == 200
    for form in spoiled(SOUND[path]):
        answer = await post(form)
        assert answer.status_code in {200, 400, 402}, form
        assert ("error" in answer.json()) == (answer.status_code >= 400)
        if "url" in answer.json() and path == "/checkout/sessions":
            page = answer.json()["url"].replace("http://sandbox.test", "")
            assert (await merchant.world.client.get(page)).status_code == 200
    await merchant.world.settle()
    assert (await merchant.world.client.get("/stripe/books")).status_code == 200


async def test_a_body_that_is_no_form_is_refused(merchant: Merchant) -> None:
    for content in (b'{"amount": 1099}', b"\xff\xfe", b"a" * 100_000, b"&".join([b"a=1"] * 3000)):
        answer = await merchant.world.client.post(
            "/stripe/v1/payment_intents", content=content, auth=(FIRST.secret_key, "")
        )
        assert answer.status_code == 400
