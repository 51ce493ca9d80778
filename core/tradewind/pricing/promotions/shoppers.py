"""Who a shopper is to a promotion: everything that reaches them, in one spelling. No I/O."""

from collections.abc import Iterable, Sequence
from uuid import UUID

import msgspec
import phonenumbers

# Where a mailbox has one name with and without dots, and goes by both domains.
_UNDOTTED = {"gmail.com": "gmail.com", "googlemail.com": "gmail.com"}


class Shopper(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who buys; `names` are all that they go by, each as good as the others.

    `country` (ISO 3166 alpha-2) is where numbers without a country code are, "" where nobody knows.
    """

    names: Sequence[str] = ()
    customer_id: UUID | None = None
    country: str = ""

    def also(self, emails: Iterable[str], phones: Iterable[str]) -> "Shopper":
        """The same shopper, who is reached in these ways too; without digits nobody is."""
        found = [f"email:{mailbox(one)}" for one in emails]
        found += [f"phone:{one}" for one in (number(each, self.country) for each in phones) if one]
        return msgspec.structs.replace(self, names=sorted({*self.names, *found}))


def known_by(
    customer_id: UUID | None, emails: Iterable[str], phones: Iterable[str], country: str = ""
) -> Shopper:
    """A customer, or a guest, and how they say that they are reached."""
    names = [] if customer_id is None else [f"customer:{customer_id}"]
    found = Shopper(names=names, customer_id=customer_id, country=country)
    return found.also(emails, phones)


def mailbox(email: str) -> str:
    """A mail address as one spelling of its box: no capitals, no tag behind a plus sign."""
    local, _, domain = email.strip().lower().rpartition("@")
    local = local.partition("+")[0] or local
    if domain in _UNDOTTED:
        local, domain = local.replace(".", ""), _UNDOTTED[domain]
    return f"{local}@{domain}"


def number(phone: str, country: str = "") -> str:
    """A phone number as digits with its country code, as far as that is known."""
    digits = "".join(filter(str.isdecimal, phone))
    if phone.strip().startswith("+"):
        return digits
    if digits.startswith("00"):
        return digits[2:]
    if not digits.startswith("0") or not country:
        return digits
    try:
        found = phonenumbers.parse(digits, country.upper())
    except phonenumbers.NumberParseException:
        return digits
    return f"{found.country_code}{found.national_number}"
