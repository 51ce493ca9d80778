"""The v3 API: a secret key, `tx_ref` as the one guard, transactions under it."""

from tradewind_flutterwave.v3.api import balances
from tradewind_flutterwave.v3.known import fetch
from tradewind_flutterwave.v3.refunds import refund
from tradewind_flutterwave.v3.starting import start

__all__ = ["balances", "fetch", "refund", "start"]
