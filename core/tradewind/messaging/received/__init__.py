"""Keeping what people send in a chat: fetched once from the channel, forgotten after its days."""
