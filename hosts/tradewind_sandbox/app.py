"""Puts the sandbox together: one Litestar app with WhatsApp and the clock door."""

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
async def advance_clock(data: JSONBody[Advance], carrier: GivenCarrier) -> dict[str, str]:
    """Move the sandbox's clock forward."""
    if data.advance_seconds < 0:
        raise ValidationException("time only moves forward")
    carrier.state.clock.advance(data.advance_seconds)
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
    carrier = Carrier(WhatsAppState(config, clock or OffsetClock()), deliveries)

    @asynccontextmanager
    async def background(_: Litestar) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await deliveries.close()

    return Litestar(
        route_handlers=[advance_clock, doors_router(), phone_router(), graph_router()],
        dependencies={"carrier": Provide(lambda: carrier, sync_to_thread=False)},
        lifespan=[background],
        state=State({"carrier": carrier}),
        openapi_config=None,
        logging_config=None,
    )
