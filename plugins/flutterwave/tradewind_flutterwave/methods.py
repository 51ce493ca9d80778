"""What shoppers are offered: a table of countries, currencies and networks.

Networks: Flutterwave's Node SDK 1.4.1 (v3) and its v4 reference of December 2025.
"""

from collections.abc import Mapping, Sequence

import msgspec

from tradewind import Flow, Input, Method, MethodsQuery
from tradewind_flutterwave import amounts
from tradewind_flutterwave.settings import FlutterwaveSettings

HOSTED = "hosted"
MPESA = "mpesa"

HOSTED_CURRENCIES = frozenset(
    "EGP EUR GBP GHS KES MWK NGN RWF SLL TZS UGX USD XAF XOF ZAR ZMW".split()
)


class Wallet(msgspec.Struct, frozen=True, kw_only=True):
    """Mobile money of one country. `v3_type` "" and no `v3` or `v4`: not there in that API.

    `flow` is v3's: most countries go through a page first. `trunk`: people write a 0 before the
    national number that is no part of it.
    """

    id: str
    country: str
    name: str
    currency: str
    dialing_code: str
    flow: Flow
    v3_type: str = ""
    v3: Sequence[str] = ()
    v4: Sequence[str] = ()
    trunk: bool = True

    def networks(self, api: str) -> Sequence[str]:
        """Whose customers can pay, the usual one first."""
        return self.v3 if api == "v3" else self.v4

    @property
    def title(self) -> str:
        return "M-Pesa" if self.id == MPESA else f"Mobile money ({self.name})"


FRANCO = "mobile_money_franco"
"""v3's one name for the francophone countries, which are told apart by `country`."""

_XOF = ("ORANGEMONEY", "MTN", "WAVE")

WALLETS: Sequence[Wallet] = (
    Wallet(
        id=MPESA,
        country="ke",
        name="Kenya",
        currency="KES",
        dialing_code="254",
        flow="push",
        v3_type="mpesa",
        v3=("SAFARICOM", "AIRTEL"),
        v4=("MPESA", "AIRTEL"),
    ),
    Wallet(
        id="mobile_money_gh",
        country="gh",
        name="Ghana",
        currency="GHS",
        dialing_code="233",
        flow="redirect",
        v3_type="mobile_money_ghana",
        v3=("MTN", "VODAFONE", "AIRTELTIGO"),
        v4=("MTN", "VODAFONE", "AIRTELTIGO"),
    ),
    Wallet(
        id="mobile_money_rw",
        country="rw",
        name="Rwanda",
        currency="RWF",
        dialing_code="250",
        flow="redirect",
        v3_type="mobile_money_rwanda",
        v3=("MTN", "AIRTEL"),
        v4=("MTN", "AIRTEL"),
    ),
    Wallet(
        id="mobile_money_ug",
        country="ug",
        name="Uganda",
        currency="UGX",
        dialing_code="256",
        flow="redirect",
        v3_type="mobile_money_uganda",
        v3=("MTN", "AIRTEL"),
        v4=("MTN", "AIRTEL"),
    ),
    Wallet(
        id="mobile_money_tz",
        country="tz",
        name="Tanzania",
        currency="TZS",
        dialing_code="255",
        flow="push",
        v3_type="mobile_money_tanzania",
        v3=("VODACOM", "AIRTEL", "TIGO", "HALOPESA"),
        v4=("VODAFONE", "AIRTEL", "TIGO", "HALOPESA"),
    ),
    Wallet(
        id="mobile_money_zm",
        country="zm",
        name="Zambia",
        currency="ZMW",
        dialing_code="260",
        flow="redirect",
        v3_type="mobile_money_zambia",
        v3=("MTN", "AIRTEL", "ZAMTEL"),
    ),
    Wallet(
        id="mobile_money_mw",
        country="mw",
        name="Malawi",
        currency="MWK",
        dialing_code="265",
        flow="push",
        v4=("AIRTEL",),
    ),
    Wallet(
        id="mobile_money_cm",
        country="cm",
        name="Cameroon",
        currency="XAF",
        dialing_code="237",
        flow="push",
        v3_type=FRANCO,
        v3=("MTN", "ORANGEMONEY"),
        v4=("MTN", "ORANGE"),
        trunk=False,
    ),
    Wallet(
        id="mobile_money_ci",
        country="ci",
        name="Côte d’Ivoire",
        currency="XOF",
        dialing_code="225",
        flow="push",
        v3_type=FRANCO,
        v3=_XOF,
        v4=("ORANGE", "MTN", "MOOV", "WAVE"),
        trunk=False,
    ),
    Wallet(
        id="mobile_money_sn",
        country="sn",
        name="Senegal",
        currency="XOF",
        dialing_code="221",
        flow="push",
        v3_type=FRANCO,
        v3=_XOF,
        v4=("ORANGE", "FREEMONEY", "EMONEY"),
        trunk=False,
    ),
    Wallet(
        id="mobile_money_bf",
        country="bf",
        name="Burkina Faso",
        currency="XOF",
        dialing_code="226",
        flow="push",
        v3_type=FRANCO,
        v3=_XOF,
        v4=("ORANGE", "MOBICASH"),
        trunk=False,
    ),
    Wallet(
        id="mobile_money_ml",
        country="ml",
        name="Mali",
        currency="XOF",
        dialing_code="223",
        flow="push",
        v3_type=FRANCO,
        v3=_XOF,
        trunk=False,
    ),
)

