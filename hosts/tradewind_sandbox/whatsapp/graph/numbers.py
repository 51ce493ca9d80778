"""Business phone numbers: list, register, public profile, and where their webhooks go."""

import secrets
from typing import Any

from litestar import delete, get, post
from litestar.params import FromPath

from tradewind_sandbox.whatsapp import errors
from tradewind_sandbox.whatsapp.carrier import Carrier
from tradewind_sandbox.whatsapp.dependencies import GivenCarrier
from tradewind_sandbox.whatsapp.errors import GraphError
from tradewind_sandbox.whatsapp.fields import Fields
from tradewind_sandbox.whatsapp.graph.caller import GraphRequest, caller, json_body, page, pick
from tradewind_sandbox.whatsapp.state import BusinessNumber

_FIELDS = (
    "verified_name",
    "code_verification_status",
    "display_phone_number",
    "quality_rating",
    "platform_type",
    "throughput",
)
_UNSET = (
    "certificate",
    "conversational_automation",
    "country_code",
    "country_dial_code",
    "eligibility_for_api_business_global_search",
    "health_status",
    "is_official_business_account",
    "is_on_biz_app",
    "is_pin_enabled",
    "is_preverified_number",
    "last_onboarded_time",
    "messaging_limit_tier",
    "new_certificate",
    "new_name_status",
    "quality_score",
    "search_visibility",
    "username",
)
_PROFILE_LIMITS = {"about": 139, "address": 256, "description": 512, "email": 128, "vertical": 32}
_CALLBACK_LENGTH = 200


def shown_number(request: GraphRequest, number: BusinessNumber) -> dict[str, Any]:
    """A phone number as the API shows it."""
    node = {
        "id": number.account.phone_number_id,
        "verified_name": number.account.store_name,
        "display_phone_number": number.account.display_phone_number,
        "code_verification_status": "VERIFIED",
        "quality_rating": "GREEN",
        "platform_type": "CLOUD_API",
        "throughput": {"level": "STANDARD"},
        "status": "CONNECTED" if number.registered else "DISCONNECTED",
        "name_status": "APPROVED",
        "account_mode": "LIVE",
        "whatsapp_business_manager_messaging_limit": "TIER_250",
        "webhook_configuration": {
            "phone_number": number.callback or "",
            "application": number.account.webhook_url,
        },
    }
    return pick(node, request, default=_FIELDS, unset=_UNSET)


@get("/{version:str}/{object_id:str}/phone_numbers")
async def phone_numbers(
    request: GraphRequest, carrier: GivenCarrier, object_id: FromPath[str]
) -> dict[str, Any]:
    """The phone numbers of a business account."""
    asking = caller(request, carrier.state)
    numbers = asking.numbers_of(asking.business(object_id).id)
    return page([shown_number(request, number) for number in numbers], request)


@post("/{version:str}/{object_id:str}/register", status_code=200)
async def register(
    request: GraphRequest, carrier: GivenCarrier, object_id: FromPath[str]
) -> dict[str, Any]:
    """Register a number, after which it may send."""
    number = caller(request, carrier.state).number(object_id)
    body = Fields(await json_body(request))
    body.choice("messaging_product", ("whatsapp",))
    pin = body.text("pin", 6, least=6)
    if not pin.isascii() or not pin.isdigit():
        raise body.refuse("pin", "must be six digits")
    number.registered = True
    return {"success": True}


@post("/{version:str}/{object_id:str}/deregister", status_code=200)
async def deregister(
    request: GraphRequest, carrier: GivenCarrier, object_id: FromPath[str]
) -> dict[str, Any]:
    """Take a number out of service; it refuses to send with 133010 from then on."""
    caller(request, carrier.state).number(object_id).registered = False
    return {"success": True}


