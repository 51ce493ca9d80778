"""Paying by agreement on the hosted pages: a button beside the ways to pay, where it is offered."""

from collections.abc import Sequence
from pathlib import Path

from tests.support.hosted import House, Parrot, opened
from tests.support.thirdparty.cashier import Counter
from tradewind import Plugin, hookimpl
from tradewind.database import Database
from tradewind.settings.service import set_flag


class WhatsApp(Parrot):
    """The channel by its true name, without its provider."""

    name = "whatsapp"


class Brings(Plugin):
    """Brings it."""

    name = "whatsapp"
    requires = ">=0.1"

    @hookimpl
    def channels(self) -> Sequence[WhatsApp]:
        return [WhatsApp()]


async def switch(house: House, *, enabled: bool) -> None:
    till = house.till
    await set_flag(till.engine, till.store, "PAYMENT_CHANNEL_WHATSAPP", enabled=enabled, actor="t")


async def test_the_order_stands_and_its_page_leads_into_the_chat(
    database: Database, tmp_path: Path
) -> None:
    async with opened(database, tmp_path, Counter(), Brings()) as house:
        review = await house.reviews()
        order = await house.visitor.sends(review.form("Pay on Parrot"))
        assert "order+1001" in order.link("Ask us on Parrot")
        [placed] = await house.orders()
        assert (placed.status, placed.payment_status) == ("processing", "awaiting")
        metadata = dict(placed.metadata)
        assert metadata.pop("timestamp")
        assert metadata == {
            "payment_method": "whatsapp",
            "whatsapp_recipient": "+254712345678",
            "wa_payment_state": "pending",
        }
        again = await house.visitor.sends(review.form("Pay on Parrot"))
        assert again.status < 500
        assert len(await house.orders()) == 1


async def test_switched_off_there_is_no_button_and_an_old_one_does_nothing(
    database: Database, tmp_path: Path
) -> None:
    async with opened(database, tmp_path, Counter(), Brings()) as house:
        review = await house.reviews()
        await switch(house, enabled=False)
        refused = await house.visitor.sends(review.form("Pay on Parrot"))
        assert refused.status == 409
        assert "Pay on Parrot" not in refused.buttons()
        assert await house.orders() == []
