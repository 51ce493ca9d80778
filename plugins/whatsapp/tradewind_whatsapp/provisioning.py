"""Whether a store's account is set up rightly, in sentences for the dashboard's check button."""

from collections.abc import Sequence

import msgspec
from msgspec import Raw

from tradewind import ChannelDown, ChannelError, CheckResult
from tradewind_whatsapp import graph
from tradewind_whatsapp.graph import Context
from tradewind_whatsapp.wire import MISSING, Loose, each, read, text_of

_NUMBER_FIELDS = "display_phone_number,verified_name,quality_rating"
_APP_FIELDS = "whatsapp_business_api_data"


class _Number(msgspec.Struct):
    display_phone_number: Loose = None
    verified_name: Loose = None
    quality_rating: Loose = None


class _Subscriptions(msgspec.Struct):
    data: Raw = MISSING


async def check(context: Context) -> Sequence[CheckResult]:
    """The token, the number behind the ID, and whether webhooks of its account reach an app."""
    try:
        answer = await graph.get(context, context.settings.phone_number_id, _NUMBER_FIELDS)
    except ChannelDown as error:
        return [_failed("token", error)]
    except ChannelError as error:
        return [_failed("number", error)]
    number = read(answer, _Number) or _Number()
    token = CheckResult(name="token", passed=True, message="Meta accepts the access token.")
    return [token, _number(number, context), await _webhooks(context)]


def _failed(name: str, error: ChannelError) -> CheckResult:
    return CheckResult(name=name, passed=False, message=error.detail or error.code)


def _number(number: _Number, context: Context) -> CheckResult:
    shown, wanted = text_of(number.display_phone_number), context.settings.display_phone_number
    if wanted and _digits(shown) != _digits(wanted):
        message = f"The phone number ID belongs to {shown}, not to {wanted}."
        return CheckResult(name="number", passed=False, message=message)
    quality = text_of(number.quality_rating) or "UNKNOWN"
    message = f"{text_of(number.verified_name)}, {shown}, quality {quality}."
    return CheckResult(name="number", passed=True, message=message)


def _digits(phone: str) -> str:
    return "".join(filter(str.isdecimal, phone))


async def _webhooks(context: Context) -> CheckResult:
    waba_id = context.settings.waba_id
    if not waba_id:
        message = "Without the WhatsApp Business account ID news about templates is not received."
        return CheckResult(name="webhooks", passed=False, message=message)
    try:
        answer = await graph.get(context, f"{waba_id}/subscribed_apps", _APP_FIELDS)
    except ChannelError as error:
        return _failed("webhooks", error)
    subscriptions = read(answer, _Subscriptions) or _Subscriptions()
    if each(subscriptions.data):
        return CheckResult(name="webhooks", passed=True, message="An app receives the webhooks.")
    message = f"No app is subscribed: POST /{waba_id}/subscribed_apps, then check again."
    return CheckResult(name="webhooks", passed=False, message=message)
