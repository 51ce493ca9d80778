"""Templates: creating, reviewing, listing, and what a send must bring along."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.sandbox.world import WABA_ID, World, error_code, open_world
from tradewind_sandbox.whatsapp.templates import check_new_template

PAYLOADS = Path(__file__).parents[2] / "payloads" / "whatsapp"
TEMPLATES = f"{WABA_ID}/message_templates"

Json = dict[str, Any]


def sample(name: str) -> Json:
    body: Json = json.loads((PAYLOADS / f"{name}.json").read_text())
    return body


def template(*components: Json, **fields: Any) -> Json:
    body = {"type": "BODY", "text": "Your order is on its way."}
    return {
        "name": "order_sent",
        "language": "en_US",
        "category": "UTILITY",
        "components": [body, *components],
        **fields,
    }


def with_body(text: str) -> Json:
    body = {"type": "BODY", "text": text, "example": {"body_text": [["x"]]}}
    return template(components=[body])


def with_buttons(*kinds: str, text: str = "Open") -> Json:
    buttons = [{"type": kind, "text": text, "url": "https://shop.test"} for kind in kinds]
    return template({"type": "BUTTONS", "buttons": buttons})


def header(text: str) -> Json:
    return {"type": "HEADER", "format": "TEXT", "text": text, "example": {"header_text": ["x"]}}


ACCEPTED = [
    template(name="a" * 512),
    with_body("x" * 1024),
    template(header("x" * 60)),
    template(header("Hello {{1}}")),
    template({"type": "FOOTER", "text": "x" * 60}),
    with_buttons(*["QUICK_REPLY"] * 10),
    with_buttons("URL", "URL", "PHONE_NUMBER", "QUICK_REPLY", "QUICK_REPLY"),
    with_buttons("URL", text="x" * 25),
]


@pytest.mark.parametrize("body", ACCEPTED)
def test_a_template_at_the_limits_is_accepted(body: Json) -> None:
    assert check_new_template(body) is None


REFUSED = [
    template(name="a" * 513),
    template(name="Order-Sent"),
    template(category="PROMOTION"),
    template(components=[{"type": "FOOTER", "text": "x"}]),
    with_body("x" * 1025),
    with_body("{{1}} is your order"),
    with_body("Your order is {{1}}"),
    with_body("Order {{1}} {{2}} is sent"),
    template(components=[{"type": "BODY", "text": "Order {{1}} sent"}]),
    template(header("x" * 61)),
    template(header("{{1}} and {{2}}")),
    template({"type": "FOOTER", "text": "x" * 61}),
    template({"type": "FOOTER", "text": "For {{1}} only"}),
    template({"type": "FOOTER", "text": "x"}, {"type": "FOOTER", "text": "x"}),
    with_buttons(*["QUICK_REPLY"] * 11),
    with_buttons("URL", "URL", "URL"),
    with_buttons("PHONE_NUMBER", "PHONE_NUMBER"),
    with_buttons("QUICK_REPLY", "URL", "QUICK_REPLY"),
    with_buttons("URL", text="x" * 26),
    template({"type": "BUTTONS", "buttons": [{"type": "COPY_CODE", "example": "x" * 21}]}),
]


@pytest.mark.parametrize("body", REFUSED)
async def test_a_template_beyond_the_limits_is_refused(world: World, body: Json) -> None:
    answer = await world.graph("POST", TEMPLATES, json=body)
    assert answer.status_code == 400
    assert error_code(answer) in {100, 131008}


async def test_a_new_template_is_pending_until_its_review() -> None:
    async with open_world(auto_review=False) as world:
        created = (await world.graph("POST", TEMPLATES, json=template())).json()
        assert created["status"] == "PENDING"
        assert error_code(await _send(world, "order_sent")) == 132001


async def test_the_review_approves_and_is_reported(world: World) -> None:
    created = (await world.graph("POST", TEMPLATES, json=template())).json()
    await world.settle()
    theirs = sample("meta-template-status-approved")
    ours = world.business.bodies[0]
    assert ours["entry"][0].keys() == theirs["entry"][0].keys()
    value = ours["entry"][0]["changes"][0]["value"]
    assert value.keys() >= {"event", "message_template_id", "message_template_name", "reason"}
    assert (value["event"], str(value["message_template_id"])) == ("APPROVED", created["id"])
    assert (await _send(world, "order_sent")).status_code == 200


async def test_a_name_is_taken_once_per_language(world: World) -> None:
    assert (await world.graph("POST", TEMPLATES, json=template())).status_code == 200
    again = await world.graph("POST", TEMPLATES, json=template())
    assert error_code(again) == 100
    other = template(language="sw")
    assert (await world.graph("POST", TEMPLATES, json=other)).status_code == 200


async def test_a_hundred_templates_an_hour_and_250_in_all(world: World) -> None:
    async def create(n: int) -> Any:
        return await world.graph("POST", TEMPLATES, json=template(name=f"template_{n}"))

    for n in range(100):
        assert (await create(n)).status_code == 200
    assert error_code(await create(100)) == 80008
    for n in range(100, 249):
        if n % 100 == 0:
            world.clock.advance(3600)
        assert (await create(n)).status_code == 200
    assert error_code(await create(249)) == 100


async def test_templates_are_listed_in_pages(world: World) -> None:
    for n in range(3):
        await world.graph("POST", TEMPLATES, json=template(name=f"template_{n}"))
    first = (await world.graph("GET", TEMPLATES, params={"limit": 3, "fields": "name"})).json()
    assert "next" in first["paging"]
    params = {"limit": 3, "after": first["paging"]["cursors"]["after"]}
    second = (await world.graph("GET", TEMPLATES, params=params)).json()
    assert "next" not in second["paging"]
    names = [node["name"] for node in first["data"] + second["data"]]
    assert names == ["order_update", "template_0", "template_1", "template_2"]


async def test_a_template_is_edited_and_deleted(world: World) -> None:
    created = (await world.graph("POST", TEMPLATES, json=template())).json()
    await world.settle()
    components = [{"type": "BODY", "text": "It is on its way."}]
    edited = await world.graph("POST", created["id"], json={"components": components})
    assert edited.json() == {"success": True}
    shown = await world.graph("GET", created["id"], params={"fields": "components"})
    assert shown.json()["components"] == components
    gone = await world.graph("DELETE", TEMPLATES, params={"name": "order_sent"})
    assert gone.json() == {"success": True}
    assert error_code(await world.graph("GET", created["id"])) == 100


async def _send(
    world: World, name: str, components: list[Json] | None = None, language: str = "en_US"
) -> Any:
    body = {"name": name, "language": {"code": language}, "components": components or []}
    return await world.send(type="template", template=body)


def _text(*values: str) -> list[Json]:
    return [{"type": "text", "text": value} for value in values]


BODY = {"type": "body", "parameters": _text("Ann", "42")}
TRACK = {"type": "button", "sub_type": "url", "index": 1, "parameters": _text("42")}


@pytest.mark.parametrize(
    ("components", "code"),
    [
        ([BODY | {"parameters": _text("Ann")}, TRACK], 132000),
        ([BODY | {"parameters": _text("Ann", "42", "more")}, TRACK], 132000),
        ([TRACK], 132000),
        ([BODY], 131008),
        ([BODY | {"parameters": _text("Ann", "x" * 1024)}, TRACK], 132005),
        (
            [BODY | {"parameters": [{"type": "image"}, {"type": "text", "text": "42"}]}, TRACK],
            132012,
        ),
        ([{"type": "chest", "parameters": []}], 132012),
    ],
)
async def test_a_send_that_does_not_fit_its_template_is_refused(
    world: World, components: list[Json], code: int
) -> None:
    answer = await _send(world, "order_update", components)
    assert (answer.status_code, error_code(answer)) == (400, code)


@pytest.mark.parametrize(("name", "language"), [("unknown", "en_US"), ("order_update", "sw")])
async def test_a_template_that_does_not_exist_is_refused(
    world: World, name: str, language: str
) -> None:
    answer = await _send(world, name, language=language)
    assert (answer.status_code, error_code(answer)) == (404, 132001)


@pytest.mark.parametrize("name", ["utility", "coupon", "mpm"])
async def test_metas_own_templates_are_created_and_sent(world: World, name: str) -> None:
    created = await world.graph(
        "POST", TEMPLATES, json=sample(f"meta-template-{name}-template-create")
    )
    assert created.status_code == 200, created.text
    await world.settle()
    request = sample(f"meta-template-{name}-request")
    if name == "utility":
        picture = {"link": "https://shop.test/table.png"}
        request["template"]["components"][0]["parameters"][0]["image"] = picture
    answer = await world.send(**request)
    assert answer.status_code == 200, answer.text


async def test_named_parameters_need_their_names(world: World) -> None:
    await world.graph("POST", TEMPLATES, json=sample("meta-template-utility-template-create"))
    await world.settle()
    request = copy.deepcopy(sample("meta-template-utility-request"))
    components = request["template"]["components"]
    components[0]["parameters"][0]["image"] = {"link": "https://shop.test/table.png"}
    components[1]["parameters"][0]["parameter_name"] = "guests"
    assert error_code(await world.send(**request)) == 132000
    del components[1]["parameters"][0]["parameter_name"]
    assert error_code(await world.send(**request)) == 131008