BY_ID: Mapping[str, Wallet] = {wallet.id: wallet for wallet in WALLETS}


def offered(settings: FlutterwaveSettings, query: MethodsQuery) -> list[Method]:
    """What this shopper may choose, the hosted page first.

    The country narrows the choice only where several share a currency: somebody abroad may still
    pay with a wallet at home.
    """
    if not settings.configured:
        return []
    found = [_hosted(query)] if hosted_here(settings, query.amount.currency) else []
    return found + [_push(wallet, settings.api) for wallet in _wallets(settings, query)]


def wallet_of(settings: FlutterwaveSettings, method: str, currency: str) -> Wallet | None:
    """The wallet behind a method that this store offers in a currency, or None."""
    wallet = BY_ID.get(method)
    if wallet is None or wallet.currency != currency:
        return None
    return wallet if _available(wallet, settings) else None


def hosted_here(settings: FlutterwaveSettings, currency: str) -> bool:
    """Whether this store offers the hosted page in a currency. v4 has none."""
    return settings.api == "v3" and HOSTED in settings.methods and currency in HOSTED_CURRENCIES


def _hosted(query: MethodsQuery) -> Method:
    return Method(
        id=HOSTED,
        title="Pay online",
        flow="redirect",
        step=amounts.step(query.amount.currency),
    )


def _wallets(settings: FlutterwaveSettings, query: MethodsQuery) -> Sequence[Wallet]:
    currency = query.amount.currency
    found = [one for one in WALLETS if one.currency == currency and _available(one, settings)]
    country = (query.country or "").lower()
    return [one for one in found if one.country == country] or found


def _available(wallet: Wallet, settings: FlutterwaveSettings) -> bool:
    kind = MPESA if wallet.id == MPESA else "mobile_money"
    return kind in settings.methods and bool(wallet.networks(settings.api))


def _push(wallet: Wallet, api: str) -> Method:
    phone = Input(name="phone", title="Phone number", kind="phone")
    networks = wallet.networks(api)
    network = Input(
        name="network",
        title="Network",
        kind="choice",
        choices=networks,
        required=wallet.id != MPESA and len(networks) > 1,
    )
    return Method(
        id=wallet.id,
        title=wallet.title,
        flow=wallet.flow if api == "v3" else "push",
        inputs=[phone, network],
        step=amounts.step(wallet.currency, whole=wallet.id == MPESA),
    )
