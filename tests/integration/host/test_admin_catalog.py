"""Keeping products by the admin API: options, variants, what stays, publishing, archiving."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import httpx
import pytest

from tests.integration.host.conftest import Shop
from tests.integration.host.test_problem_details import problem

SHILLINGS = [{"currency": "KES", "amount": 90_000}]
SIZES = {"name": "size", "values": ["S", "M"]}
COLORS = {"name": "color", "values": ["Red", "Deep blue"]}


class Keeper:
    """A merchant's system."""

    def __init__(self, client: httpx.AsyncClient, shop: Shop) -> None:
        self.client, self.shop = client, shop

    async def ask(self, method: str, path: str, body: Any = None, **more: Any) -> httpx.Response:
        headers = {**self.shop.secret, **more.pop("headers", {})}
        return await self.client.request(
            method, f"/admin{path}", json=body, headers=headers, **more
        )

    async def does(self, method: str, path: str, body: Any = None, **more: Any) -> dict[str, Any]:
        answer = await self.ask(method, path, body, **more)
        assert answer.is_success, answer.text
        return dict(answer.json())

    async def product(self, body: Mapping[str, Any]) -> dict[str, Any]:
        made = await self.does("POST", "/products", {"title": "Shirt", **body})
        return dict(made["product"])

    async def seen(self, product: Mapping[str, Any]) -> dict[str, Any]:
        return dict((await self.does("GET", f"/products/{product['id']}"))["product"])

    async def titles(self, **query: Any) -> list[str]:
        found = await self.does("GET", "/products", params=query)
        return [one["title"] for one in found["products"]]


@pytest.fixture
def keeper(client: httpx.AsyncClient, shop: Shop) -> Keeper:
    return Keeper(client, shop)


