"""What shoppers are offered: to pay in the shop's own page, or on Stripe's."""

from collections.abc import Sequence

from tradewind import Method, MethodsQuery
from tradewind_stripe import amounts
from tradewind_stripe.settings import StripeSettings

PAYMENT_INTENT = "payment_intent"
CHECKOUT = "checkout"


def offered(settings: StripeSettings, query: MethodsQuery) -> Sequence[Method]:
    """The methods of an account, in its own order; none without a secret key.

    `payment_intent` needs Stripe's script in the page that offers it; `checkout` a link alone.
    """
    kinds = dict.fromkeys(one for one in settings.methods if usable(settings, one))
    return [_method(kind, query.amount.currency) for kind in kinds]


def usable(settings: StripeSettings, kind: str) -> bool:
    """Whether the account can take payments that way."""
    if kind not in settings.methods or not settings.secret_key:
        return False
    return kind == CHECKOUT or bool(settings.publishable_key)


def _method(kind: str, currency: str) -> Method:
    in_page = kind == PAYMENT_INTENT
    return Method(
        id=kind,
        title="Card" if in_page else "Card (Stripe's page)",
        flow="client_secret" if in_page else "redirect",
        minimum=amounts.MINIMUMS.get(currency),
        maximum=amounts.most(currency),
        step=amounts.step(currency),
    )
