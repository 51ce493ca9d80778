"""What the shop says: one module for each part of a conversation."""
