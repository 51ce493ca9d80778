"""Puts the sandbox together: one Litestar app with every peer, the faults and the clock."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Annotated, Any

import httpx
import msgspec
from litestar import Litestar, Request, post
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
    app = assemble()
    app.state = furnish(config, clock=clock, transport=transport, mail_listener=mail_listener)
    return app


def assemble() -> Litestar:
    """The routes of every peer, which find what they work on in the app's state."""
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
            name: Provide(_given(name), sync_to_thread=False)
            for name in ("carrier", "bank", "stripe", "mailbox", "faults")
        },
        middleware=[CallFaults()],
        lifespan=[_background],
        openapi_config=None,
        logging_config=None,
    )


def furnish(
    config: SandboxConfig,
    *,
    clock: Clock | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
    mail_listener: socket.socket | None = None,
) -> State:
    """What the routes work on; the arguments are those of `create_app`."""
    clock = clock or OffsetClock()
    faults = Faults()
    deliveries = Deliveries(config.retry_delays, config.webhook_timeout_seconds, transport, faults)
    mailbox = Mailbox()
    return State(
        {
            "faults": faults,
            "deliveries": deliveries,
            "carrier": Carrier(WhatsAppState(config, clock), deliveries),
            "bank": Bank(FlutterwaveState(config.flutterwave, clock), deliveries),
            "stripe": Stripe(StripeState(config.stripe, clock), deliveries),
            "mailbox": mailbox,
            "postman": Postman(mailbox, config.mail, clock, faults),
            "mail_listener": mail_listener,
        }
    )


def _given(name: str) -> Callable[[Request[Any, Any, Any]], Any]:
    def found(request: Request[Any, Any, Any]) -> Any:
        return request.app.state[name]

    return found


@asynccontextmanager
async def _background(app: Litestar) -> AsyncIterator[None]:
    state = app.state
    async with AsyncExitStack() as stack:
        stack.push_async_callback(state.deliveries.close)
        stack.callback(state.mailbox.close)
        await stack.enter_async_context(_running(state.bank.watch()))
        await stack.enter_async_context(_running(state.stripe.watch()))
        if state.mail_listener:
            await stack.enter_async_context(taking_mail(state.mail_listener, state.postman))
        yield


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
