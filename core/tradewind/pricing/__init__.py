"""From catalog prices to what is due: adjustments, delivery, tax, totals."""
