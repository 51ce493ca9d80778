"""What a file says, and what it would change. Nothing here reads a database or a clock."""
