"""Whole catalogs in and out: products, prices and stock as CSV files, a batch at a time."""
