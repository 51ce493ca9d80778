"""The ledger: transfers between two accounts, which balance by construction."""
