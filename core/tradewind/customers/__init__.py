"""The people who buy: identities, addresses, sign-in codes."""
