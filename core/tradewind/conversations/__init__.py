"""Conversations: what a person says, and what the shop answers."""
