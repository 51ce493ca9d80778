"""Flutterwave's v4 API: OAuth, customers, payment methods, charges, and idempotency keys."""
