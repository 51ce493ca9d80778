"""Imports and exports: begin, go on, call off, look at."""
