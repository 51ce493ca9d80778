"""`docs/store-api.md`: the purchase it shows is made, call by call, and answered as it says."""

import json
import re
from typing import Any

from tests.docs.pages import read
from tests.support.storefront import open_storefront
from tradewind.testing.clock import ManualClock
from tradewind.testing.database import DatabaseUrls

PAGE = read("docs/store-api.md")
PURCHASE = PAGE.partition("## A purchase, step by step")[2].partition("\n## ")[0]
STEP = re.compile(r"```http\n(\w+) (\S+)\n(?:\n(.*?))?```\n\n```json\n(.*?)```", re.DOTALL)
FOUND = {
    "variant": re.compile(r'"variants":\[\{"id":"([^"]+)'),
    "cart": re.compile(r'^\{"cart":\{"id":"([^"]+)'),
    "option": re.compile(r'"shipping_options":\[\{"id":"([^"]+)'),
    "order": re.compile(r'^\{"order":\{"id":"([^"]+)'),
    "token": re.compile(r'"token":"([^"]+)"\}$'),
}
"""Where the answers name what later calls speak of."""


async def test_the_purchase_on_the_page_is_made(
    database_urls: DatabaseUrls, clock: ManualClock
) -> None:
    known: dict[str, str] = {}
    steps = STEP.findall(PURCHASE)
    assert len(steps) == PURCHASE.count("```http") > 8
    async with open_storefront(database_urls, clock) as site:
        await site.shop.admin("PUT", "/admin/plugins/elements", {"enabled": False})
        for method, path, body, shown in steps:
            sent = json.loads(filled(body, known)) if body else None
            answer = await site.ask(method, filled(path, known).removeprefix("/store"), sent)
            assert answer.is_success, (path, answer.text)
            assert_as_shown(answer.json(), json.loads(shown), path)
            for name, place in FOUND.items():
                match = place.search(answer.text)
                if match:
                    known[name] = match[1]


def filled(text: str, known: dict[str, str]) -> str:
    """A call with the ids that came before."""
    for name, value in known.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def assert_as_shown(answer: Any, shown: Any, path: str) -> None:
    """The answer has at least what the page shows; `…` stands for any words."""
    if isinstance(shown, dict):
        assert isinstance(answer, dict), path
        for name, part in shown.items():
            assert name in answer, (path, name)
            assert_as_shown(answer[name], part, f"{path} {name}")
    elif isinstance(shown, list):
        assert len(answer) == len(shown), (path, answer)
        for one, part in zip(answer, shown, strict=True):
            assert_as_shown(one, part, path)
    elif shown == "…":
        assert answer
        assert isinstance(answer, str), path
    else:
        assert answer == shown, path
