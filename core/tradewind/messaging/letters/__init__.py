"""Letters about orders: which are due, what they say in each language, and how they look."""
