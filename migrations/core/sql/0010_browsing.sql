-- Products in the order of their titles and of their prices: a page of a list is read from an index
-- and not from the whole catalog. lower() is not leak-proof, so an index on it would go unused.
ALTER TABLE shop.products
    ADD COLUMN title_key text GENERATED ALWAYS AS (lower(title)) STORED;
CREATE INDEX products_title ON shop.products (store_id, title_key, id) WHERE status = 'published';
CREATE INDEX prices_amount ON shop.prices (store_id, currency, amount, variant_id);
