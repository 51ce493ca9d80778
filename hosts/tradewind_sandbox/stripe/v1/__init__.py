"""Stripe's v1 API, in its version of October 2026."""
