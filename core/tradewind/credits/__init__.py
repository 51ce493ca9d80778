"""Packs: credits that a customer buys at once and uses later."""
