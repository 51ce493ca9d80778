-- When an order that is over could not be ended: it waits behind those that were not tried since.
ALTER TABLE shop.orders ADD COLUMN end_failed_at timestamptz;
