"""Stock: levels, soft holds, reservations and movements."""