def shirt(*variants: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """A shirt in sizes, as it is sent."""
    return {"options": [SIZES], "variants": list(variants), **more}


def small(**more: Any) -> dict[str, Any]:
    return {"sku": "TEE-S", "options": {"size": "S"}, "prices": SHILLINGS, **more}


def codes(body: Mapping[str, Any]) -> dict[str, str]:
    return {one["path"]: one["code"] for one in body["errors"]}


# What each field is first, and what it is changed to.
CHANGES = {
    "title": ("Shirt", "Blouse"),
    "handle": ("shirt", "blouse"),
    "kind": ("physical", "service"),
    "status": ("published", "draft"),
    "description": ("Cotton.", "Linen."),
    "images": (["https://cdn.example/1.jpg"], ["https://cdn.example/2.jpg"]),
    "options": ([SIZES], [{"name": "size", "values": ["S", "M", "L"]}]),
    "metadata": ({"origin": "Kitui"}, {"origin": "Kitui", "fabric": "linen"}),
}


@pytest.mark.parametrize("field", CHANGES)
async def test_a_change_of_one_field_changes_nothing_else(keeper: Keeper, field: str) -> None:
    variant = small(
        title="Little", tax_class="reduced", tracked=True, image="https://cdn.example/s.jpg"
    )
    first = {name: before for name, (before, _) in CHANGES.items()}
    made = await keeper.product(
        {**first, "category_ids": [keeper.shop.category_id], "variants": [variant]}
    )
    before = await keeper.seen(made)
    await keeper.does("POST", f"/products/{made['id']}", {field: CHANGES[field][1]})
    after = await keeper.seen(made)
    assert after[field] == CHANGES[field][1]
    assert after["version"] == before["version"] + 1
    told = {field, "version", "updated_at"}
    assert {k: v for k, v in after.items() if k not in told} == {
        k: v for k, v in before.items() if k not in told
    }


VARIANT_CHANGES = {
    "sku": "TEE-SMALL",
    "title": "Tiny",
    "options": {"size": "M"},
    "tax_class": "zero",
    "tracked": False,
    "weight_grams": 250,
    "image": "https://cdn.example/other.jpg",
    "position": 7,
    "metadata": {"bin": "A4"},
}


@pytest.mark.parametrize("field", VARIANT_CHANGES)
async def test_a_change_of_one_field_of_a_variant_changes_nothing_else(
    keeper: Keeper, field: str
) -> None:
    variant = small(
        title="Little",
        tax_class="reduced",
        weight_grams=180,
        image="https://cdn.example/s.jpg",
        on_hand=4,
        backorder=True,
    )
    made = await keeper.product(shirt(variant))
    (before,) = made["variants"]
    path = f"/products/{made['id']}/variants/{before['id']}"
    changed = await keeper.does("POST", path, {field: VARIANT_CHANGES[field]})
    (after,) = changed["product"]["variants"]
    untracked = {"available"} if field == "tracked" else set[str]()
    assert after[field] == VARIANT_CHANGES[field]
    assert {k: v for k, v in after.items() if k not in {field, *untracked}} == {
        k: v for k, v in before.items() if k not in {field, *untracked}
    }
    assert changed["product"]["version"] == made["version"] + 1


async def test_a_listed_variant_keeps_what_the_list_does_not_say(keeper: Keeper) -> None:
    made = await keeper.product(shirt(small(weight_grams=180, image="/media/first/s.jpg")))
    body = {"variants": [{"sku": "tee-s", "prices": [{"currency": "KES", "amount": 80_000}]}]}
    (after,) = (await keeper.does("POST", f"/products/{made['id']}", body))["product"]["variants"]
    (before,) = made["variants"]
    assert after["price"] == {"amount": 80_000, "currency": "KES"}
    told = {"sku", "price", "prices"}
    assert {k: v for k, v in after.items() if k not in told} == {
        k: v for k, v in before.items() if k not in told
    }


async def test_a_picture_and_a_weight_can_be_taken_away(keeper: Keeper) -> None:
    made = await keeper.product(shirt(small(weight_grams=180, image="/media/first/s.jpg")))
    path = f"/products/{made['id']}/variants/{made['variants'][0]['id']}"
    changed = await keeper.does("POST", path, {"image": None, "weight_grams": None})
    (after,) = changed["product"]["variants"]
    assert (after["image"], after["weight_grams"]) == (None, None)


async def test_options_are_inferred_from_variants_where_none_are_declared(keeper: Keeper) -> None:
    variants = [
        {"sku": "A", "options": {"size": "S", "color": "Red"}},
        {"sku": "B", "options": {"size": "M"}},
    ]
    made = await keeper.product({"variants": variants})
    assert made["options"] == [SIZES, {"name": "color", "values": ["Red"]}]


async def test_each_variant_gives_one_known_value_of_each_declared_option(keeper: Keeper) -> None:
    body = {
        "title": "Shirt",
        "options": [SIZES, COLORS],
        "variants": [
            {"sku": "A", "options": {"size": "S", "color": "Red"}},
            {"sku": "B", "options": {"size": "S", "color": "Red"}},
            {"sku": "C", "options": {"size": "XXL", "color": "Red"}},
            {"sku": "D", "options": {"size": "M", "sleeve": "long"}},
        ],
    }
    refused = await problem(await keeper.ask("POST", "/products", body), 422, "invalid_input")
    assert codes(refused) == {
        "variants.1.options": "duplicate",
        "variants.2.options.size": "unknown",
        "variants.3.options.color": "required",
        "variants.3.options.sleeve": "unknown",
    }


async def test_no_variant_is_added_for_a_choice_that_is_taken(keeper: Keeper) -> None:
    made = await keeper.product(shirt(small()))
    path = f"/products/{made['id']}/variants"
    again = await keeper.ask("POST", path, {"sku": "TEE-2", "options": {"size": "S"}})
    assert codes(await problem(again, 422, "invalid_input")) == {"options": "duplicate"}
    other = await keeper.does("POST", path, {"sku": "TEE-2", "options": {"size": "M"}})
    second = other["product"]["variants"][1]
    assert (second["title"], second["position"], second["tracked"]) == ("M", 1, True)
    move = await keeper.ask("POST", f"{path}/{second['id']}", {"options": {"size": "S"}})
    assert codes(await problem(move, 422, "invalid_input")) == {"options": "duplicate"}


async def test_missing_variants_are_generated_once(keeper: Keeper) -> None:
    made = await keeper.product({"options": [SIZES, COLORS]})
    path = f"/products/{made['id']}"
    taken = {"sku": "TEE-1", "options": {"size": "M", "color": "Red"}}
    await keeper.does("POST", f"{path}/variants", taken)
    pattern = {"sku": "TEE", "prices": SHILLINGS}
    done = (await keeper.does("POST", f"{path}/generate-variants", pattern))["product"]
    assert [one["sku"] for one in done["variants"]] == [
        "TEE-1",
        "TEE-S-RED",
        "TEE-S-DEEP-BLUE",
        "TEE-M-DEEP-BLUE",
    ]
    assert [one["price"] for one in done["variants"][1:]] == [SHILLINGS[0]] * 3
    again = (await keeper.does("POST", f"{path}/generate-variants", pattern))["product"]
    assert again == done


async def test_more_choices_than_a_product_may_have_are_not_generated(keeper: Keeper) -> None:
    many = [{"name": name, "values": [str(n) for n in range(16)]} for name in ("a", "b")]
    made = await keeper.product({"options": many})
    path = f"/products/{made['id']}/generate-variants"
    refused = await problem(await keeper.ask("POST", path, {"sku": "X"}), 422, "invalid_input")
    assert codes(refused) == {"options": "out_of_range"}


async def test_an_archived_variant_keeps_its_sku_and_comes_back_by_it(keeper: Keeper) -> None:
    made = await keeper.product(
        shirt(small(), {"sku": "TEE-M", "options": {"size": "M"}, "on_hand": 3})
    )
    path = f"/products/{made['id']}"
    medium = made["variants"][1]
    gone = (await keeper.does("DELETE", f"{path}/variants/{medium['id']}"))["product"]
    assert [one["sku"] for one in gone["variants"]] == ["TEE-S"]
    assert [one["sku"] for one in gone["archived_variants"]] == ["TEE-M"]
    elsewhere = {"title": "Other", "variants": [{"sku": "tee-m"}]}
    await problem(await keeper.ask("POST", "/products", elsewhere), 409, "sku_taken")
    back = (await keeper.does("POST", f"{path}/variants/{medium['id']}", {}))["product"]
    assert back["variants"][1] == medium
    assert back["archived_variants"] == []


async def test_a_renamed_variant_frees_its_sku_and_takes_its_stock_along(keeper: Keeper) -> None:
    made = await keeper.product(shirt(small(on_hand=6)))
    path = f"/products/{made['id']}/variants/{made['variants'][0]['id']}"
    await problem(await keeper.ask("POST", path, {"sku": "TEA-1"}), 409, "sku_taken")
    await keeper.does("POST", path, {"sku": "SMALL-TEE"})
    assert (await keeper.does("GET", "/inventory/SMALL-TEE"))["on_hand"] == 6
    assert (await keeper.ask("GET", "/inventory/TEE-S")).status_code == HTTPStatus.NOT_FOUND
    await keeper.product({"title": "Another", "variants": [{"sku": "TEE-S"}]})


async def test_only_what_has_a_price_is_published(keeper: Keeper) -> None:
    body = {"title": "Cup", "status": "published", "variants": [{"sku": "CUP"}]}
    refused = await problem(await keeper.ask("POST", "/products", body), 422, "invalid_input")
    assert codes(refused) == {"status": "nothing_to_sell"}
    made = await keeper.product({"title": "Cup", "variants": [{"sku": "CUP"}]})
    path = f"/products/{made['id']}"
    publish = {"status": "published"}
    await problem(await keeper.ask("POST", path, publish), 409, "nothing_to_sell")
    prices = [{"sku": "CUP", "prices": SHILLINGS}]
    done = await keeper.does("POST", path, {**publish, "variants": prices})
    assert done["product"]["status"] == "published"
    last = f"{path}/variants/{done['product']['variants'][0]['id']}"
    await problem(await keeper.ask("DELETE", last), 409, "nothing_to_sell")
    await problem(await keeper.ask("POST", path, {"variants": []}), 409, "nothing_to_sell")
    assert (await keeper.seen(made))["variants"] == done["product"]["variants"]


async def test_a_product_goes_to_every_state_and_back(keeper: Keeper) -> None:
    path = f"/products/{keeper.shop.product_id}"
    for status in ("draft", "archived", "draft", "published", "archived", "published"):
        changed = await keeper.does("POST", path, {"status": status})
        assert changed["product"]["status"] == status
        shown = await keeper.client.get(f"/store{path}", headers=keeper.shop.publishable)
        assert shown.is_success == (status == "published")


async def test_deleting_a_product_archives_it_and_lists_show_it_when_asked(keeper: Keeper) -> None:
    title = "Black tea of first"
    path = f"/products/{keeper.shop.product_id}"
    gone = await keeper.does("DELETE", path)
    assert gone["product"]["status"] == "archived"
    assert title not in await keeper.titles()
    assert await keeper.titles(status="archived") == [title]
    assert await keeper.titles(status="archived", q="tea") == [title]
    assert (await keeper.does("GET", path))["product"]["status"] == "archived"
    again = await keeper.does("DELETE", path)
    assert again["product"]["version"] == gone["product"]["version"]


async def test_the_list_is_filtered(keeper: Keeper) -> None:
    await keeper.product({"title": "Massage", "kind": "service", "variants": [{"sku": "MASS-1"}]})
    await keeper.product({"title": "Black mug", "variants": [{"sku": "MUG-1"}]})
    tea = "Black tea of first"
    assert await keeper.titles() == [tea, "Massage", "Black mug"]
    assert await keeper.titles(status="draft") == ["Massage", "Black mug"]
    assert await keeper.titles(kind="service") == ["Massage"]
    assert await keeper.titles(category_id=keeper.shop.category_id) == [tea]
    assert await keeper.titles(sku="mug-1") == ["Black mug"]
    assert sorted(await keeper.titles(q="black")) == ["Black mug", tea]
    assert await keeper.titles(q="black", status="draft") == ["Black mug"]
    refused = await keeper.ask("GET", "/products", params={"status": "gone"})
    assert refused.status_code == HTTPStatus.UNPROCESSABLE_ENTITY


async def test_the_list_and_its_search_go_on_where_the_cursor_says(keeper: Keeper) -> None:
    for number in range(4):
        await keeper.product({"title": f"Clay mug {number}", "variants": [{"sku": f"M{number}"}]})
    for query in ({"kind": "physical"}, {"q": "mug", "status": "draft"}):
        seen: list[str] = []
        cursor: str | None = None
        for _ in range(4):
            more = {"cursor": cursor} if cursor else {}
            page = await keeper.does("GET", "/products", params={**query, "limit": 2, **more})
            seen += [one["title"] for one in page["products"]]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert cursor is None
        assert len(seen) == len(set(seen)) >= 4


async def test_several_products_are_published_together_or_not_at_all(keeper: Keeper) -> None:
    good = await keeper.product({"title": "Cup", "variants": [{"sku": "C", "prices": SHILLINGS}]})
    bad = await keeper.product({"title": "Idea"})
    body = {"ids": [good["id"], bad["id"]], "status": "published"}
    await problem(await keeper.ask("POST", "/products/bulk", body), 409, "nothing_to_sell")
    assert (await keeper.seen(good))["status"] == "draft"
    body = {"ids": [good["id"], keeper.shop.product_id], "status": "published"}
    done = (await keeper.does("POST", "/products/bulk", body))["products"]
    assert [(one["status"], one["version"]) for one in done] == [("published", 2), ("published", 1)]
    missing = {"ids": [good["id"], keeper.shop.region_id], "status": "archived"}
    await problem(await keeper.ask("POST", "/products/bulk", missing), 404, "not_found")
    assert (await keeper.seen(good))["status"] == "published"


async def test_only_physical_goods_have_a_weight(keeper: Keeper) -> None:
    heavy = {"title": "Song", "kind": "digital", "variants": [{"sku": "SONG", "weight_grams": 5}]}
    refused = await problem(await keeper.ask("POST", "/products", heavy), 422, "invalid_input")
    assert codes(refused) == {"variants.0.weight_grams": "not_physical"}
    made = await keeper.product(shirt(small(weight_grams=180)))
    refused = await problem(
        await keeper.ask("POST", f"/products/{made['id']}", {"kind": "pack"}), 422, "invalid_input"
    )
    assert codes(refused) == {"variants.0.weight_grams": "not_physical"}


@pytest.mark.parametrize("kind", ["physical", "digital", "service", "pack"])
async def test_stock_is_counted_of_physical_goods_unless_something_else_is_said(
    keeper: Keeper, kind: str
) -> None:
    variants = [{"sku": "ONE"}, {"sku": "TWO", "tracked": kind != "physical"}]
    made = await keeper.product({"kind": kind, "variants": variants})
    assert [one["tracked"] for one in made["variants"]] == [kind == "physical", kind != "physical"]


@pytest.mark.parametrize("image", ["javascript:alert(1)", "tea.jpg", "", "https://a b"])
async def test_a_picture_is_an_address(keeper: Keeper, image: str) -> None:
    answer = await keeper.ask("POST", "/products", {"title": "Cup", "images": [image]})
    assert codes(await problem(answer, 422, "invalid_input")) == {"images.0": "invalid"}


async def test_who_changes_an_older_version_is_told_so(keeper: Keeper) -> None:
    made = await keeper.product(shirt(small()))
    path = f"/products/{made['id']}"
    done = await keeper.does("POST", path, {"title": "Blouse", "version": made["version"]})
    assert done["product"]["version"] == made["version"] + 1
    late = {"description": "Linen.", "version": made["version"]}
    await problem(await keeper.ask("POST", path, late), 409, "product_changed")
    variant = f"{path}/variants/{made['variants'][0]['id']}"
    late = {"title": "Tiny", "version": made["version"]}
    await problem(await keeper.ask("POST", variant, late), 409, "product_changed")
    late = {"sku": "TEE-M", "options": {"size": "M"}, "version": made["version"]}
    await problem(await keeper.ask("POST", f"{path}/variants", late), 409, "product_changed")


async def test_a_named_change_takes_effect_once(keeper: Keeper) -> None:
    made = await keeper.product(shirt(small()))
    named = {"headers": {"Idempotency-Key": "add-medium"}}
    body = {"sku": "TEE-M", "options": {"size": "M"}}
    path = f"/products/{made['id']}/variants"
    first = await keeper.does("POST", path, body, **named)
    named = {"headers": {"Idempotency-Key": "add-medium"}}
    assert await keeper.does("POST", path, body, **named) == first


async def test_the_audit_log_tells_what_was_changed_and_from_what(keeper: Keeper) -> None:
    made = await keeper.product(shirt(small(weight_grams=180)))
    variant = made["variants"][0]["id"]
    await keeper.does("POST", f"/products/{made['id']}", {"title": "Blouse"})
    await keeper.does(
        "POST", f"/products/{made['id']}/variants/{variant}", {"weight_grams": 200, "sku": "TEE-1"}
    )
    await keeper.does("DELETE", f"/products/{made['id']}")
    log = (await keeper.does("GET", "/audit-log"))["audit_log"]
    told = [(one["action"], one["detail"]) for one in log if one["subject_id"] == made["id"]]
    assert told[::-1] == [
        ("product.created", {"title": "Shirt", "skus": ["TEE-S"]}),
        ("product.updated", {"title": {"from": "Shirt", "to": "Blouse"}}),
        (
            "variant.updated",
            {
                f"variants.{variant}.sku": {"from": "TEE-S", "to": "TEE-1"},
                f"variants.{variant}.weight_grams": {"from": 180, "to": 200},
            },
        ),
        ("product.archived", {"status": {"from": "draft", "to": "archived"}}),
    ]


async def test_what_is_said_of_a_product_now_is_how_it_is_found(keeper: Keeper) -> None:
    made = await keeper.product(shirt(small()))
    path = f"/products/{made['id']}/variants"
    await keeper.does(
        "POST", path, {"sku": "ZEBRA-9", "options": {"size": "M"}, "title": "Striped"}
    )
    assert await keeper.titles(q="striped") == ["Shirt"]
    assert await keeper.titles(q="zebra-9") == ["Shirt"]
