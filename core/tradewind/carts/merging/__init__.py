"""A guest's cart becomes that of whoever signs in, or goes into the one they have."""
