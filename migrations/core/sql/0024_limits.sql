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
