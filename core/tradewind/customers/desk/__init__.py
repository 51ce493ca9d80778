"""Customers as the merchant keeps them."""
