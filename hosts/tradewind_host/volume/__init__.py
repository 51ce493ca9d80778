"""`tradewind seed --products --orders`: a store as full as a busy one, to try and to measure."""
