"""One-time codes: whoever reads one out shows that an address or number is theirs."""
