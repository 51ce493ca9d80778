-- How many credits pay for a cart at most, and the order that credits were used by.
ALTER TABLE shop.carts
    ADD COLUMN credits integer NOT NULL DEFAULT 0 CONSTRAINT carts_credits CHECK (credits >= 0);

ALTER TABLE shop.line_adjustments
    DROP CONSTRAINT line_adjustments_kind_check,
    ADD CONSTRAINT line_adjustments_kind_check
        CHECK (kind IN ('tax', 'promotion', 'price', 'shipping', 'credit'));

ALTER TABLE shop.credit_entries
    ADD COLUMN order_id uuid,
    DROP CONSTRAINT credit_entries_reason_check,
    ADD CONSTRAINT credit_entries_reason_check
        CHECK (reason IN ('pack', 'gift', 'taken', 'refunded', 'used', 'returned')),
    ADD CONSTRAINT credit_entries_of_an_order
        CHECK ((order_id IS NOT NULL) = (reason IN ('used', 'returned'))),
    ADD FOREIGN KEY (store_id, order_id) REFERENCES shop.orders (store_id, id);

-- An order uses the credits of a grant once, and gives them back once.
CREATE UNIQUE INDEX credit_entries_once
    ON shop.credit_entries (store_id, order_id, grant_id, reason) WHERE order_id IS NOT NULL;
