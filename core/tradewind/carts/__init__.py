"""What shoppers intend to buy, priced from the catalog at every look."""
