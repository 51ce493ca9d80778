"""Orders whose stock is reserved before their money has come: so many, and not for ever."""
