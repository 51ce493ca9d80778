"""What Litestar hands to every route that deals with money at Stripe."""

from litestar.di import NamedDependency

from tradewind_sandbox.stripe.bank import Bank

GivenStripe = NamedDependency[Bank]
