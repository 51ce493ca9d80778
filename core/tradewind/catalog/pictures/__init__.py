"""Pictures of other hosts that products name: noted, fetched by the worker, shown from here."""
