"""What happens to a message between a business and a shopper, in both directions."""

from typing import Any

from tradewind_sandbox.deliveries import Deliveries
from tradewind_sandbox.whatsapp import errors, limits, templates, webhooks
from tradewind_sandbox.whatsapp.errors import GraphError
from tradewind_sandbox.whatsapp.interactive import header_media
from tradewind_sandbox.whatsapp.pricing import price
from tradewind_sandbox.whatsapp.state import (
    FREE_ENTRY_POINT,
    SERVICE_WINDOW,
    TYPING,
    BusinessNumber,
    Message,
    Shopper,
    WhatsAppState,
    new_message_id,
    wa_id,
)
from tradewind_sandbox.whatsapp.templates import FilledTemplate, Template


class Carrier:
    """Takes messages of businesses and shoppers and carries them to the other side."""

    def __init__(self, state: WhatsAppState, deliveries: Deliveries) -> None:
        self.state = state
        self.deliveries = deliveries

    def send(self, number: BusinessNumber, body: dict[str, Any]) -> dict[str, Any]:
        """Accept a message of a business and answer as the messages endpoint does.

        Raises GraphError where Meta refuses the call itself. What only fails on the way (window
        closed, no WhatsApp) is accepted and reported as a `failed` status.
        """
        filled = self._check(number, body)
        shopper = self._recipient(body)
        self._take_rates(number, shopper)
        error = self._undeliverable(number, shopper, body)
        if error and self.state.config.delivery_errors_synchronous:
            raise error
        message = self._keep(number, shopper, body, filled)
        message.error = error
        if not error:
            message.pricing = self._price(number, message)
        if self.state.config.auto_statuses or error:
            self.deliveries.later(self._report(number, message))
        return _accepted(message)

    def mark_read(self, number: BusinessNumber, body: dict[str, Any]) -> dict[str, Any]:
        """Mark a shopper's message and all earlier ones as read, and perhaps show typing."""
        if refusal := limits.check_receipt(body):
            raise refusal
        message = self.state.messages.get(body["message_id"])
        if message is None or message.account != number.account or not message.from_shopper:
            raise GraphError(errors.INVALID_PARAMETER, "Message id is not one of this number.")
        phone_number_id = number.account.phone_number_id
        for earlier in self.state.thread(phone_number_id, message.shopper):
            if earlier.from_shopper and earlier.status != "read":
                earlier.status = "read"
                self.state.touch(earlier)
            if earlier is message:
                break
        if "typing_indicator" in body:
            window = self.state.window(phone_number_id, message.shopper)
            window.typing_until = self.state.now() + TYPING
        return {"success": True}

    async def receive(
        self,
        number: BusinessNumber,
        shopper: Shopper,
        body: dict[str, Any],
        contacts: list[dict[str, Any]],
    ) -> int | None:
        """Carry a shopper's message to the business; the HTTP status its webhook answered with.

        Opens or refreshes the customer service window. Without a 200 it is repeated later.
        """
        now = self.state.now()
        phone_number_id = number.account.phone_number_id
        window = self.state.window(phone_number_id, shopper)
        window.last_inbound = now
        if "referral" in body:
            window.from_ad_at, window.free_until = now, None
        number.throughput.take(now.timestamp())
        message = self.state.messages.get(body["id"]) or Message(
            body["id"], number.account, shopper, True, now, body, "sent"
        )
        if message.revision == 0:
            self.state.add(message)
        webhook = webhooks.inbound(number.account, contacts, body)
        return await self._hand_over(number, message, webhook)

    def seen(self, phone_number_id: str, shopper: Shopper) -> None:
        """The shopper looks at the thread: what was delivered becomes read."""
        number = self.state.numbers[phone_number_id]
        for message in self.state.thread(phone_number_id, shopper):
            if message.from_shopper or message.seen:
                continue
            message.seen = True
            if message.delivery_reported:
                self.deliveries.later(self._progress(number, message, "read"))

    def reviewed(self, waba_id: str, template: Template) -> None:
        """Let the review of a new template end well, and report it."""
        if self.state.config.auto_review:
            self.deliveries.later(self._approve(waba_id, template))

    def _check(self, number: BusinessNumber, body: dict[str, Any]) -> FilledTemplate | None:
        if not number.registered:
            raise GraphError(errors.NOT_REGISTERED, "The phone number is not registered.")
        if refusal := limits.check_message(body):
            raise refusal
        if wa_id(limits.digits(body.get("to") or "")) == _own_number(number):
            raise GraphError(errors.RECIPIENT_IS_SENDER, "The business cannot write to itself.")
        filled = None
        if body.get("type") == "template":
            filled = templates.fill(self._template(number, body["template"]), body["template"])
        media = filled.media if filled else _media(body)
        if "id" in media and media["id"] not in self.state.media:
            raise GraphError(
                errors.INVALID_PARAMETER,
                f"{media['id']} is not a valid whatsapp business account media attachment ID",
            )
        return filled

    def _template(self, number: BusinessNumber, request: dict[str, Any]) -> Template:
        business = self.state.businesses[number.account.waba_id]
        name, language = request["name"], request["language"]["code"]
        for template in business.templates.values():
            if (template.name, template.language) == (name, language):
                if template.status == "PAUSED":
                    raise GraphError(errors.TEMPLATE_PAUSED, f"template {name} is paused")
                if template.status == "APPROVED":
                    return template
        raise GraphError(
            errors.TEMPLATE_MISSING, f"template name ({name}) does not exist in {language}"
        )

    def _recipient(self, body: dict[str, Any]) -> Shopper:
        if body.get("to"):
            return self.state.people.identify(phone=wa_id(limits.digits(body["to"])))
        return self.state.people.identify(user_id=body["recipient"])

    def _take_rates(self, number: BusinessNumber, shopper: Shopper) -> None:
        if not number.throughput.take(self.state.now().timestamp()):
            raise GraphError(
                errors.THROUGHPUT_REACHED, "Cloud API message throughput has been reached."
            )
        if not self.state.take_pair_token(number.account.phone_number_id, shopper):
            raise GraphError(
                errors.PAIR_RATE,
                "Message failed to send because there were too many messages sent from this phone"
                " number to the same phone number in a short period of time.",
            )

    def _undeliverable(
        self, number: BusinessNumber, shopper: Shopper, body: dict[str, Any]
    ) -> GraphError | None:
        if shopper.phone and wa_id(shopper.phone) in self.state.unreachable:
            return GraphError(errors.UNDELIVERABLE, "The recipient is not on WhatsApp.")
        window = self.state.window(number.account.phone_number_id, shopper)
        if body.get("type") == "template" or window.is_open(self.state.now()):
            return None
        return GraphError(
            errors.WINDOW_CLOSED,
            "Message failed to send because more than 24 hours have passed since the customer last"
            " replied to this number.",
        )

    def _keep(
        self,
        number: BusinessNumber,
        shopper: Shopper,
        body: dict[str, Any],
        filled: FilledTemplate | None,
    ) -> Message:
        now = self.state.now()
        window = self.state.window(number.account.phone_number_id, shopper)
        window.typing_until = None
        if window.from_ad_at and window.free_until is None:
            answered_in_time = now < window.from_ad_at + SERVICE_WINDOW
            window.free_until = now + FREE_ENTRY_POINT if answered_in_time else now
        message = Message(new_message_id(), number.account, shopper, False, now, body, "accepted")
        message.sent_to_phone = bool(body.get("to"))
        message.filled = filled
        self.state.add(message)
        return message

    async def _report(self, number: BusinessNumber, message: Message) -> None:
        if message.error:
            await self._progress(number, message, "failed")
            return
        await self._progress(number, message, "sent")
        await self._progress(number, message, "delivered")
        message.delivery_reported = True
        if message.seen:
            await self._progress(number, message, "read")

    def _price(self, number: BusinessNumber, message: Message) -> dict[str, Any]:
        category = message.filled.category if message.filled else "service"
        window = self.state.window(number.account.phone_number_id, message.shopper)
        allowance = self.state.config.free_service_messages_per_month
        return price(number, window, category, self.state.now(), allowance)

    async def _progress(self, number: BusinessNumber, message: Message, status: str) -> None:
        message.status = status
        self.state.touch(message)
        body = webhooks.status(message, status, self.state.now())
        if url := self._callback(number):
            await self.deliveries.deliver(webhooks.signed(url, number.account.app_secret, body))

    async def _hand_over(
        self, number: BusinessNumber, message: Message, body: dict[str, Any]
    ) -> int | None:
        url = self._callback(number)
        if url is None:
            return None
        webhook = webhooks.signed(url, number.account.app_secret, body)
        return await self.deliveries.hand_over(webhook, lambda: self._arrived(message))

    def _arrived(self, message: Message) -> None:
        if message.status == "sent":
            message.status = "delivered"
            self.state.touch(message)

    async def _approve(self, waba_id: str, template: Template) -> None:
        template.status = "APPROVED"
        number = next(n for n in self.state.numbers.values() if n.account.waba_id == waba_id)
        body = webhooks.template_status(waba_id, template, self.state.now())
        if url := self._callback(number):
            await self.deliveries.deliver(webhooks.signed(url, number.account.app_secret, body))

    def _callback(self, number: BusinessNumber) -> str | None:
        business = self.state.businesses[number.account.waba_id]
        if not business.subscribed:
            return None
        return number.callback or business.callback or number.account.webhook_url


def _media(body: dict[str, Any]) -> dict[str, Any]:
    """The media that a message which passed its checks shows; empty where there is none."""
    kind = body.get("type") or "text"
    if kind == "interactive":
        return header_media(body["interactive"])
    content = body[kind]
    return content if isinstance(content, dict) else {}


def _own_number(number: BusinessNumber) -> str:
    return wa_id(limits.digits(number.account.display_phone_number))


def _accepted(message: Message) -> dict[str, Any]:
    shopper = message.shopper
    if message.sent_to_phone:
        contact = {"input": message.body["to"], "wa_id": shopper.phone}
    else:
        contact = {"input": message.body["recipient"], "user_id": shopper.user_id}
    sent = {"id": message.id}
    if message.body.get("type") == "template":
        sent["message_status"] = "accepted"
    return {"messaging_product": "whatsapp", "contacts": [contact], "messages": [sent]}
