"""What plugins and engine exchange: plain structs and protocols, no I/O."""
