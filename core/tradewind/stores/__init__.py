"""Stores, their staff and their keys."""
