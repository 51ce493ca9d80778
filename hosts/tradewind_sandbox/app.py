"""Puts the sandbox together: one Litestar app with WhatsApp, Flutterwave and the clock door."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import msgspec
from litestar import Litestar, post
from litestar.datastructures import State
from litestar.di import Provide
from litestar.exceptions import ValidationException
from litestar.params import JSONBody

from tradewind_sandbox.clock import Clock, OffsetClock
from tradewind_sandbox.config import SandboxConfig
from tradewind_sandbox.deliveries import Deliveries
from tradewind_sandbox.flutterwave.bank import Bank
from tradewind_sandbox.flutterwave.dependencies import GivenBank
from tradewind_sandbox.flutterwave.routes import flutterwave_router
from tradewind_sandbox.flutterwave.state import FlutterwaveState
from tradewind_sandbox.whatsapp.carrier import Carrier
from tradewind_sandbox.whatsapp.dependencies import GivenCarrier
from tradewind_sandbox.whatsapp.doors import doors_router
from tradewind_sandbox.whatsapp.graph import graph_router
from tradewind_sandbox.whatsapp.phone import phone_router
from tradewind_sandbox.whatsapp.state import WhatsAppState


class Advance(msgspec.Struct):
    """How far to move the clock, in seconds."""

    advance_seconds: float


@post("/clock", status_code=200)
async def advance_clock(
    data: JSONBody[Advance], carrier: GivenCarrier, bank: GivenBank
) -> dict[str, str]:
    """Move the sandbox's clock forward, and let what has run out end."""
    if data.advance_seconds < 0:
        raise ValidationException("time only moves forward")
    carrier.state.clock.advance(data.advance_seconds)
    bank.expire()
    return {"now": carrier.state.now().isoformat()}


def create_app(
    config: SandboxConfig,
    *,
    clock: Clock | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
) -> Litestar:
    """Build the sandbox.

    `clock` is shared with whoever passes it; `transport` replaces the network for webhooks.
    Background deliveries are canceled when the app stops.
    """
    deliveries = Deliveries(config.retry_delays, config.webhook_timeout_seconds, transport)
    clock = clock or OffsetClock()
    carrier = Carrier(WhatsAppState(config, clock), deliveries)
    bank = Bank(FlutterwaveState(config.flutterwave, clock), deliveries)

    @asynccontextmanager
    async def background(_: Litestar) -> AsyncIterator[None]:
        watching = asyncio.create_task(bank.watch())
        try:
            yield
        finally:
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching
            await deliveries.close()

    return Litestar(
        route_handlers=[
            advance_clock,
            doors_router(),
            phone_router(),
            flutterwave_router(),
            graph_router(),
        ],
        dependencies={
            "carrier": Provide(lambda: carrier, sync_to_thread=False),
            "bank": Provide(lambda: bank, sync_to_thread=False),
        },
        lifespan=[background],
        state=State({"carrier": carrier, "bank": bank}),
        openapi_config=None,
        logging_config=None,
    )
