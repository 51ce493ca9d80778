"""Payments: sessions, and a state that is a fold over facts."""