@get("/{version:str}/{object_id:str}/whatsapp_business_profile")
async def read_profile(
    request: GraphRequest, carrier: GivenCarrier, object_id: FromPath[str]
) -> dict[str, Any]:
    """What shoppers see of the business."""
    number = caller(request, carrier.state).number(object_id)
    wanted = [f for f in request.query_params.get("fields", "").split(",") if f]
    profile = {k: v for k, v in number.profile.items() if not wanted or k in wanted}
    return {"data": [{**profile, "messaging_product": "whatsapp"}]}


@post("/{version:str}/{object_id:str}/whatsapp_business_profile", status_code=200)
async def write_profile(
    request: GraphRequest, carrier: GivenCarrier, object_id: FromPath[str]
) -> dict[str, Any]:
    """Change what shoppers see of the business."""
    number = caller(request, carrier.state).number(object_id)
    body = Fields(await json_body(request))
    body.choice("messaging_product", ("whatsapp",))
    body.only("messaging_product", "websites", "profile_picture_handle", *_PROFILE_LIMITS)
    for key, most in _PROFILE_LIMITS.items():
        body.optional_text(key, most)
    websites = body.value.get("websites", [])
    if not isinstance(websites, list) or len(websites) > 2:
        raise body.refuse("websites", "must be at most two addresses")
    number.profile |= {k: v for k, v in body.value.items() if k != "messaging_product"}
    return {"success": True}


@get("/{version:str}/{object_id:str}/subscribed_apps")
async def subscribed_apps(
    request: GraphRequest, carrier: GivenCarrier, object_id: FromPath[str]
) -> dict[str, Any]:
    """The apps that get this business account's webhooks: ours, or none."""
    business = caller(request, carrier.state).business(object_id)
    app = {"id": "1", "name": "Shop", "link": "https://www.facebook.com/games/?app_id=1"}
    shown: dict[str, Any] = {"whatsapp_business_api_data": app}
    if business.callback:
        shown["override_callback_uri"] = business.callback
    return {"data": [shown] if business.subscribed else []}


@post("/{version:str}/{object_id:str}/subscribed_apps", status_code=200)
async def subscribe(
    request: GraphRequest, carrier: GivenCarrier, object_id: FromPath[str]
) -> dict[str, Any]:
    """Subscribe the app, perhaps with another callback address than its own."""
    business = caller(request, carrier.state).business(object_id)
    body = Fields(await json_body(request) if await request.body() else {})
    if "override_callback_uri" in body:
        business.callback = await _proven_callback(carrier, body)
    else:
        business.callback = None
    business.subscribed = True
    return {"success": True}


@delete("/{version:str}/{object_id:str}/subscribed_apps", status_code=200)
async def unsubscribe(
    request: GraphRequest, carrier: GivenCarrier, object_id: FromPath[str]
) -> dict[str, Any]:
    """Stop this business account's webhooks."""
    business = caller(request, carrier.state).business(object_id)
    business.subscribed, business.callback = False, None
    return {"success": True}


async def change_callback(
    carrier: Carrier, number: BusinessNumber, body: dict[str, Any]
) -> dict[str, Any]:
    """Set or clear (empty address) the callback of one phone number."""
    configuration = Fields(body).object("webhook_configuration")
    address = configuration.text("override_callback_uri", _CALLBACK_LENGTH, least=0)
    number.callback = await _proven_callback(carrier, configuration) if address else None
    return {"success": True}


async def _proven_callback(carrier: Carrier, wanted: Fields) -> str:
    url = wanted.link("override_callback_uri", _CALLBACK_LENGTH)
    challenge = str(secrets.randbelow(10**10))
    params = {
        "hub.mode": "subscribe",
        "hub.challenge": challenge,
        "hub.verify_token": wanted.text("verify_token", 512),
    }
    answer = await carrier.deliveries.challenge(url, params)
    if answer != challenge:
        raise GraphError(errors.CALLBACK_REFUSED, f"Callback verification failed: {answer[:200]}")
    return url


HANDLERS = [
    phone_numbers,
    register,
    deregister,
    read_profile,
    write_profile,
    subscribed_apps,
    subscribe,
    unsubscribe,
]
