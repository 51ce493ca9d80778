"""The ways to pay that the stand-in knows, with the networks and answers of each country."""

from dataclasses import dataclass
from typing import Literal

Answer = Literal["push", "redirect", "franco"]

DIALLING_CODES = {
    "BF": "226",
    "CI": "225",
    "CM": "237",
    "GH": "233",
    "KE": "254",
    "ML": "223",
    "MW": "265",
    "RW": "250",
    "SN": "221",
    "TZ": "255",
    "UG": "256",
    "ZM": "260",
}


@dataclass(frozen=True, slots=True)
class Method:
    """A way to pay in the words of a v3 transaction; `title` is what the payer reads."""

    payment_type: str
    auth_model: str
    narration: str
    title: str

    @property
    def event_type(self) -> str:
        """The `event.type` of a webhook about it."""
        return f"{self.payment_type.upper()}_TRANSACTION"


@dataclass(frozen=True, slots=True)
class MobileMoney:
    """Mobile money of a country, as `POST /charges?type=` takes it.

    `answer` is the shape of what comes back: a push to the phone, a page to go to, or the
    francophone mixture of both.
    """

    type: str
    currency: str
    country: str
    networks: tuple[str, ...]
    answer: Answer
    method: Method


CARD = Method("card", "NOAUTH", "CARD Transaction ", "Card")
MPESA = Method("mpesa", "LIPA_MPESA", "FLW-PBF MPESA Transaction", "M-Pesa")


def _money(country: str) -> Method:
    narration = "Flutterwave Developers"
    return Method(f"mobilemoney{country.lower()}", "AUTH", narration, "Mobile money")


_XOF = ("WAVE", "MTN", "ORANGEMONEY", "MOOV", "FMM")
_FRANCO = "mobile_money_franco"

MOBILE_MONEY = (
    MobileMoney("mpesa", "KES", "KE", ("SAFARICOM", "AIRTEL"), "push", MPESA),
    MobileMoney(
        "mobile_money_ghana",
        "GHS",
        "GH",
        ("MTN", "AIRTELTIGO", "VODAFONE"),
        "redirect",
        _money("GH"),
    ),
    MobileMoney("mobile_money_rwanda", "RWF", "RW", ("MTN", "AIRTEL"), "redirect", _money("RW")),
    MobileMoney("mobile_money_uganda", "UGX", "UG", ("MTN", "AIRTEL"), "redirect", _money("UG")),
    MobileMoney(
        "mobile_money_tanzania",
        "TZS",
        "TZ",
        ("HALOPESA", "AIRTEL", "TIGO", "VODACOM"),
        "push",
        _money("TZ"),
    ),
    MobileMoney(
        "mobile_money_zambia", "ZMW", "ZM", ("MTN", "AIRTEL", "ZAMTEL"), "redirect", _money("ZM")
    ),
    MobileMoney(_FRANCO, "XAF", "CM", ("MTN", "ORANGEMONEY"), "franco", _money("CM")),
    MobileMoney(_FRANCO, "XOF", "BF", _XOF, "franco", _money("BF")),
    MobileMoney(_FRANCO, "XOF", "CI", _XOF, "franco", _money("CI")),
    MobileMoney(_FRANCO, "XOF", "ML", _XOF, "franco", _money("ML")),
    MobileMoney(_FRANCO, "XOF", "SN", _XOF, "franco", _money("SN")),
)


def of_type(name: str) -> list[MobileMoney]:
    """The mobile money of every country that a `type` of `POST /charges` stands for."""
    return [money for money in MOBILE_MONEY if money.type == name]


def offered(currency: str, payment_options: str) -> list[Method]:
    """What the hosted page offers: card, and the mobile money of the currency.

    `payment_options` narrows it as far as it names any of them.
    """
    money = [m.method for m in MOBILE_MONEY if m.currency == currency][:1]
    known = {"card": [CARD], "mpesa": money, "mobilemoney": money}
    names = [name.strip() for name in payment_options.split(",")]
    chosen = [
        method
        for name in names
        for method in known.get("mobilemoney" if name.startswith("mobilemoney") else name, [])
    ]
    return list(dict.fromkeys(chosen)) or [CARD, *money]


def phone_number(typed: str, country: str) -> str:
    """A phone number in digits with its dialling code, as the phone page knows it."""
    digits = "".join(character for character in typed if character in "0123456789")
    code = DIALLING_CODES.get(country, "")
    if digits.startswith("0"):
        return code + digits.lstrip("0")
    return digits if digits.startswith(code) or len(digits) > 10 else code + digits
