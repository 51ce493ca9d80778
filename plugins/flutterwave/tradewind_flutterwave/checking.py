"""Whether a store's account is set up rightly, in sentences for the dashboard's check button."""

from collections.abc import Sequence

from tradewind import CheckResult, ProviderFault
from tradewind_flutterwave import v3, v4
from tradewind_flutterwave.calls import Context
from tradewind_flutterwave.settings import FlutterwaveSettings


async def check(context: Context, tokens: v4.Tokens) -> Sequence[CheckResult]:
    """The credentials, tried out; the webhooks; and what shoppers are offered."""
    return [await _credentials(context, tokens), _webhooks(context), _methods(context.settings)]


async def _credentials(context: Context, tokens: v4.Tokens) -> CheckResult:
    settings = context.settings
    if not settings.configured:
        lacking = "`secret_key`" if settings.api == "v3" else "`client_id` and `client_secret`"
        return _result("credentials", f"{lacking} must be given for {settings.api}.", passed=False)
    try:
        if settings.api == "v3":
            mode = await v3.balances(context)
            return _result("credentials", f"The secret key is accepted ({mode} mode).", passed=True)
        await tokens.token(context)
    except ProviderFault as fault:
        return _result("credentials", fault.detail, passed=False)
    return _result("credentials", "The client id and secret are accepted.", passed=True)


def _webhooks(context: Context) -> CheckResult:
    url = f"{context.public_url.rstrip('/')}/webhooks/flutterwave/{context.store.slug}"
    if not context.settings.secret_hash:
        message = f"`secret_hash` must be given; enter it at Flutterwave with the URL {url}."
        return _result("webhooks", message, passed=False)
    return _result("webhooks", f"Flutterwave must know this hash and the URL {url}.", passed=True)


def _methods(settings: FlutterwaveSettings) -> CheckResult:
    chosen = [one for one in settings.methods if settings.api == "v3" or one != "hosted"]
    if not chosen:
        return _result("methods", "`methods` leaves nothing to offer with this API.", passed=False)
    message = f"Offered where the currency fits: {', '.join(chosen)}."
    return _result("methods", message, passed=settings.configured)


def _result(name: str, message: str, *, passed: bool) -> CheckResult:
    return CheckResult(name=name, passed=passed, message=message)
