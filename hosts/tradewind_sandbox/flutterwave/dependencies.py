"""What Litestar hands to every route that deals with money."""

from litestar.di import NamedDependency

from tradewind_sandbox.flutterwave.bank import Bank

GivenBank = NamedDependency[Bank]
