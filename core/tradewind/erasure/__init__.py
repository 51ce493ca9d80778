"""Forgetting a person: what they said, where they live and how they are reached, in every table."""
