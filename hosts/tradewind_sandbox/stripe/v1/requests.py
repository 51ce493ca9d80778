"""The parameters of every call. Those in `ignored` are taken and change nothing in the sandbox."""

from typing import Annotated, Any, ClassVar, Literal

import msgspec

from tradewind_sandbox.stripe.amounts import Integer
from tradewind_sandbox.stripe.wire import Params

Metadata = dict[str, str] | Literal[""]
Moment = Annotated[int, msgspec.Meta(ge=0, le=9_999_999_999)]
CaptureMethod = Literal["automatic", "automatic_async", "manual"]
FutureUsage = Literal["off_session", "on_session"]


class Nothing(Params):
    """A call without parameters of its own."""


class Period(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Bounds of a time, in seconds since 1970."""

    gt: Moment | None = None
    gte: Moment | None = None
    lt: Moment | None = None
    lte: Moment | None = None


class Page(Params):
    """Which part of a list."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 10
    starting_after: str = ""
    ending_before: str = ""
    created: Moment | Period | None = None


class CardIn(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A card that somebody typed, or a token that stands for one."""

    number: str = ""
    token: str = ""
    exp_month: Annotated[int, msgspec.Meta(ge=1, le=12)] | None = None
    exp_year: Annotated[int, msgspec.Meta(ge=0, le=9999)] | None = None
    cvc: str = ""
    networks: Any = None


class MethodData(msgspec.Struct, kw_only=True):
    """A payment method to be made on the way; only cards are here."""

    type: str
    card: CardIn | None = None
    billing_details: dict[str, Any] | None = None
    metadata: Metadata = ""
    allow_redisplay: str = ""


class Automatic(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Whether the account's own list of ways to pay holds."""

    enabled: bool
    allow_redirects: Literal["always", "never"] = "always"


class Details(Params, kw_only=True):
    """What an intent says of itself and nothing looks at."""

    description: str | None = None
    payment_method_options: Any = None
    receipt_email: str | None = None
    shipping: Any = None
    statement_descriptor: str | None = None
    statement_descriptor_suffix: str | None = None
    transfer_group: str | None = None


class IntentIn(Details, kw_only=True):
    """`POST /payment_intents`."""

    amount: Integer
    currency: str
    automatic_payment_methods: Automatic | None = None
    capture_method: CaptureMethod = "automatic_async"
    confirm: bool = False
    confirmation_method: Literal["automatic", "manual"] = "automatic"
    customer: str = ""
    error_on_requires_action: bool = False
    metadata: Metadata = ""
    off_session: bool | Literal["one_off", "recurring"] = False
    payment_method: str = ""
    payment_method_data: MethodData | None = None
    return_url: str | None = None
    setup_future_usage: FutureUsage | None = None

    ignored: ClassVar[frozenset[str]] = frozenset(
        """allowed_payment_method_types amount_details application_fee_amount confirmation_token
        customer_account excluded_payment_method_types hooks mandate mandate_data on_behalf_of
        payment_details payment_method_configuration radar_options transfer_data
        use_stripe_sdk""".split()
    )


class IntentChange(Details):
    """`POST /payment_intents/{id}`."""

    amount: Integer | None = None
    currency: str | None = None
    capture_method: CaptureMethod | None = None
    customer: str = ""
    metadata: Metadata | None = None
    payment_method: str = ""
    payment_method_data: MethodData | None = None
    setup_future_usage: FutureUsage | Literal[""] | None = None

    ignored: ClassVar[frozenset[str]] = frozenset(
        """allowed_payment_method_types amount_details application_fee_amount customer_account
        excluded_payment_method_types hooks payment_details payment_method_configuration
        transfer_data""".split()
    )


class IntentRead(Params):
    """`GET /payment_intents/{id}`: a browser names the client secret."""

    client_secret: str = ""

    ignored: ClassVar[frozenset[str]] = frozenset({"key"})


class Confirmation(Params):
    """`POST /payment_intents/{id}/confirm`: a browser names the client secret."""

    client_secret: str = ""
    capture_method: CaptureMethod | None = None
    error_on_requires_action: bool = False
    off_session: bool | Literal["one_off", "recurring"] = False
    payment_method: str = ""
    payment_method_data: MethodData | None = None
    receipt_email: str | None = None
    return_url: str | None = None
    setup_future_usage: FutureUsage | Literal[""] | None = None
    shipping: Any = None

    ignored: ClassVar[frozenset[str]] = frozenset(
        """allowed_payment_method_types amount_details amount_to_confirm confirmation_token
        excluded_payment_method_types hooks key mandate mandate_data payment_details
        payment_method_options radar_options use_stripe_sdk""".split()
    )


class Capture(Params):
    """`POST /payment_intents/{id}/capture`."""

    amount_to_capture: Integer | None = None
    final_capture: bool = True
    metadata: Metadata | None = None

    ignored: ClassVar[frozenset[str]] = frozenset(
        """amount_details application_fee_amount hooks payment_details statement_descriptor
        statement_descriptor_suffix transfer_data""".split()
    )


class Cancellation(Params):
    """`POST /payment_intents/{id}/cancel`."""

    cancellation_reason: (
        Literal["duplicate", "fraudulent", "requested_by_customer", "abandoned"] | None
    ) = None


class IntentPage(Page):
    """`GET /payment_intents`."""

    customer: str = ""

    ignored: ClassVar[frozenset[str]] = frozenset({"customer_account"})


class Search(Params):
    """`GET /payment_intents/search`."""

    query: str
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 10
    page: str = ""


class ProductData(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What a line is."""

    name: Annotated[str, msgspec.Meta(min_length=1)]
    description: str = ""
    images: Any = None
    metadata: Metadata = ""
    tax_code: str = ""
    tax_details: Any = None
    unit_label: str = ""


class PriceData(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What a line costs, in minor units."""

    currency: str
    unit_amount: Annotated[int, msgspec.Meta(ge=0, le=99_999_999)]
    product_data: ProductData | None = None
    product: str = ""
    recurring: Any = None
    tax_behavior: str = ""
    unit_amount_decimal: str = ""


class LineIn(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A line of a session. Prices by name are not here."""

    price_data: PriceData | None = None
    price: str = ""
    quantity: Annotated[int, msgspec.Meta(ge=1, le=999_999)] = 1
    adjustable_quantity: Any = None
    metadata: Metadata = ""
    tax_rates: Any = None


class IntentData(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What the intent of a session is to be like."""

    capture_method: CaptureMethod = "automatic_async"
    description: str | None = None
    metadata: Metadata = ""
    receipt_email: str | None = None
    setup_future_usage: FutureUsage | None = None
    shipping: Any = None
    statement_descriptor: str | None = None
    statement_descriptor_suffix: str | None = None
    transfer_group: str | None = None
    application_fee_amount: Any = None
    on_behalf_of: Any = None
    transfer_data: Any = None


class SessionIn(Params):
    """`POST /checkout/sessions`: only sessions that take a payment on the hosted page are here."""

    mode: Literal["payment"]
    line_items: list[LineIn]
    success_url: str
    ui_mode: Literal["hosted_page", "hosted"] = "hosted_page"
    allow_promotion_codes: Any = None
    billing_address_collection: Any = None
    cancel_url: str | None = None
    client_reference_id: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    currency: str | None = None
    customer: str = ""
    customer_creation: Literal["always", "if_required"] = "if_required"
    customer_email: str | None = None
    expires_at: Moment | None = None
    locale: str | None = None
    metadata: Metadata = ""
    payment_intent_data: IntentData = msgspec.field(default_factory=IntentData)
    submit_type: str | None = None

    ignored: ClassVar[frozenset[str]] = frozenset(
        """adaptive_pricing after_expiration allowed_payment_method_types automatic_tax
        branding_settings consent_collection custom_fields custom_text customer_account
        customer_update discounts excluded_payment_method_types integration_identifier
        invoice_creation managed_payments name_collection optional_items origin_context
        payment_method_collection payment_method_configuration payment_method_data
        payment_method_options permissions phone_number_collection redirect_on_completion
        return_url saved_payment_method_options setup_intent_data shipping_address_collection
        shipping_options subscription_data tax_id_collection wallet_options""".split()
    )


class SessionPage(Page):
    """`GET /checkout/sessions`."""

    customer: str = ""
    payment_intent: str = ""
    status: Literal["open", "complete", "expired"] | None = None

    ignored: ClassVar[frozenset[str]] = frozenset(
        {"customer_account", "customer_details", "payment_link", "subscription"}
    )


class RefundIn(Params):
    """`POST /refunds`: of an intent or of a charge."""

    amount: Integer | None = None
    charge: str = ""
    payment_intent: str = ""
    metadata: Metadata = ""
    reason: Literal["duplicate", "fraudulent", "requested_by_customer"] | None = None

    ignored: ClassVar[frozenset[str]] = frozenset(
        """currency customer instructions_email origin refund_application_fee
        reverse_transfer""".split()
    )


class RefundPage(Page):
    """`GET /refunds` and `GET /disputes`."""

    charge: str = ""
    payment_intent: str = ""


class ChargePage(Page):
    """`GET /charges`."""

    customer: str = ""
    payment_intent: str = ""

    ignored: ClassVar[frozenset[str]] = frozenset({"transfer_group"})


class NewMetadata(Params):
    """A change of metadata alone."""

    metadata: Metadata | None = None


class CustomerIn(Params):
    """`POST /customers` and `POST /customers/{id}`."""

    address: Any = None
    description: str | None = None
    email: str | None = None
    metadata: Metadata | None = None
    name: str | None = None
    payment_method: str = ""
    phone: str | None = None
    preferred_locales: list[str] | None = None
    shipping: Any = None
    tax_exempt: Literal["", "exempt", "none", "reverse"] | None = None

    ignored: ClassVar[frozenset[str]] = frozenset(
        """balance business_name cash_balance default_source individual_name invoice_prefix
        invoice_settings next_invoice_sequence source tax tax_id_data test_clock
        validate""".split()
    )


class CustomerPage(Page):
    """`GET /customers`."""

    email: str = ""

    ignored: ClassVar[frozenset[str]] = frozenset({"test_clock"})


class MethodIn(Params):
    """`POST /payment_methods`: only cards are here."""

    type: Literal["card"]
    card: CardIn
    billing_details: dict[str, Any] | None = None
    metadata: Metadata = ""

    ignored: ClassVar[frozenset[str]] = frozenset({"allow_redisplay", "key", "radar_options"})


class MethodPage(Page):
    """`GET /payment_methods` and `GET /customers/{id}/payment_methods`."""

    customer: str = ""
    type: str = ""

    ignored: ClassVar[frozenset[str]] = frozenset({"allow_redisplay", "customer_account"})


class Attachment(Params):
    """`POST /payment_methods/{id}/attach`."""

    customer: str

    ignored: ClassVar[frozenset[str]] = frozenset({"customer_account"})


class MovementPage(Page):
    """`GET /balance_transactions`."""

    currency: str = ""
    source: str = ""
    type: str = ""

    ignored: ClassVar[frozenset[str]] = frozenset({"payout"})


class EventPage(Page):
    """`GET /events`."""

    type: str = ""
    types: list[str] | None = None

    ignored: ClassVar[frozenset[str]] = frozenset({"delivery_success"})


class EndpointIn(Params):
    """`POST /webhook_endpoints`."""

    url: str
    enabled_events: list[str]
    api_version: str | None = None
    description: str | None = None
    metadata: Metadata = ""

    ignored: ClassVar[frozenset[str]] = frozenset({"connect"})


class EndpointChange(Params):
    """`POST /webhook_endpoints/{id}`."""

    url: str | None = None
    enabled_events: list[str] | None = None
    description: str | None = None
    disabled: bool | None = None
    metadata: Metadata | None = None
