"""What a store has set: its plugins, its flags, and who changed what."""
