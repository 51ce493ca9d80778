"""Everything the stand-in remembers, in memory: people, threads, windows, media, templates."""

import base64
import hashlib
import itertools
import secrets
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tradewind_sandbox.clock import Clock
from tradewind_sandbox.config import PhoneOwner, SandboxConfig, WhatsAppAccount
from tradewind_sandbox.whatsapp.errors import GraphError
from tradewind_sandbox.whatsapp.limits import digits, is_user_id
from tradewind_sandbox.whatsapp.rates import Bucket, SlidingWindow
from tradewind_sandbox.whatsapp.templates import FilledTemplate, Template

SERVICE_WINDOW = timedelta(hours=24)
FREE_ENTRY_POINT = timedelta(hours=72)
TYPING = timedelta(seconds=25)

_COUNTRIES = {"1": "US", "44": "GB", "52": "MX", "55": "BR", "91": "IN", "254": "KE", "255": "TZ"}


@dataclass(eq=False, slots=True)
class Shopper:
    """A person with WhatsApp; `hides_phone` once they are known by user id alone."""

    user_id: str
    name: str
    phone: str | None = None
    username: str | None = None
    hides_phone: bool = False

    @property
    def key(self) -> str:
        """How pages and doors name this shopper."""
        return self.phone or self.user_id


@dataclass(eq=False, slots=True)
class Message:
    """One message of a thread, in the shape it had on the wire.

    `revision` grows with every change, so that a page can ask for what it has not seen.
    """

    id: str
    account: WhatsAppAccount
    shopper: Shopper
    from_shopper: bool
    at: datetime
    body: dict[str, Any]
    status: str
    revision: int = 0
    sent_to_phone: bool = False
    seen: bool = False
    delivery_reported: bool = False
    pricing: dict[str, Any] | None = None
    filled: FilledTemplate | None = None
    error: GraphError | None = None


@dataclass(slots=True)
class Window:
    """When a shopper last wrote to a business, and until when an ad makes answers free."""

    last_inbound: datetime | None = None
    from_ad_at: datetime | None = None
    free_until: datetime | None = None
    typing_until: datetime | None = None

    def is_open(self, now: datetime) -> bool:
        """Whether free-form messages may go out: 24 h from the shopper's last message."""
        return self.last_inbound is not None and now < self.last_inbound + SERVICE_WINDOW


@dataclass(frozen=True, slots=True)
class Media:
    """An uploaded file."""

    id: str
    content: bytes
    mime_type: str

    @property
    def sha256(self) -> str:
        """The digest as Meta shows it, in base64."""
        return base64.b64encode(hashlib.sha256(self.content).digest()).decode()


@dataclass(slots=True)
class BusinessAccount:
    """A WhatsApp business account (WABA): its templates, its subscription, its rate limits.

    `callback` is where its webhooks go instead of the app's own address.
    """

    id: str
    creations: SlidingWindow
    calls: SlidingWindow
    templates: dict[str, Template] = field(default_factory=dict)
    subscribed: bool = True
    callback: str | None = None


@dataclass(slots=True)
class BusinessNumber:
    """A business phone number: whether it is registered, its profile, its throughput.

    `callback` is where its webhooks go instead of the business account's or the app's address.
    """

    account: WhatsAppAccount
    throughput: SlidingWindow
    registered: bool = True
    callback: str | None = None
    profile: dict[str, Any] = field(default_factory=lambda: {"vertical": "UNDEFINED"})
    service_messages: dict[str, int] = field(default_factory=lambda: defaultdict(int))


class People:
    """Who has WhatsApp, found by phone number or by user id."""

    def __init__(self, prepared: tuple[PhoneOwner, ...]) -> None:
        self.prepared: list[Shopper] = []
        self._by_phone: dict[str, Shopper] = {}
        self._by_user_id: dict[str, Shopper] = {}
        for owner in prepared:
            shopper = self.identify(phone=owner.phone, user_id=owner.user_id)
            shopper.name, shopper.username = owner.name, owner.username
            shopper.hides_phone = owner.phone is None
            self.prepared.append(shopper)

    def find(self, name: str) -> Shopper:
        """The shopper named by digits (with or without +) or by user id; made when new."""
        name = name.strip()
        return self.identify(user_id=name) if is_user_id(name) else self.identify(phone=name)

    def identify(self, *, phone: str | None = None, user_id: str | None = None) -> Shopper:
        """The shopper with this phone number, this user id or both; made when new."""
        number = digits(phone) if phone else None
        found = (number and self._by_phone.get(wa_id(number))) or (
            user_id and self._by_user_id.get(user_id)
        )
        shopper = found or Shopper(user_id or _user_id_of(number or ""), name="")
        shopper.user_id = user_id or shopper.user_id
        shopper.phone = shopper.phone or number
        shopper.name = shopper.name or shopper.key
        self._by_user_id[shopper.user_id] = shopper
        if shopper.phone:
            self._by_phone[wa_id(shopper.phone)] = shopper
        return shopper


