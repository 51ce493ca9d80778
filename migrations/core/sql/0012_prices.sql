-- Which price counts is never ambiguous: one for a variant, a currency and a region (or none), and
-- of those that run for a time, one at a time. A dated price has a beginning; its end may be open.
CREATE EXTENSION IF NOT EXISTS btree_gist WITH SCHEMA public;

ALTER TABLE shop.prices NO FORCE ROW LEVEL SECURITY;
UPDATE shop.prices SET starts_at = created_at WHERE starts_at IS NULL AND ends_at IS NOT NULL;
ALTER TABLE shop.prices FORCE ROW LEVEL SECURITY;

CREATE UNIQUE INDEX prices_region ON shop.prices (store_id, variant_id, currency, region_id)
    WHERE region_id IS NOT NULL AND starts_at IS NULL;
ALTER TABLE shop.prices
    ADD CONSTRAINT prices_time CHECK (ends_at IS NULL OR ends_at > starts_at),
    ADD CONSTRAINT prices_end_begins CHECK (ends_at IS NULL OR starts_at IS NOT NULL),
    ADD CONSTRAINT prices_one_at_a_time EXCLUDE USING gist (
        store_id WITH =, variant_id WITH =, currency WITH =,
        (coalesce(region_id, '00000000-0000-0000-0000-000000000000'::uuid)) WITH =,
        tstzrange(starts_at, ends_at) WITH &&
    ) WHERE (starts_at IS NOT NULL);

-- A region's price is in the region's currency.
CREATE UNIQUE INDEX regions_currency ON shop.regions (store_id, id, currency);
ALTER TABLE shop.prices ADD CONSTRAINT prices_currency_of_region
    FOREIGN KEY (store_id, region_id, currency)
    REFERENCES shop.regions (store_id, id, currency);
