"""Imports and exports in SQL: a batch of rows in each statement, catalog and stock alike.

Where the catalog's own statements take one product each, these take hundreds: rows travel as one
JSON document.
"""