def wa_id(number: str) -> str:
    """The account number that WhatsApp keeps for a phone number in digits.

    Brazil drops the ninth digit outside the big cities, Mexico keeps a 1, Argentina a 9.
    """
    if number.startswith("55") and len(number) == 13 and number[2:4] > "30":
        return number[:4] + number[5:]
    if number.startswith("52") and len(number) == 12:
        return "521" + number[2:]
    if number.startswith("54") and len(number) == 12:
        return "549" + number[2:]
    return number


def _user_id_of(number: str) -> str:
    country = next((_COUNTRIES[number[:n]] for n in (3, 2, 1) if number[:n] in _COUNTRIES), "ZZ")
    scoped = int.from_bytes(hashlib.sha256(number.encode()).digest()[:8])
    return f"{country}.{scoped:020d}"


def new_message_id() -> str:
    """An opaque, unique WhatsApp message id."""
    return "wamid." + base64.b64encode(b"\x1c\x18\x12" + secrets.token_bytes(21)).decode()


class WhatsAppState:
    """The memory of the stand-in."""

    def __init__(self, config: SandboxConfig, clock: Clock) -> None:
        self.config = config
        self.clock = clock
        self.people = People(config.shoppers)
        self.unreachable = {wa_id(digits(number)) for number in config.unreachable}
        self.numbers = {a.phone_number_id: self._number(a) for a in config.accounts}
        self.businesses: dict[str, BusinessAccount] = {}
        self.media: dict[str, Media] = {}
        self.messages: dict[str, Message] = {}
        self._threads: dict[tuple[str, Shopper], list[Message]] = defaultdict(list)
        self._of_shopper: dict[Shopper, list[Message]] = defaultdict(list)
        self._windows: dict[tuple[str, Shopper], Window] = defaultdict(Window)
        self._buckets: dict[tuple[str, Shopper], Bucket] = {}
        self._revisions = itertools.count(1)
        self._ids = itertools.count(1_000_000_000_000_001)
        for waba_id in {a.waba_id for a in config.accounts}:
            self.businesses[waba_id] = self._business(waba_id)

    def _number(self, account: WhatsAppAccount) -> BusinessNumber:
        return BusinessNumber(account, SlidingWindow(self.config.messages_per_second, 1.0))

    def _business(self, waba_id: str) -> BusinessAccount:
        business = BusinessAccount(
            waba_id,
            creations=SlidingWindow(self.config.template_creations_per_hour, 3600),
            calls=SlidingWindow(self.config.management_calls_per_hour, 3600),
        )
        for approved in self.config.templates:
            template = Template(
                self.new_id(),
                approved.name,
                approved.language,
                approved.category.upper(),
                approved.parameter_format.upper(),
                approved.components,
                int(self.now().timestamp()),
                status="APPROVED",
            )
            business.templates[template.id] = template
        return business

    def new_id(self) -> str:
        """An unused object id: digits, small enough for a JSON number in a webhook."""
        return str(next(self._ids))

    def now(self) -> datetime:
        """The present moment of the sandbox, in UTC."""
        return self.clock.now()

    def add(self, message: Message) -> None:
        """Append a message to its thread."""
        self.messages[message.id] = message
        self._threads[message.account.phone_number_id, message.shopper].append(message)
        self._of_shopper[message.shopper].append(message)
        self.touch(message)

    def touch(self, message: Message) -> None:
        """Note that a message has changed."""
        message.revision = next(self._revisions)

    def thread(self, phone_number_id: str, shopper: Shopper) -> list[Message]:
        """The messages between a business number and a shopper, oldest first."""
        return self._threads[phone_number_id, shopper]

    def of_shopper(self, shopper: Shopper) -> list[Message]:
        """The messages of a shopper with every business, oldest first."""
        return self._of_shopper[shopper]

    def window(self, phone_number_id: str, shopper: Shopper) -> Window:
        """The customer service window between a business number and a shopper."""
        return self._windows[phone_number_id, shopper]

    def take_pair_token(self, phone_number_id: str, shopper: Shopper) -> bool:
        """Count a message from a business number to a shopper; False over the pair rate limit."""
        bucket = self._buckets.get((phone_number_id, shopper))
        if bucket is None:
            bucket = Bucket(self.config.pair_burst, self.config.pair_refill_seconds)
            self._buckets[phone_number_id, shopper] = bucket
        return bucket.take(self.now().timestamp())
