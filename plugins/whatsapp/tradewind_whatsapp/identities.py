"""Who a person is on WhatsApp.

Someone with a shared phone number is known by it (`wa_id`, digits); someone without by a user id
that is scoped to the business (`US.1349…`). A field may carry either, so both are told by shape.
"""

import re

import msgspec

from tradewind import Sender
from tradewind_whatsapp.wire import Contact, Loose, text_of

_WA_ID = re.compile(r"\+?([0-9]{5,20})")
_USER_ID = re.compile(r"[A-Z]{2}\.(?:ENT\.)?[0-9A-Za-z]{1,128}")
_LONGEST_IDENTITY = 200


def wa_id_of(identity: str) -> str:
    """The digits of a phone identity, without plus; "" when it is none."""
    match = _WA_ID.fullmatch(identity)
    return match.group(1) if match else ""


def is_user_id(identity: str) -> bool:
    """Whether it is a business-scoped user id or the parent form of one."""
    return _USER_ID.fullmatch(identity) is not None


class Person(msgspec.Struct, frozen=True):
    """The names one person goes by; `other` only when Meta gave something of another shape."""

    wa_id: str = ""
    user_id: str = ""
    other: str = ""

    @property
    def identity(self) -> str:
        return self.wa_id or self.user_id or self.other

    def sender(self, contact: Contact | None = None) -> Sender:
        """The person as the engine wants them, named as in their profile."""
        return Sender(
            identity=self.identity,
            phone=f"+{self.wa_id}" if self.wa_id else None,
            name=contact.name if contact else None,
            country=self.user_id[:2].lower() or None,
            aliases=(self.user_id,) if self.wa_id and self.user_id else (),
        )


def person(*names: Loose) -> Person:
    """Sort the names Meta gave for one person by their shape; earlier ones win."""
    texts = [text for name in names if (text := text_of(name)[:_LONGEST_IDENTITY])]
    wa_id = next((found for text in texts if (found := wa_id_of(text))), "")
    user_id = next((text for text in texts if is_user_id(text)), "")
    other = "" if wa_id or user_id else next(iter(texts), "")
    return Person(wa_id, user_id, other)
