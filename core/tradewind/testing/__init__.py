"""For tests, also of plugins: a database per test, a clock, fixtures."""
