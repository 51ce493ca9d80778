-- Orders that took their stock before any money came: whose they are, as digests that name nobody,
-- and until when one that is paid by agreement waits. A row is of use while its order is unpaid.
CREATE TABLE shop.unpaid_orders (
    store_id uuid NOT NULL,
    order_id uuid NOT NULL,
    shopper bytea NOT NULL,
    address bytea,
    expires_at timestamptz,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (store_id, order_id),
    FOREIGN KEY (store_id, order_id) REFERENCES shop.orders (store_id, id)
);
CREATE INDEX unpaid_orders_shopper ON shop.unpaid_orders (store_id, shopper);
CREATE INDEX unpaid_orders_address ON shop.unpaid_orders (store_id, address, created_at)
    WHERE address IS NOT NULL;
CREATE INDEX unpaid_orders_expiry ON shop.unpaid_orders (store_id, expires_at)
    WHERE expires_at IS NOT NULL;
ALTER TABLE shop.unpaid_orders ENABLE ROW LEVEL SECURITY;
ALTER TABLE shop.unpaid_orders FORCE ROW LEVEL SECURITY;
CREATE POLICY own_store ON shop.unpaid_orders USING (store_id = ANY (
    ARRAY[nullif(current_setting('tradewind.store_id', true), '')::uuid]));

ALTER TABLE shop.store_settings
    ADD COLUMN unpaid_per_shopper integer NOT NULL DEFAULT 20 CHECK (unpaid_per_shopper >= 0),
    ADD COLUMN unpaid_per_address integer NOT NULL DEFAULT 100 CHECK (unpaid_per_address >= 0),
    ADD COLUMN agreed_hours integer NOT NULL DEFAULT 72 CHECK (agreed_hours >= 0);
