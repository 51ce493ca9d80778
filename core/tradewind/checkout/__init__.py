"""From a cart to an order: quote, payment, placing, what payments bring, and calling it off."""
