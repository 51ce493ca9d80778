"""Taxes, delivery prices and promotions, and the arithmetic of a total."""
