"""Stripe's stand-in: its API, its hosted page, the bank that asks who pays, and signed webhooks."""
