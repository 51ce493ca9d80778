"""A person in SQL: all that is theirs, and how it is forgotten."""
