"""Whether the account is there."""

from collections.abc import Sequence

from tradewind import CheckResult, ProviderFault
from tradewind_flutterwave.calls import Context, read
from tradewind_flutterwave.v3.api import call, words


async def check(context: Context) -> Sequence[CheckResult]:
    """Whether the key opens the account."""
    try:
        answer = await read(context, call(context, "GET", "balances"))
    except ProviderFault as fault:
        return [CheckResult(name="credentials", passed=False, message=fault.detail)]
    if answer.refused:
        return [CheckResult(name="credentials", passed=False, message=words(answer))]
    mode = "test" if "_TEST" in context.settings.secret_key else "live"
    message = f"Flutterwave accepts the secret key ({mode} mode)."
    return [CheckResult(name="credentials", passed=True, message=message)]
