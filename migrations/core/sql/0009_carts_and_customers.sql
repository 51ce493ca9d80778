-- A customer has one open cart beside those of their chats; carts are merged, abandoned, forgotten.
ALTER TABLE shop.carts
    ADD COLUMN merged_into uuid CHECK (merged_into <> id),
    ADD COLUMN notes jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN erased_at timestamptz,
    ADD COLUMN email_key text COLLATE "C" GENERATED ALWAYS AS (lower(email)) STORED,
    ADD COLUMN phone_key text COLLATE "C"
        GENERATED ALWAYS AS (regexp_replace(phone, '[^0-9]', '', 'g')) STORED;

-- Of several open carts of a customer the newest is theirs from now on. The others stay open, each
-- as the cart of a session of its own.
ALTER TABLE shop.carts NO FORCE ROW LEVEL SECURITY;
UPDATE shop.carts c SET session_id = 'cart:' || c.id
WHERE c.status = 'open' AND c.session_id IS NULL AND EXISTS (
    SELECT FROM shop.carts newer
    WHERE newer.store_id = c.store_id AND newer.customer_id = c.customer_id
      AND newer.status = 'open' AND newer.session_id IS NULL AND newer.id > c.id);
ALTER TABLE shop.carts FORCE ROW LEVEL SECURITY;

CREATE UNIQUE INDEX carts_one_of_a_customer ON shop.carts (store_id, customer_id)
    WHERE status = 'open' AND customer_id IS NOT NULL AND session_id IS NULL;
CREATE INDEX carts_left_alone ON shop.carts (store_id, updated_at)
    WHERE status = 'open' AND abandoned_at IS NULL
      AND (email IS NOT NULL OR phone IS NOT NULL OR session_id IS NOT NULL
           OR customer_id IS NOT NULL);
CREATE INDEX carts_over ON shop.carts (store_id, updated_at)
    WHERE status IN ('expired', 'merged') AND erased_at IS NULL;
CREATE INDEX carts_email ON shop.carts (store_id, email_key, id) WHERE email_key IS NOT NULL;
CREATE INDEX carts_phone ON shop.carts (store_id, phone_key, id) WHERE phone_key IS NOT NULL;
CREATE INDEX carts_of_customer ON shop.carts (store_id, customer_id, id)
    WHERE customer_id IS NOT NULL;
CREATE INDEX payments_cart ON shop.payments (store_id, cart_id) WHERE cart_id IS NOT NULL;

-- The beginnings of names, addresses and numbers are found by ranges of these keys: unlike LIKE,
-- comparisons are leak-proof, so that their indexes serve under row-level security.
ALTER TABLE shop.customers
    ADD COLUMN note text NOT NULL DEFAULT '',
    ADD COLUMN name_key text COLLATE "C" GENERATED ALWAYS AS (lower(name)) STORED,
    ADD COLUMN surname_key text COLLATE "C"
        GENERATED ALWAYS AS (lower(substring(name FROM '[^ ]+$'))) STORED,
    ADD COLUMN phone_key text COLLATE "C"
        GENERATED ALWAYS AS (regexp_replace(phone, '[^0-9]', '', 'g')) STORED;
CREATE INDEX customers_name_key ON shop.customers (store_id, name_key) WHERE name_key IS NOT NULL;
CREATE INDEX customers_surname_key ON shop.customers (store_id, surname_key)
    WHERE surname_key IS NOT NULL;
CREATE INDEX customers_phone_key ON shop.customers (store_id, phone_key)
    WHERE phone_key IS NOT NULL;
CREATE INDEX customers_email_key ON shop.customers (store_id, email_key COLLATE "C")
    WHERE email_key IS NOT NULL;

ALTER TABLE shop.store_settings
    ADD COLUMN abandoned_after_hours integer NOT NULL DEFAULT 4 CHECK (abandoned_after_hours > 0),
    ADD COLUMN cart_retention_days integer NOT NULL DEFAULT 30 CHECK (cart_retention_days > 0);
