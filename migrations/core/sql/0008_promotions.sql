-- Which price tables a store's quotes were made from: raised by every change of its regions, taxes,
-- deliveries and promotions. A quote made from others, or past its time, is void.
ALTER TABLE shop.store_settings ADD COLUMN pricing_version integer NOT NULL DEFAULT 1;
ALTER TABLE shop.carts
    ADD COLUMN quoted_pricing_version integer NOT NULL DEFAULT 0,
    ADD COLUMN quote_expires_at timestamptz;

-- Within its region a tax may hold for a country, a province or the postal codes that begin so.
ALTER TABLE shop.tax_rates
    ADD COLUMN country_code text CHECK (country_code ~ '^[a-z]{2}$'),
    ADD COLUMN postal_prefix text CHECK (postal_prefix <> '');
CREATE INDEX tax_rates_region ON shop.tax_rates (store_id, region_id);
CREATE INDEX shipping_options_region ON shop.shipping_options (store_id, region_id);

-- The promotion that an entry comes from.
ALTER TABLE shop.line_adjustments ADD COLUMN reference text NOT NULL DEFAULT '';

ALTER TABLE shop.promotions
    ADD CONSTRAINT promotions_code_is_typed CHECK (code ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$'),
    ADD CONSTRAINT promotions_currency CHECK (currency ~ '^[A-Z]{3}$'),
    ADD CONSTRAINT promotions_percent
        CHECK (kind NOT IN ('percentage', 'buy_x_get_y') OR value <= 100),
    ADD CONSTRAINT promotions_minor_units CHECK (kind <> 'fixed' OR value = trunc(value)),
    ADD CONSTRAINT promotions_amounts_have_a_currency CHECK (
        currency IS NOT NULL
        OR (kind <> 'fixed' AND minimum IS NULL AND rules -> 'maximum' IS NULL)),
    ADD CONSTRAINT promotions_minimum CHECK (minimum >= 0),
    ADD CONSTRAINT promotions_limits CHECK (usage_limit > 0 AND limit_per_customer > 0),
    ADD CONSTRAINT promotions_dates CHECK (starts_at < ends_at),
    ADD CONSTRAINT promotions_rules CHECK (jsonb_typeof(rules) = 'object');
CREATE INDEX promotions_automatic
    ON shop.promotions (store_id, id) WHERE code IS NULL AND archived_at IS NULL;

-- Where a promotion is limited for each shopper, their uses are numbered: two orders at the same
-- time cannot both be the first.
ALTER TABLE shop.promotion_uses ADD COLUMN number integer CHECK (number > 0);
CREATE UNIQUE INDEX promotion_uses_shopper
    ON shop.promotion_uses (store_id, promotion_id, customer_key, number);
CREATE INDEX promotion_uses_order ON shop.promotion_uses (store_id, order_id);
