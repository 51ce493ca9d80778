"""The steps that make the plugin's tables."""
