ALTER TABLE shop.messaging_log ADD COLUMN order_id uuid;
CREATE INDEX messaging_log_order
    ON shop.messaging_log (store_id, order_id, id) WHERE order_id IS NOT NULL;
