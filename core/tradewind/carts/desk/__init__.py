"""Carts as the merchant looks at them."""
