"""What the sandbox stands in for: its business accounts, its shoppers, and how strict it is."""

from typing import Any

import msgspec


class WhatsAppAccount(msgspec.Struct, frozen=True, kw_only=True):
    """One business number registered with the WhatsApp Cloud API, and the Meta app behind it."""

    phone_number_id: str
    display_phone_number: str
    waba_id: str
    app_secret: str
    verify_token: str
    access_token: str
    webhook_url: str
    store_name: str


class FlutterwaveAccount(msgspec.Struct, frozen=True, kw_only=True):
    """One store's Flutterwave account: v3's key, v4's client, and where its webhooks go.

    `plain_signature` puts the secret hash itself where others get a signature of the body.
    """

    secret_key: str
    secret_hash: str
    client_id: str
    client_secret: str
    webhook_url: str
    store_name: str
    plain_signature: bool = False


STRIPE_EVENTS = (
    "charge.dispute.closed",
    "charge.dispute.created",
    "charge.dispute.funds_reinstated",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.updated",
    "charge.expired",
    "charge.refund.updated",
    "charge.refunded",
    "checkout.session.async_payment_failed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.completed",
    "checkout.session.expired",
    "payment_intent.amount_capturable_updated",
    "payment_intent.canceled",
    "payment_intent.payment_failed",
    "payment_intent.processing",
    "payment_intent.requires_action",
    "payment_intent.succeeded",
    "refund.created",
    "refund.failed",
    "refund.updated",
)
"""What a shop subscribes to."""


class StripeAccount(msgspec.Struct, frozen=True, kw_only=True):
    """One store's Stripe account: its keys, and the endpoint that it has set up.

    `events` are the types that the endpoint gets; `*` stands for all.
    """

    secret_key: str
    publishable_key: str
    webhook_secret: str
    webhook_url: str
    store_name: str
    country: str = "US"
    currency: str = "usd"
    events: tuple[str, ...] = STRIPE_EVENTS


class MailAccount(msgspec.Struct, frozen=True, kw_only=True):
    """Who may hand in letters over SMTP."""

    username: str
    password: str


class ApprovedTemplate(msgspec.Struct, frozen=True, kw_only=True):
    """A message template that every business account has had approved from the start.

    `components` are in the shape of Meta's template API.
    """

    name: str
    language: str = "en_US"
    category: str = "UTILITY"
    parameter_format: str = "POSITIONAL"
    components: list[dict[str, Any]]


class PhoneOwner(msgspec.Struct, frozen=True, kw_only=True):
    """A person with WhatsApp whom the phone page offers.

    Without `phone` the person is known to businesses by `user_id` and `username` alone.
    """

    name: str
    phone: str | None = None
    user_id: str | None = None
    username: str | None = None


PREPARED_SHOPPERS = (
    PhoneOwner(name="Amina", phone="254700000101"),
    PhoneOwner(name="Brian", phone="254700000102"),
    PhoneOwner(name="Grace", phone="16505550103"),
    PhoneOwner(name="Zoë", user_id="KE.20260000000000000104", username="@zoe.shops"),
)


class SandboxConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the sandbox is told at start.

    `host` and `port` are where whoever serves the app listens.
    `pair_burst` messages may go to one shopper at once, then one per `pair_refill_seconds`;
    `messages_per_second` counts both directions per business number. `retry_delays` are the
    seconds between repetitions of a webhook that was not answered with 200.
    `delivery_errors_synchronous` makes delivery errors (window closed, unreachable) refuse the
    call instead of arriving as a `failed` status. Numbers in `unreachable` have no WhatsApp.
    Without `mail` anybody may hand in letters.
    """

    accounts: list[WhatsAppAccount]
    flutterwave: list[FlutterwaveAccount] = []
    stripe: list[StripeAccount] = []
    mail: MailAccount | None = None
    host: str = "127.0.0.1"
    port: int = 8024
    templates: list[ApprovedTemplate] = []
    shoppers: tuple[PhoneOwner, ...] = PREPARED_SHOPPERS
    unreachable: list[str] = []
    pair_burst: int = 45
    pair_refill_seconds: float = 6.0
    messages_per_second: int = 80
    template_creations_per_hour: int = 100
    management_calls_per_hour: int = 5000
    free_service_messages_per_month: int = 1000
    auto_statuses: bool = True
    auto_review: bool = True
    delivery_errors_synchronous: bool = False
    webhook_timeout_seconds: float = 30.0
    retry_delays: tuple[float, ...] = (0.5, 1, 2, 4, 8, 15, 30, 60, 120, 300)
