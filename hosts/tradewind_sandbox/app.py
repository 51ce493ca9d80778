"""Puts the sandbox together: one Litestar app with every peer, the faults and the clock."""

import asyncio
import socket
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Annotated, Any

import httpx
import msgspec
from litestar import Litestar, post
from litestar.datastructures import State
from litestar.di import Provide
from litestar.params import JSONBody

from tradewind_sandbox import faults_doors
from tradewind_sandbox.clock import Clock, OffsetClock
from tradewind_sandbox.config import SandboxConfig
from tradewind_sandbox.deliveries import Deliveries
from tradewind_sandbox.faults import Faults
from tradewind_sandbox.faults_calls import CallFaults
from tradewind_sandbox.flutterwave.bank import Bank
from tradewind_sandbox.flutterwave.dependencies import GivenBank
from tradewind_sandbox.flutterwave.routes import flutterwave_router
from tradewind_sandbox.flutterwave.state import FlutterwaveState
from tradewind_sandbox.mail.letters import Mailbox
from tradewind_sandbox.mail.page import mail_router
from tradewind_sandbox.mail.server import Postman, taking_mail
from tradewind_sandbox.stripe.bank import Bank as Stripe
from tradewind_sandbox.stripe.dependencies import GivenStripe
from tradewind_sandbox.stripe.routes import stripe_router
from tradewind_sandbox.stripe.state import StripeState
from tradewind_sandbox.whatsapp.carrier import Carrier
from tradewind_sandbox.whatsapp.dependencies import GivenCarrier
from tradewind_sandbox.whatsapp.doors import doors_router
from tradewind_sandbox.whatsapp.graph import graph_router
from tradewind_sandbox.whatsapp.phone import phone_router
from tradewind_sandbox.whatsapp.state import WhatsAppState

_TEN_YEARS = 10 * 365 * 24 * 3600


class Advance(msgspec.Struct):
    """How far to move the clock forward, in seconds."""

    advance_seconds: Annotated[float, msgspec.Meta(ge=0, le=_TEN_YEARS)]


@post("/clock", status_code=200)
async def advance_clock(
    data: JSONBody[Advance], carrier: GivenCarrier, bank: GivenBank, stripe: GivenStripe
) -> dict[str, str]:
    """Move the clock of everybody who shares it forward, and let what has run out end."""
    carrier.state.clock.advance(data.advance_seconds)
    bank.expire()
    stripe.expire()
    return {"now": carrier.state.now().isoformat()}


def create_app(
    config: SandboxConfig,
    *,
    clock: Clock | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
    mail_listener: socket.socket | None = None,
) -> Litestar:
    """Build the sandbox.

    `clock` is shared with whoever passes it; `transport` replaces the network for webhooks; on
    `mail_listener`, a bound socket, letters are taken over SMTP while the app runs. When it stops,
    background deliveries are canceled and connections closed.
    """
    clock = clock or OffsetClock()
    faults = Faults()
    deliveries = Deliveries(config.retry_delays, config.webhook_timeout_seconds, transport, faults)
    carrier = Carrier(WhatsAppState(config, clock), deliveries)
    bank = Bank(FlutterwaveState(config.flutterwave, clock), deliveries)
    stripe = Stripe(StripeState(config.stripe, clock), deliveries)
    mailbox = Mailbox()
    postman = Postman(mailbox, config.mail, clock, faults)

    @asynccontextmanager
    async def background(_: Litestar) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            stack.push_async_callback(deliveries.close)
            stack.callback(mailbox.close)
            await stack.enter_async_context(_running(bank.watch()))
            await stack.enter_async_context(_running(stripe.watch()))
            if mail_listener:
                await stack.enter_async_context(taking_mail(mail_listener, postman))
            yield

    return Litestar(
        route_handlers=[
            advance_clock,
            *faults_doors.HANDLERS,
            doors_router(),
            phone_router(),
            flutterwave_router(),
            stripe_router(),
            graph_router(),
            mail_router(),
        ],
        dependencies={
            "carrier": Provide(lambda: carrier, sync_to_thread=False),
            "bank": Provide(lambda: bank, sync_to_thread=False),
            "stripe": Provide(lambda: stripe, sync_to_thread=False),
            "mailbox": Provide(lambda: mailbox, sync_to_thread=False),
            "faults": Provide(lambda: faults, sync_to_thread=False),
        },
        middleware=[CallFaults(faults)],
        lifespan=[background],
        state=State({"carrier": carrier, "bank": bank, "stripe": stripe}),
        openapi_config=None,
        logging_config=None,
    )


@asynccontextmanager
async def _running(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Have endless work done for as long as the block lasts."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
