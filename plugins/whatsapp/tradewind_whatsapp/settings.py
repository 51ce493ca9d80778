"""What a store must tell the plugin about its WhatsApp Business account."""

from typing import Annotated

import msgspec

from tradewind import OperatorOnly, Secret

_GraphId = Annotated[str, msgspec.Meta(pattern="^[0-9]*$")]
_HeaderSafe = Annotated[Secret, msgspec.Meta(min_length=1, pattern="^[!-~]+$")]


class WhatsAppSettings(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """One business number. Names and places are those of Meta's app dashboard."""

    phone_number_id: Annotated[
        _GraphId,
        msgspec.Meta(
            title="Phone number ID",
            description="WhatsApp > API Setup. It is not the phone number itself.",
            min_length=1,
        ),
    ]
    access_token: Annotated[
        _HeaderSafe,
        msgspec.Meta(
            title="Access token",
            description="A system user's permanent token with whatsapp_business_messaging "
            "and whatsapp_business_management.",
        ),
    ]
    app_secret: Annotated[
        Secret,
        msgspec.Meta(
            title="App secret",
            description="App settings > Basic. Meta signs every webhook with it.",
            min_length=1,
        ),
    ]
    verify_token: Annotated[
        Secret,
        msgspec.Meta(
            title="Verify token",
            description="A word of your own choice, typed again where Meta asks for the "
            "callback URL.",
            min_length=1,
        ),
    ]
    app_secret_previous: Annotated[
        Secret,
        msgspec.Meta(
            title="Previous app secret",
            description="Still accepted while the app secret is being replaced.",
        ),
    ] = ""
    waba_id: Annotated[
        _GraphId,
        msgspec.Meta(
            title="WhatsApp Business account ID",
            description="Needed for news about templates and about the account.",
        ),
    ] = ""
    display_phone_number: Annotated[
        str,
        msgspec.Meta(title="Phone number", description="As shoppers see it: +254 700 000 000."),
    ] = ""
    catalog_id: Annotated[
        _GraphId,
        msgspec.Meta(
            title="Catalog ID",
            description="Commerce Manager. Only for products shown as WhatsApp's own cards.",
        ),
    ] = ""
    api_base: Annotated[OperatorOnly, msgspec.Meta(title="Address of the Graph API")] = (
        "https://graph.facebook.com"
    )
    api_version: Annotated[
        str, msgspec.Meta(title="Version of the Graph API", pattern=r"^v[0-9]+\.[0-9]+$")
    ] = "v25.0"
