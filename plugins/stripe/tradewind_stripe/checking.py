"""Whether a store's account is set up rightly, in sentences for the dashboard's check button."""

from collections.abc import Sequence
from typing import Any

from tradewind import CheckResult, MethodsQuery, Money, ProviderFault
from tradewind_stripe import methods
from tradewind_stripe.client import Clients, Context, listed
from tradewind_stripe.door import EVENTS
from tradewind_stripe.settings import mode_of
from tradewind_stripe.wire import Endpoint, Intent


async def check(context: Context, clients: Clients) -> Sequence[CheckResult]:
    """The keys, tried out; the webhook; and what shoppers are offered."""
    return [
        await _credentials(context, clients),
        await _webhooks(context, clients),
        _methods(context),
    ]


async def _credentials(context: Context, clients: Clients) -> CheckResult:
    settings = context.settings
    if not settings.secret_key:
        return _result("credentials", "`secret_key` must be given.", passed=False)
    if settings.publishable_key and mode_of(settings.publishable_key) != settings.mode:
        message = "The secret key and the publishable key are of different modes, live and test."
        return _result("credentials", message, passed=False)
    one: Any = {"limit": 1}
    try:
        call = clients.of(context).v1.payment_intents.list_async(one)
        async for _ in listed(call, Intent, 1):
            pass
    except ProviderFault as fault:
        return _result("credentials", fault.detail, passed=False)
    mode = f" ({settings.mode} mode)" if settings.mode else ""
    return _result("credentials", f"The secret key is accepted{mode}.", passed=True)


async def _webhooks(context: Context, clients: Clients) -> CheckResult:
    site, door = context.public_url.rstrip("/"), f"webhooks/stripe/{context.store.slug}"
    url = f"{site}/{door}"
    if not any(context.settings.webhook_secrets):
        message = f"`webhook_secrets` must hold the signing secret of a webhook to {url}."
        return _result("webhooks", message, passed=False)
    try:
        known = await _endpoints(context, clients)
    except ProviderFault:
        return _result("webhooks", f"Stripe must have a webhook to {url}.", passed=True)
    here = [one for one in known if one.url in {url, f"{site}/api/{door}"} and one.enabled]
    if not here:
        return _result("webhooks", f"Stripe has no webhook to {url}.", passed=False)
    missing = sorted(EVENTS - {name for one in here for name in one.enabled_events})
    if missing and not any("*" in one.enabled_events for one in here):
        message = f"The webhook to {url} must also tell of {', '.join(missing)}."
        return _result("webhooks", message, passed=False)
    return _result("webhooks", f"Stripe has a webhook to {url}.", passed=True)


async def _endpoints(context: Context, clients: Clients) -> list[Endpoint]:
    """Where Stripe sends events. Raises ProviderFault, also for a key that may not read it."""
    most: Any = {"limit": 100}
    call = clients.of(context).v1.webhook_endpoints.list_async(most)
    return [one async for one in listed(call, Endpoint, 1) if one is not None]


def _methods(context: Context) -> CheckResult:
    settings = context.settings
    query = MethodsQuery(amount=Money(0, context.store.currency), country=None, channel="dashboard")
    offered = [one.id for one in methods.offered(settings, query)]
    if not offered:
        return _result("methods", "Nothing can be offered with these settings.", passed=False)
    missing = [one for one in settings.methods if one not in offered]
    note = " The other one needs `publishable_key`." if missing else ""
    return _result("methods", f"Offered: {', '.join(offered)}.{note}", passed=not missing)


def _result(name: str, message: str, *, passed: bool) -> CheckResult:
    return CheckResult(name=name, passed=passed, message=message)
