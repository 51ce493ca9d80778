"""Events, and the signed webhooks that tell of them."""

import hashlib
import hmac
import time
from typing import Any

from tradewind_sandbox.deliveries import Deliveries, Webhook
from tradewind_sandbox.stripe import shapes
from tradewind_sandbox.stripe.state import API_VERSION, Account, Endpoint, Event, StripeState
from tradewind_sandbox.stripe.wire import encode, new_id


class Herald:
    """Writes down what happens and tells every endpoint that wants to know.

    Each webhook goes out on its own: they arrive in any order.
    """

    def __init__(self, state: StripeState, deliveries: Deliveries) -> None:
        self._state = state
        self._deliveries = deliveries
        self.silent = False

    def tell(self, account: Account, kind: str, snapshot: dict[str, Any]) -> None:
        """Record an event; `silent` keeps it from going out, not from being recorded."""
        event = Event(
            id=new_id("evt_"),
            created=self._state.now(),
            type=kind,
            snapshot=snapshot,
            request_id=account.cause.request_id,
            idempotency_key=account.cause.idempotency_key,
        )
        account.events[event.id] = event
        if self.silent:
            return
        for endpoint in account.endpoints.values():
            if endpoint.wants(kind):
                event.pending += 1
                self._deliveries.later(self._deliver(event, self._webhook(event, endpoint)))

    async def _deliver(self, event: Event, webhook: Webhook) -> None:
        if await self._deliveries.deliver(webhook):
            event.pending -= 1

    def _webhook(self, event: Event, endpoint: Endpoint) -> Webhook:
        content = encode(shapes.event(event, endpoint.api_version or API_VERSION))
        return Webhook(
            peer="stripe",
            url=endpoint.url,
            content=content,
            headers={"Content-Type": "application/json; charset=utf-8"},
            signed=lambda: {"Stripe-Signature": self._signature(endpoint.secret, content)},
        )

    def _signature(self, secret: str, content: bytes) -> str:
        # Whoever checks it may go by the machine's clock or by the sandbox's: only what is old
        # is refused, so the later of both is right for either.
        at = int(max(time.time(), self._state.now().timestamp()))
        signed = b"%d.%s" % (at, content)
        return f"t={at},v1={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"
