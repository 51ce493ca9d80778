"""What Meta's refusals, odd answers and silence mean to the engine, and what the check tells."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import httpx
import pytest

from tradewind import (
    ChannelDown,
    ChannelError,
    OptedOut,
    Outbound,
    PermanentFailure,
    Recipient,
    Retry,
    StoreContext,
    Text,
    WindowClosed,
)
from tradewind_whatsapp import WhatsApp, WhatsAppSettings, errors

Sample = Callable[[str], Any]
Contexts = Callable[..., StoreContext[WhatsAppSettings]]

HELLO = Outbound(
    id=UUID("018f0000-0000-7000-8000-000000000001"),
    recipient=Recipient(identity="16505551234"),
    body=Text(text="Hi"),
)


async def failure(context: Contexts, response: httpx.Response | Exception) -> ChannelError:
    with pytest.raises(ChannelError) as caught:
        await WhatsApp().send(HELLO, context(response))
    return caught.value


def graph_error(code: int, status: int = 400, **error: Any) -> httpx.Response:
    return httpx.Response(status, json={"error": {"code": code, "message": "m", **error}})


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        *((code, Retry) for code in sorted(errors.RETRY_AFTER)),
        *((code, ChannelDown) for code in (0, 3, 10, 190, 200, 299, 368, 131005, 131031, 131042)),
        *((code, ChannelDown) for code in (130497, 131037, 131045, 131048, 131064, 133010)),
        *((code, PermanentFailure) for code in sorted(errors.PERMANENT)),
        (131047, WindowClosed),
        (131050, OptedOut),
        (999999, PermanentFailure),
    ],
)
@pytest.mark.parametrize("status", [400, 401, 403, 404])
async def test_the_code_decides_and_not_the_http_status(
    context: Contexts, code: int, kind: type[ChannelError], status: int
) -> None:
    error = await failure(context, graph_error(code, status))
    assert type(error) is kind
    assert error.provider_code == str(code)


async def test_known_codes_mean_the_same_behind_a_server_error(context: Contexts) -> None:
    assert type(await failure(context, graph_error(131005, 500))) is ChannelDown


def test_no_code_means_two_things() -> None:
    groups = [set(errors.RETRY_AFTER), errors.DOWN, errors.PERMANENT]
    singles = {errors.WINDOW_CLOSED, errors.OPTED_OUT}
    assert sum(map(len, groups)) + 2 == len(set().union(*groups, singles))


async def test_throughput_as_meta_writes_it(sample: Sample, context: Contexts) -> None:
    error = await failure(context, httpx.Response(400, json=sample("meta-error-130429.json")))
    assert isinstance(error, Retry)
    assert not error.unknown
    assert error.detail == "Cloud API message throughput has been reached."


@pytest.mark.parametrize(("header", "after"), [("30", 30.0), ("1", 4.0), ("soon", 4.0), ("", 4.0)])
async def test_retry_after_is_honored(context: Contexts, header: str, after: float) -> None:
    response = graph_error(131056)
    response.headers["Retry-After"] = header
    error = await failure(context, response)
    assert isinstance(error, Retry)
    assert error.after == after


@pytest.mark.parametrize(
    "response",
    [graph_error(999999, 500), graph_error(999999, 429), graph_error(999999, is_transient=True)],
)
async def test_an_unknown_code_that_may_pass_is_tried_again(
    context: Contexts, response: httpx.Response
) -> None:
    error = await failure(context, response)
    assert isinstance(error, Retry)
    assert not error.unknown


async def test_error_data_may_be_plain_text(context: Contexts) -> None:
    assert (await failure(context, graph_error(100, error_data="bad name"))).detail == "bad name"


async def test_a_gateway_s_answer_leaves_it_open_whether_the_message_went_out(
    context: Contexts,
) -> None:
    error = await failure(context, httpx.Response(502, text="<html>"))
    assert isinstance(error, Retry)
    assert error.unknown


@pytest.mark.parametrize(
    ("response", "kind"),
    [
        (httpx.Response(429), Retry),
        (httpx.Response(401), ChannelDown),
        (httpx.Response(404, text="?"), PermanentFailure),
        (httpx.Response(302), PermanentFailure),
    ],
)
async def test_answers_without_meta_s_error(
    context: Contexts, response: httpx.Response, kind: type[ChannelError]
) -> None:
    assert type(await failure(context, response)) is kind


@pytest.mark.parametrize("text", ["", "{}", '{"messages": []}', '{"messages": [{"id": ""}]}', "["])
async def test_an_answer_without_an_id_leaves_it_open(context: Contexts, text: str) -> None:
    error = await failure(context, httpx.Response(200, text=text))
    assert isinstance(error, Retry)
    assert error.unknown


@pytest.mark.parametrize("kind", [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout])
async def test_before_the_request_was_on_its_way_nothing_went_out(
    context: Contexts, kind: type[httpx.RequestError]
) -> None:
    error = await failure(context, kind("x"))
    assert isinstance(error, Retry)
    assert not error.unknown


@pytest.mark.parametrize(
    "kind", [httpx.ReadTimeout, httpx.WriteError, httpx.ReadError, httpx.RemoteProtocolError]
)
async def test_once_the_request_was_on_its_way_the_message_may_have_gone_out(
    context: Contexts, kind: type[httpx.RequestError]
) -> None:
    error = await failure(context, kind("x"))
    assert isinstance(error, Retry)
    assert error.unknown


async def test_a_request_that_cannot_be_made_calls_for_a_human(context: Contexts) -> None:
    assert isinstance(await failure(context, httpx.UnsupportedProtocol("x")), ChannelDown)


async def test_the_token_is_not_in_the_error(context: Contexts) -> None:
    error = await failure(context, graph_error(190, message="Malformed access token EAAG-token"))
    assert error.detail == "Malformed access token …"


NUMBER = {"display_phone_number": "+1 555-078-3881", "verified_name": "Shrub"}


def graph(apps: list[Any], number: dict[str, Any] = NUMBER) -> Callable[..., httpx.Response]:
    def answer(request: httpx.Request) -> httpx.Response:
        found = {"data": apps} if request.url.path.endswith("/subscribed_apps") else number
        return httpx.Response(200, json=found)

    return answer


async def test_a_well_provisioned_account(context: Contexts) -> None:
    results = await WhatsApp().check(context(graph([{"whatsapp_business_api_data": {}}])))
    assert [(result.name, result.passed) for result in results] == [
        ("token", True),
        ("number", True),
        ("webhooks", True),
    ]


async def test_a_missing_subscription_is_told(context: Contexts) -> None:
    results = await WhatsApp().check(context(graph([])))
    assert [result.name for result in results if not result.passed] == ["webhooks"]


async def test_the_id_of_another_number_is_told(
    context: Contexts, settings: Callable[..., WhatsAppSettings]
) -> None:
    chosen = settings(display_phone_number="+254 700 000 000", waba_id="")
    results = await WhatsApp().check(context(graph([]), chosen))
    assert [result.name for result in results if not result.passed] == ["number", "webhooks"]


@pytest.mark.parametrize(("code", "name"), [(190, "token"), (100, "number")])
async def test_a_refused_check_is_told(context: Contexts, code: int, name: str) -> None:
    (result,) = await WhatsApp().check(context(graph_error(code)))
    assert (result.name, result.passed) == (name, False)
