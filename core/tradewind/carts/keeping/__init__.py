"""Carts that nobody comes back to: they are noticed, expire, and are forgotten in the end."""
