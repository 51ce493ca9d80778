"""The plugins that the documentation shows. Tests run every one of them."""
