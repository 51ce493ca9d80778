"""Orders that repeat."""
