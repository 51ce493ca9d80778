"""Orders."""

ROUTES: tuple[()] = ()
