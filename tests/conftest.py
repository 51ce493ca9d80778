"""What every test may ask for: a real PostgreSQL, a fresh database, stores, a clock."""

pytest_plugins = ["tradewind.testing.fixtures"]
