"""Faults on the webhooks that the sandbox sends: late, twice, out of order, never."""

import time

from tests.integration.sandbox.world import World, fault, faults, open_world

LONG = 3_600_000


def texts(world: World) -> list[str]:
    return [message["text"]["body"] for message in world.business.messages]


async def test_without_faults_each_webhook_arrives_once_and_in_order(world: World) -> None:
    for text in ("one", "two", "three"):
        assert (await world.inbound(text=text)).json() == {"status": 200}
    await world.settle()
    assert texts(world) == ["one", "two", "three"]
    assert await faults(world) == {"faults": [], "injected": {}}


async def test_a_dropped_webhook_is_never_sent_and_not_repeated(world: World) -> None:
    await fault(world, peer="whatsapp", kind="drop", count=1)
    assert (await world.inbound(text="lost")).json() == {"status": None}
    await world.settle()
    assert world.business.requests == []
    assert (await world.inbound(text="found")).json() == {"status": 200}
    assert texts(world) == ["found"]


async def test_a_duplicated_webhook_is_sent_twice_with_the_same_bytes(world: World) -> None:
    await fault(world, peer="whatsapp", kind="duplicate", count=1)
    assert (await world.inbound(text="twice")).json() == {"status": 200}
    await world.inbound(text="once")
    assert texts(world) == ["twice", "twice", "once"]
    first, second, _ = (request.content for request in world.business.requests)
    assert first == second


async def test_a_duplicate_of_which_one_was_taken_is_not_repeated(world: World) -> None:
    world.business.answers = [500, 200]
    await fault(world, peer="whatsapp", kind="duplicate", count=1)
    assert (await world.inbound(text="twice")).json() == {"status": 200}
    await world.settle()
    assert len(world.business.requests) == 2


async def test_repetitions_are_not_duplicated_again(world: World) -> None:
    world.business.answers = [500, 500, 500]
    await fault(world, peer="whatsapp", kind="duplicate")
    await world.inbound(text="twice")
    await world.settle()
    assert len(world.business.requests) == 4


async def test_a_delayed_webhook_goes_out_after_its_time(world: World) -> None:
    await fault(world, peer="whatsapp", kind="delay", count=1, milliseconds=60)
    begun = time.monotonic()
    assert (await world.inbound(text="late")).json() == {"status": 200}
    assert time.monotonic() - begun >= 0.06
    assert texts(world) == ["late"]


async def test_a_reordered_webhook_goes_out_after_the_next_one(world: World) -> None:
    await fault(world, peer="whatsapp", kind="reorder", count=1, milliseconds=LONG)
    assert (await world.inbound(text="one")).json() == {"status": None}
    assert texts(world) == []
    assert (await world.inbound(text="two")).json() == {"status": 200}
    await world.settle()
    assert texts(world) == ["two", "one"]


async def test_always_reordering_swaps_pairs(world: World) -> None:
    await fault(world, peer="whatsapp", kind="reorder", milliseconds=LONG)
    for text in ("one", "two", "three", "four"):
        await world.inbound(text=text)
        if text == "two":
            await world.settle()
    await world.settle()
    assert texts(world) == ["two", "one", "four", "three"]


async def test_a_reordered_webhook_does_not_wait_for_ever(world: World) -> None:
    await fault(world, peer="whatsapp", kind="reorder", count=1, milliseconds=30)
    await world.inbound(text="one")
    await world.settle()
    assert texts(world) == ["one"]


async def test_a_webhook_that_was_held_back_is_repeated_when_it_is_not_taken(world: World) -> None:
    world.business.answers = [500, 200]
    await fault(world, peer="whatsapp", kind="reorder", count=1, milliseconds=0)
    await world.inbound(text="one")
    await world.settle()
    assert texts(world) == ["one", "one"]


async def test_the_statuses_of_a_message_can_be_reordered(world: World) -> None:
    await world.inbound(text="Hi")
    await fault(world, peer="whatsapp", kind="reorder", count=1, milliseconds=LONG)
    await world.send_text()
    await world.settle()
    assert [status["status"] for status in world.business.statuses] == ["delivered", "sent"]


async def test_faults_of_another_peer_change_nothing(world: World) -> None:
    for kind in ("drop", "duplicate", "reorder", "delay"):
        await fault(world, peer="flutterwave", kind=kind, milliseconds=LONG)
    assert (await world.inbound(text="Hi")).json() == {"status": 200}
    assert texts(world) == ["Hi"]


async def test_a_seeded_probability_loses_the_same_webhooks_each_time() -> None:
    runs = []
    for _ in range(2):
        async with open_world() as world:
            await fault(world, peer="whatsapp", kind="drop", probability=0.5, seed=11)
            for number in range(30):
                await world.inbound(text=str(number))
            runs.append(texts(world))
            injected = (await faults(world))["injected"]
            assert injected == {"whatsapp": {"drop": 30 - len(texts(world))}}
    assert runs[0] == runs[1]
    assert 5 < len(runs[0]) < 25


async def test_stopping_gives_up_what_is_held_back_or_late() -> None:
    async with open_world() as world:
        await fault(world, peer="whatsapp", kind="reorder", count=1, milliseconds=LONG)
        await world.inbound(text="one")
    assert texts(world) == []
