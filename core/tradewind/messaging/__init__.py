"""Messages to people: fitted to the channel, queued, sent, logged."""
