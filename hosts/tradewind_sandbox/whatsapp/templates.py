"""Message templates: what may be created, what a send must bring along, and the text it becomes.

The numbers are those of Meta's template reference; variable rules carry Meta's subcodes.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tradewind_sandbox.whatsapp.errors import (
    INVALID_PARAMETER,
    PARAMETER_MISSING,
    TEMPLATE_PARAMETER_COUNT,
    TEMPLATE_PARAMETER_FORMAT,
    TEMPLATE_TEXT_TOO_LONG,
    GraphError,
)
from tradewind_sandbox.whatsapp.fields import Fields, length
from tradewind_sandbox.whatsapp.interactive import check_media, check_product_sections

BODY_LENGTH = 1024
CATEGORIES = ("AUTHENTICATION", "MARKETING", "UTILITY")
VARIABLE_AT_EDGE = 2388299
NAME_TAKEN = 2388024

_VARIABLE = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_NAME = re.compile(r"[a-z0-9_]{1,512}")
_BUTTON_LIMITS = {"URL": 2, "PHONE_NUMBER": 1, "COPY_CODE": 1, "QUICK_REPLY": 10}
_MEDIA_FORMATS = ("IMAGE", "VIDEO", "DOCUMENT")


@dataclass(eq=False, slots=True)
class Template:
    """A template of a business account, in the shape of Meta's template API.

    `created_at` is in Unix seconds.
    """

    id: str
    name: str
    language: str
    category: str
    parameter_format: str
    components: list[dict[str, Any]]
    created_at: int
    status: str = "PENDING"

    def component(self, kind: str) -> dict[str, Any]:
        """The component of a kind (HEADER, BODY, FOOTER, BUTTONS); empty where there is none."""
        return next((c for c in self.components if str(c["type"]).upper() == kind), {})

    def shown(self) -> dict[str, Any]:
        """The template as the API lists it."""
        return {
            "id": self.id,
            "name": self.name,
            "language": self.language,
            "status": self.status,
            "category": self.category,
            "parameter_format": self.parameter_format,
            "components": self.components,
            "quality_score": {"score": "UNKNOWN", "date": self.created_at},
        }


@dataclass(slots=True)
class FilledTemplate:
    """A template with its parameters in place, as the phone shows it."""

    category: str
    header: str = ""
    media_kind: str = ""
    media: dict[str, Any] = field(default_factory=dict)
    body: str = ""
    footer: str = ""
    buttons: list[dict[str, Any]] = field(default_factory=list)


def variables(text: str) -> list[str]:
    """The distinct variables of a template's text, in order."""
    return list(dict.fromkeys(_VARIABLE.findall(text)))


def check_new_template(value: object) -> GraphError | None:
    """What Meta would refuse about creating or editing a template, or None."""
    try:
        request = Fields(value)
        if not _NAME.fullmatch(request.text("name", 512)):
            raise request.refuse("name", "may hold lowercase letters, digits and underscores only")
        request.text("language", 16)
        _upper_choice(request, "category", CATEGORIES)
        if "parameter_format" in request:
            _upper_choice(request, "parameter_format", ("NAMED", "POSITIONAL"))
        _check_components(request.objects("components", 10))
    except GraphError as refusal:
        return refusal
    return None


def _upper_choice(fields: Fields, key: str, allowed: tuple[str, ...]) -> str:
    value = fields.text(key, 64).upper()
    if value not in allowed:
        raise fields.refuse(key, f"must be one of {{{', '.join(allowed)}}} - got {value!r}")
    return value


def _check_components(components: list[Fields]) -> None:
    kinds = []
    for component in components:
        kind = _upper_choice(component, "type", ("HEADER", "BODY", "FOOTER", "BUTTONS"))
        kinds.append(kind)
        if kind == "HEADER":
            _check_header(component)
        elif kind == "BODY":
            _check_variable_text(component, BODY_LENGTH)
        elif kind == "FOOTER":
            if variables(component.text("text", 60)):
                raise component.refuse("text", "must have no variables")
        else:
            _check_buttons(component)
    if kinds.count("BODY") != 1 or len(kinds) != len(set(kinds)):
        raise GraphError(INVALID_PARAMETER, "One BODY and at most one of each other component.")


def _check_header(header: Fields) -> None:
    formats = ("TEXT", "LOCATION", *_MEDIA_FORMATS)
    if _upper_choice(header, "format", formats) == "TEXT":
        if len(variables(header.text("text", 60))) > 1:
            raise header.refuse("text", "must have at most one variable")
        _need_example(header)


def _check_variable_text(component: Fields, most: int) -> None:
    text = component.text("text", most).strip()
    at_edge = re.match(_VARIABLE, text) or re.search(_VARIABLE.pattern + r"$", text)
    if at_edge or re.search(_VARIABLE.pattern + r"\s*" + _VARIABLE.pattern, text):
        raise GraphError(
            INVALID_PARAMETER,
            "Variables can't be at the start or end of the template, nor next to each other.",
            subcode=VARIABLE_AT_EDGE,
        )
    _need_example(component)


def _need_example(component: Fields) -> None:
    if variables(component.value["text"]) and "example" not in component:
        raise component.missing("example")


