"""Cases: what a human must look at."""
