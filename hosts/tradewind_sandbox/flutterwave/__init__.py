"""Flutterwave as a store and a payer meet it: the v3 and v4 APIs, a hosted page, a push."""
