"""Orders, their lines, their states and their history."""
