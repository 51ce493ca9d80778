"""What a store must tell the plugin about its Flutterwave account."""

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec

from tradewind import OperatorOnly, Secret

Kind = Literal["hosted", "mpesa", "mobile_money"]

V3_BASE = "https://api.flutterwave.com/v3"
V4_BASE = "https://f4bexperience.flutterwave.com"
TOKEN_URL = "https://idp.flutterwave.com/realms/flutterwave/protocol/openid-connect/token"  # noqa: S105

LONGEST_SESSION_MINUTES = 45

_HeaderSafe = msgspec.Meta(pattern="^[!-~]*$")


class FlutterwaveSettings(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """One account. Nothing is offered while the credentials of the chosen API are missing."""

    api: Annotated[
        Literal["v3", "v4"],
        msgspec.Meta(
            title="API",
            description="v3 with a secret key, or v4 for accounts that were switched to it.",
        ),
    ] = "v3"
    secret_key: Annotated[
        Secret,
        _HeaderSafe,
        msgspec.Meta(title="Secret key", description="Of v3: FLWSECK-… or FLWSECK_TEST-…."),
    ] = ""
    client_id: Annotated[str, msgspec.Meta(title="Client ID", description="Of v4.")] = ""
    client_secret: Annotated[Secret, msgspec.Meta(title="Client secret", description="Of v4.")] = ""
    secret_hash: Annotated[
        Secret,
        msgspec.Meta(
            title="Secret hash",
            description="A long random word, typed again in Flutterwave's webhook settings.",
        ),
    ] = ""
    previous_secret_hash: Annotated[
        Secret,
        msgspec.Meta(
            title="Previous secret hash",
            description="Still accepted while the secret hash is being replaced.",
        ),
    ] = ""
    allow_plain_signature: Annotated[
        bool,
        msgspec.Meta(
            title="Accept a plain signature",
            description="For accounts whose flutterwave-signature is the secret hash itself.",
        ),
    ] = False
    methods: Annotated[
        Sequence[Kind],
        msgspec.Meta(title="Methods", description="What shoppers are offered."),
    ] = ("hosted", "mpesa", "mobile_money")
    payment_options: Annotated[
        str,
        msgspec.Meta(
            title="Options of the hosted page",
            description="Such as: card, mpesa. Empty: those chosen in Flutterwave's dashboard.",
        ),
    ] = ""
    session_minutes: Annotated[
        int,
        msgspec.Meta(
            title="Minutes to pay",
            description="How long a hosted link may be used.",
            ge=5,
            le=LONGEST_SESSION_MINUTES,
        ),
    ] = 30
    placeholder_email_domain: Annotated[
        str,
        msgspec.Meta(
            title="Domain of stand-in addresses",
            description="Flutterwave wants an e-mail address of every payer. Those who gave none "
            "get one at this domain; empty: the shop's own.",
            pattern=r"^([A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+)?$",
        ),
    ] = ""
    api_base: Annotated[
        OperatorOnly,
        msgspec.Meta(
            title="Address of the API", description="With its version. Empty: Flutterwave's own."
        ),
    ] = ""
    token_url: Annotated[OperatorOnly, msgspec.Meta(title="Address of v4's tokens")] = TOKEN_URL

    @property
    def configured(self) -> bool:
        """Whether the credentials of the chosen API are there."""
        if self.api == "v3":
            return bool(self.secret_key)
        return bool(self.client_id and self.client_secret)

    @property
    def secret_hashes(self) -> list[str]:
        """What webhooks may be signed with, the current one first."""
        return [one for one in (self.secret_hash, self.previous_secret_hash) if one]

    def base(self, api: Literal["v3", "v4"]) -> str:
        """The address of an API; `api_base` is that of the chosen one."""
        if self.api_base and self.api == api:
            return self.api_base.rstrip("/")
        return V3_BASE if api == "v3" else V4_BASE
