"""Keeping promotions, and counting what they were used for."""
