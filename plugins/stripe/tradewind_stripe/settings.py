"""What a store must tell the plugin about its Stripe account."""

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec

from tradewind import OperatorOnly, Secret

Kind = Literal["payment_intent", "checkout"]
Mode = Literal["live", "test"]

SHORTEST_SESSION_MINUTES = 30
LONGEST_SESSION_MINUTES = 60

_HEADER_SAFE = "^[!-~]*$"
_HeaderSafe = msgspec.Meta(pattern=_HEADER_SAFE)


class StripeSettings(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """One account. Nothing is offered without its secret key."""

    secret_key: Annotated[
        Secret,
        _HeaderSafe,
        msgspec.Meta(title="Secret key", description="sk_… or, restricted, rk_…."),
    ] = ""
    publishable_key: Annotated[
        str,
        _HeaderSafe,
        msgspec.Meta(
            title="Publishable key",
            description="pk_…, for paying in the shop's own page; without it there is only "
            "Stripe's page.",
        ),
    ] = ""
    webhook_secrets: Annotated[
        Sequence[Secret],
        msgspec.Meta(
            title="Signing secrets of the webhook",
            description="whsec_…, the newest first; an older one stays until Stripe has let it go.",
        ),
    ] = ()
    methods: Annotated[
        Sequence[Kind],
        msgspec.Meta(title="Methods", description="What shoppers are offered, best first."),
    ] = ("payment_intent", "checkout")
    payment_method_types: Annotated[
        Sequence[str],
        msgspec.Meta(
            title="Kinds of payment",
            description="Such as: card. Empty: those chosen in Stripe's dashboard.",
        ),
    ] = ()
    statement_descriptor_suffix: Annotated[
        str,
        msgspec.Meta(
            title="Words on the card statement",
            description="Put behind the account's own name there, at most 22 characters.",
            pattern=r"""^([^<>\\'"*]*[A-Za-z][^<>\\'"*]*)?$""",
            max_length=22,
        ),
    ] = ""
    descriptions: Annotated[
        bool,
        msgspec.Meta(
            title="Describe payments",
            description="Tell Stripe what a payment is for, as its dashboard and receipts show it.",
        ),
    ] = True
    receipts: Annotated[
        bool,
        msgspec.Meta(
            title="Receipts by Stripe",
            description="Let Stripe send receipts to the payer's e-mail address as well.",
        ),
    ] = False
    session_minutes: Annotated[
        int,
        msgspec.Meta(
            title="Minutes to pay",
            description="How long Stripe's page may be used.",
            ge=SHORTEST_SESSION_MINUTES,
            le=LONGEST_SESSION_MINUTES,
        ),
    ] = 30
    api_base: Annotated[
        OperatorOnly,
        msgspec.Meta(title="Address of the API", description="Empty: Stripe's own."),
    ] = ""

    @property
    def mode(self) -> Mode | None:
        """Whose money the secret key moves; None where it does not say."""
        return mode_of(self.secret_key)


def mode_of(key: str) -> Mode | None:
    """`live` or `test`, as the prefix of a key tells."""
    parts = key.split("_", 2)
    return "live" if parts[1:2] == ["live"] else "test" if parts[1:2] == ["test"] else None
