"""Message templates of a business account: list, create, edit, delete."""

from typing import Any

from litestar import delete, get, post
from litestar.params import FromPath

from tradewind_sandbox.whatsapp import errors
from tradewind_sandbox.whatsapp.carrier import Carrier
from tradewind_sandbox.whatsapp.dependencies import GivenCarrier
from tradewind_sandbox.whatsapp.errors import GraphError, unknown_object
from tradewind_sandbox.whatsapp.graph.caller import GraphRequest, caller, json_body, page, pick
from tradewind_sandbox.whatsapp.state import BusinessAccount
from tradewind_sandbox.whatsapp.templates import NAME_TAKEN, Template, check_new_template

MOST_TEMPLATES = 250

_EDITABLE = ("APPROVED", "REJECTED", "PAUSED")
_FIELDS = ("name", "parameter_format", "components", "language", "status", "category")

_UNSET = (
    "correct_category",
    "cta_url_link_tracking_opted_out",
    "degrees_of_freedom_spec",
    "library_template_name",
    "message_send_ttl_seconds",
    "previous_category",
    "rejected_reason",
    "sub_category",
)


@get("/{version:str}/{object_id:str}/message_templates")
async def list_templates(
    request: GraphRequest, carrier: GivenCarrier, object_id: FromPath[str]
) -> dict[str, Any]:
    """The templates of a business account, filtered by name, language, status and category."""
    business = caller(request, carrier.state).business(object_id)
    filters = {
        key: request.query_params[key]
        for key in ("name", "language", "status", "category")
        if key in request.query_params
    }
    nodes = [template.shown() for template in business.templates.values()]
    found = [n for n in nodes if all(n[key] == value for key, value in filters.items())]
    listed = page([shown_template(node, request) for node in found], request)
    if "summary" in request.query_params:
        listed["summary"] = {
            "total_count": len(found),
            "message_template_count": len(business.templates),
            "message_template_limit": MOST_TEMPLATES,
            "are_translations_complete": True,
        }
    return listed


def shown_template(node: dict[str, Any], request: GraphRequest) -> dict[str, Any]:
    """A template with the fields asked for."""
    return pick(node, request, default=_FIELDS, unset=_UNSET)


@post("/{version:str}/{object_id:str}/message_templates", status_code=200)
async def create_template(
    request: GraphRequest, carrier: GivenCarrier, object_id: FromPath[str]
) -> dict[str, Any]:
    """Hand in a template for review."""
    business = caller(request, carrier.state).business(object_id)
    body = await json_body(request)
    if refusal := check_new_template(body):
        raise refusal
    _check_room(business, body)
    if not business.creations.take(carrier.state.now().timestamp()):
        raise GraphError(errors.TOO_MANY_TEMPLATES_CREATED, "At most 100 templates an hour.")
    template = Template(
        id=carrier.state.new_id(),
        name=body["name"],
        language=body["language"],
        category=body["category"].upper(),
        parameter_format=str(body.get("parameter_format", "POSITIONAL")).upper(),
        components=body["components"],
        created_at=int(carrier.state.now().timestamp()),
    )
    business.templates[template.id] = template
    carrier.reviewed(business.id, template)
    return {"id": template.id, "status": "PENDING", "category": template.category}


def _check_room(business: BusinessAccount, body: dict[str, Any]) -> None:
    if len(business.templates) >= MOST_TEMPLATES:
        raise GraphError(errors.INVALID_PARAMETER, f"At most {MOST_TEMPLATES} templates.")
    taken = ((t.name, t.language) for t in business.templates.values())
    if (body["name"], body["language"]) in taken:
        raise GraphError(
            errors.INVALID_PARAMETER,
            "There is already content in this language for this template.",
            subcode=NAME_TAKEN,
        )


@delete("/{version:str}/{object_id:str}/message_templates", status_code=200)
async def delete_template(
    request: GraphRequest, carrier: GivenCarrier, object_id: FromPath[str]
) -> dict[str, Any]:
    """Delete a template in all languages by `name`, or one of them by `hsm_id`."""
    business = caller(request, carrier.state).business(object_id)
    name = request.query_params.get("name")
    hsm_id = request.query_params.get("hsm_id")
    gone = [
        template.id
        for template in business.templates.values()
        if (template.id == hsm_id if hsm_id else template.name == name)
    ]
    if not gone:
        raise unknown_object(hsm_id or name or "")
    for template_id in gone:
        del business.templates[template_id]
    return {"success": True}


def edit_template(
    carrier: Carrier, business: BusinessAccount, template: Template, body: dict[str, Any]
) -> dict[str, Any]:
    """Replace a template's components, which sends it to review again."""
    edited = template.shown() | body
    if refusal := check_new_template(edited):
        raise refusal
    category = edited["category"].upper()
    if template.status not in _EDITABLE:
        raise GraphError(errors.INVALID_PARAMETER, "A template under review cannot be edited.")
    if template.status == "APPROVED" and category != template.category:
        raise GraphError(
            errors.INVALID_PARAMETER, "The category of an approved template cannot be changed."
        )
    template.components, template.category = edited["components"], category
    template.status = "PENDING"
    carrier.reviewed(business.id, template)
    return {"success": True}


HANDLERS = [list_templates, create_template, delete_template]