def _check_buttons(component: Fields) -> None:
    buttons = component.objects("buttons", 10)
    kinds = [button.text("type", 32).upper() for button in buttons]
    for kind, most in _BUTTON_LIMITS.items():
        if kinds.count(kind) > most:
            raise component.refuse("buttons", f"must have at most {most} of type {kind}")
    for button, kind in zip(buttons, kinds, strict=True):
        if kind == "COPY_CODE":
            button.optional_text("example", 20)
        else:
            button.text("text", 25)
        if kind == "URL":
            button.link("url")
    replies = [n for n, kind in enumerate(kinds) if kind == "QUICK_REPLY"]
    if replies and replies[-1] - replies[0] >= len(replies):
        raise component.refuse("buttons", "must have its quick replies grouped together")


def fill(template: Template, request: Mapping[str, Any]) -> FilledTemplate:
    """Put the parameters of a send into a template.

    `request` is the `template` object of the message. Raises GraphError 132000 for a wrong number
    of parameters, 132012 for a wrong kind, 132005 for a body that grew too long, 131008 for a
    button that lacks its parameter.
    """
    sent = [_sent_component(c) for c in _components(request)]
    filled = FilledTemplate(template.category.lower())
    filled.footer = template.component("FOOTER").get("text", "")
    _fill_header(template, _parameters(sent, "header"), filled)
    text = template.component("BODY").get("text", "")
    filled.body = _fill_text(template, text, _parameters(sent, "body"))
    if length(filled.body) > BODY_LENGTH:
        raise GraphError(TEMPLATE_TEXT_TOO_LONG, f"body is {length(filled.body)} characters long")
    filled.buttons = [
        _fill_button(button, index, sent)
        for index, button in enumerate(template.component("BUTTONS").get("buttons", []))
    ]
    return filled


def _components(request: Mapping[str, Any]) -> list[Fields]:
    fields = Fields(dict(request), "template", invalid=TEMPLATE_PARAMETER_FORMAT)
    return fields.objects("components", 14, least=0) if "components" in fields else []


def _sent_component(component: Fields) -> Fields:
    kind = component.choice("type", ("header", "body", "button", "HEADER", "BODY", "BUTTON"))
    index = None
    if kind.lower() == "button":
        index = int(component.number("index", 0, 9))
        component.text("sub_type", 32)
    parameters = component.value.get("parameters") or []
    value = {"type": kind.lower(), "index": index, "parameters": parameters}
    return Fields(value, component.path, invalid=TEMPLATE_PARAMETER_FORMAT)


def _parameters(sent: list[Fields], kind: str, index: int | None = None) -> list[Fields]:
    for component in sent:
        if component.value["type"] == kind and component.value.get("index") == index:
            return component.objects("parameters", 30, least=0)
    return []


def _fill_header(template: Template, parameters: list[Fields], filled: FilledTemplate) -> None:
    header = template.component("HEADER")
    kind = str(header.get("format", "TEXT")).upper()
    if kind not in _MEDIA_FORMATS:
        filled.header = _fill_text(template, header.get("text", ""), parameters)
        return
    if len(parameters) != 1:
        raise GraphError(
            TEMPLATE_PARAMETER_FORMAT, f"header: Format mismatch, expected {kind}, received UNKNOWN"
        )
    parameters[0].choice("type", (kind.lower(),))
    media = parameters[0].object(kind.lower())
    check_media(media)
    filled.media_kind, filled.media = kind.lower(), media.value


def _fill_text(template: Template, text: str, parameters: list[Fields]) -> str:
    names = variables(text)
    if len(parameters) != len(names):
        raise GraphError(
            TEMPLATE_PARAMETER_COUNT,
            f"number of localizable_params ({len(parameters)}) does not match the expected number"
            f" of params ({len(names)})",
        )
    if template.parameter_format == "NAMED":
        values = {p.text("parameter_name", 512): _parameter_text(p) for p in parameters}
    else:
        values = dict(zip(names, map(_parameter_text, parameters), strict=True))
    if values.keys() != set(names):
        missing = ", ".join(sorted(set(names) - values.keys()))
        raise GraphError(TEMPLATE_PARAMETER_COUNT, f"parameter names do not match: {missing}")
    return _VARIABLE.sub(lambda found: values[found[1]], text)


def _parameter_text(parameter: Fields) -> str:
    kind = parameter.choice("type", ("text", "currency", "date_time"))
    if kind == "text":
        return parameter.text("text", 32768)
    return parameter.object(kind).text("fallback_value", 1024)


def _fill_button(button: dict[str, Any], index: int, sent: list[Fields]) -> dict[str, Any]:
    kind = str(button["type"]).upper()
    parameters = _parameters(sent, "button", index)
    shown = {"type": kind, "text": button.get("text", "")}
    if kind == "URL":
        shown["url"] = _fill_url(button["url"], index, parameters)
    elif kind == "QUICK_REPLY":
        payload = parameters[0].text("payload", 256) if parameters else ""
        shown["payload"] = payload or shown["text"]
    elif kind == "COPY_CODE":
        shown["text"] = _only(parameters, index, kind).text("coupon_code", 20)
    elif kind == "MPM":
        check_product_sections(_only(parameters, index, kind).object("action"))
    return shown


def _fill_url(url: str, index: int, parameters: list[Fields]) -> str:
    if not variables(url):
        return url
    suffix = _only(parameters, index, "URL").text("text", 2000)
    return _VARIABLE.sub(lambda _: suffix, url)


def _only(parameters: list[Fields], index: int, kind: str) -> Fields:
    if len(parameters) != 1:
        raise GraphError(
            PARAMETER_MISSING,
            f"Button at index {index} of type {kind.capitalize()} requires a parameter",
        )
    return parameters[0]
