"""Flutterwave's v3 API: a secret key as bearer, envelopes, and no idempotency of any kind."""
