"""Start a payment, place an order, take in what a provider reports, and put differences right."""
