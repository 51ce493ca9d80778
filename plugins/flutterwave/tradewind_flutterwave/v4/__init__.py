"""The v4 API: a token for each store; customer, payment method, charge; no hosted page."""

from tradewind_flutterwave.v4.api import Api
from tradewind_flutterwave.v4.known import fetch
from tradewind_flutterwave.v4.refunds import refund
from tradewind_flutterwave.v4.starting import start
from tradewind_flutterwave.v4.tokens import Tokens

__all__ = ["Api", "Tokens", "fetch", "refund", "start"]
