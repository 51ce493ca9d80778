"""The doors for faults: what can be set, what is refused, and what is counted."""

from typing import Any

import pytest

from tests.integration.sandbox.world import World, fault, faults
from tradewind_sandbox.faults import KINDS, PEERS, Faults, WantedFault


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("peer", PEERS)
async def test_every_kind_can_be_set_for_every_peer(world: World, peer: str, kind: str) -> None:
    wanted = {"peer": peer, "kind": kind, "count": 2, "probability": 0.5, "milliseconds": 70}
    answer = await world.client.post("/faults", json={**wanted, "seed": 4})
    assert answer.status_code == 201
    assert answer.json() == {**wanted, "seed": 4, "injected": 0}
    assert await faults(world) == {"faults": [answer.json()], "injected": {}}


async def test_what_is_not_told_has_a_usual_value(world: World) -> None:
    answer = await fault(world, peer="whatsapp", kind="timeout_after_effect")
    assert isinstance(answer.pop("seed"), int)
    assert answer == {
        "peer": "whatsapp",
        "kind": "timeout_after_effect",
        "count": None,
        "probability": 1.0,
        "milliseconds": 30_000,
        "injected": 0,
    }


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"peer": "paypal"}, "peer"),
        ({"peer": None}, "peer"),
        ({"kind": "explode"}, "kind"),
        ({"count": 0}, "count"),
        ({"count": -1}, "count"),
        ({"count": 1.5}, "count"),
        ({"probability": -0.1}, "probability"),
        ({"probability": 1.1}, "probability"),
        ({"milliseconds": -1}, "milliseconds"),
        ({"milliseconds": 10**12}, "milliseconds"),
        ({"seed": "x"}, "seed"),
        ({"propability": 0.5}, "propability"),
    ],
)
async def test_a_fault_that_makes_no_sense_is_refused_and_not_set(
    world: World, changes: dict[str, Any], word: str
) -> None:
    body = {"peer": "whatsapp", "kind": "delay", **changes}
    answer = await world.client.post("/faults", json=body)
    assert answer.status_code == 400
    assert word in answer.text
    assert (await faults(world))["faults"] == []


@pytest.mark.parametrize("missing", ["peer", "kind"])
async def test_a_fault_needs_a_peer_and_a_kind(world: World, missing: str) -> None:
    body = {"peer": "whatsapp", "kind": "delay"}
    del body[missing]
    answer = await world.client.post("/faults", json=body)
    assert answer.status_code == 400
    assert missing in answer.text


async def test_all_faults_are_cleared_or_those_of_one_peer(world: World) -> None:
    for peer in PEERS:
        await fault(world, peer=peer, kind="drop")
    assert (await world.client.delete("/faults", params={"peer": "mail"})).status_code == 204
    left = [one["peer"] for one in (await faults(world))["faults"]]
    assert left == ["whatsapp", "flutterwave", "stripe"]
    assert (await world.client.delete("/faults", params={"peer": "paypal"})).status_code == 400
    assert len((await faults(world))["faults"]) == 3
    assert (await world.client.delete("/faults")).status_code == 204
    assert (await faults(world))["faults"] == []


async def test_what_was_injected_stays_counted_after_clearing(world: World) -> None:
    await fault(world, peer="whatsapp", kind="drop")
    await world.inbound(text="one")
    await world.inbound(text="two")
    assert (await faults(world))["faults"][0]["injected"] == 2
    await world.client.delete("/faults")
    await world.inbound(text="three")
    assert await faults(world) == {"faults": [], "injected": {"whatsapp": {"drop": 2}}}


def struck(seed: int, probability: float = 0.3) -> list[bool]:
    book = Faults()
    book.set(WantedFault(peer="whatsapp", kind="drop", probability=probability, seed=seed))
    return [book.strike("whatsapp", "drop") is not None for _ in range(1000)]


def test_the_same_seed_makes_the_same_faults() -> None:
    assert struck(1) == struck(1)
    assert struck(1) != struck(2)
    assert 250 < sum(struck(1)) < 350


def test_a_probability_of_one_is_always_and_of_zero_never() -> None:
    assert all(struck(1, 1.0))
    assert not any(struck(1, 0.0))


def test_a_count_counts_what_happened_and_not_what_could_have() -> None:
    book = Faults()
    book.set(WantedFault(peer="mail", kind="drop", count=3, probability=0.5, seed=1))
    assert sum(book.strike("mail", "drop") is not None for _ in range(100)) == 3
    assert book.active == []


def test_when_the_older_fault_is_used_up_the_next_takes_its_place() -> None:
    book = Faults()
    for milliseconds in (10, 20):
        book.set(WantedFault(peer="mail", kind="delay", count=1, milliseconds=milliseconds))
    found = [book.strike("mail", "delay") for _ in range(3)]
    assert [one and one.seconds for one in found] == [0.01, 0.02, None]


def test_a_fault_of_one_peer_or_kind_is_none_of_another() -> None:
    book = Faults()
    book.set(WantedFault(peer="mail", kind="delay"))
    assert book.strike("whatsapp", "delay") is None
    assert book.strike("mail", "drop") is None
    assert book.strike("mail", "delay")
