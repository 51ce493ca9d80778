-- What a cart comes to always fits into a bigint: a price has a limit, and so has a line. Lines that
-- were stored before are looked at when they are next changed.
ALTER TABLE shop.prices
    ADD CONSTRAINT prices_amount_limit CHECK (amount <= 1000000000000000);
ALTER TABLE shop.shipping_options
    ADD CONSTRAINT shipping_options_price_limit CHECK (price <= 1000000000000000);
ALTER TABLE shop.cart_lines
    ADD CONSTRAINT cart_lines_amount_limit
        CHECK (unit_price <= 1000000000000000 / greatest(quantity, 1)) NOT VALID;

-- 0 weighs nothing; without a weight nobody knows.
ALTER TABLE shop.variants
    ADD CONSTRAINT variants_weight CHECK (weight_grams >= 0 AND weight_grams <= 100000000);

-- When a download last counted: parts of a file that are asked for afterwards belong to it.
ALTER TABLE shop.downloads ADD COLUMN counted_at timestamptz;

-- Pictures of other hosts that products name: to be fetched, kept at `address`, or given up with
-- what was wrong. An address of the web is too long for a key: `url_key` is its SHA-256.
CREATE TABLE shop.foreign_pictures (
    store_id uuid NOT NULL,
    id uuid NOT NULL,
    product_id uuid NOT NULL,
    url text NOT NULL,
    url_key bytea NOT NULL,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'kept', 'failed')),
    address text,
    error text NOT NULL DEFAULT '',
    attempts integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    due_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (store_id, id),
    CONSTRAINT foreign_pictures_once UNIQUE (store_id, product_id, url_key),
    CONSTRAINT foreign_pictures_kept CHECK ((state = 'kept') = (address IS NOT NULL)),
    FOREIGN KEY (store_id, product_id) REFERENCES shop.products (store_id, id)
);
CREATE INDEX foreign_pictures_due ON shop.foreign_pictures (store_id, due_at)
    WHERE state = 'waiting';
CREATE INDEX foreign_pictures_known ON shop.foreign_pictures (store_id, url_key)
    WHERE state = 'kept';

ALTER TABLE shop.foreign_pictures ENABLE ROW LEVEL SECURITY;
ALTER TABLE shop.foreign_pictures FORCE ROW LEVEL SECURITY;
CREATE POLICY own_store ON shop.foreign_pictures USING (store_id = ANY (
    ARRAY[nullif(current_setting('tradewind.store_id', true), '')::uuid]));
