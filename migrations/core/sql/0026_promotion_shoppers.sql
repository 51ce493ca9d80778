-- Whose a use of a promotion is: the customer, their mail addresses and their numbers, each of them. A
-- limit for each shopper counts by any, so that the same person is the same with and without an
-- account. Uses of what is limited are numbered under each: two at the same time cannot both be the
-- first.
CREATE TABLE shop.promotion_shoppers (
    store_id uuid NOT NULL,
    promotion_id uuid NOT NULL,
    order_id uuid NOT NULL,
    shopper text NOT NULL,
    number integer CHECK (number > 0),
    PRIMARY KEY (store_id, promotion_id, order_id, shopper),
    CONSTRAINT promotion_shoppers_once UNIQUE (store_id, promotion_id, shopper, number),
    FOREIGN KEY (store_id, promotion_id, order_id)
        REFERENCES shop.promotion_uses (store_id, promotion_id, order_id) ON DELETE CASCADE
);

ALTER TABLE shop.promotion_uses NO FORCE ROW LEVEL SECURITY;
INSERT INTO shop.promotion_shoppers (store_id, promotion_id, order_id, shopper, number)
SELECT store_id, promotion_id, order_id,
       CASE WHEN customer_key LIKE '%@%' THEN 'email:'
            WHEN customer_key LIKE '%-%' THEN 'customer:'
            ELSE 'phone:' END || customer_key, number
FROM shop.promotion_uses;
ALTER TABLE shop.promotion_uses FORCE ROW LEVEL SECURITY;
ALTER TABLE shop.promotion_uses DROP COLUMN customer_key, DROP COLUMN number;

ALTER TABLE shop.promotion_shoppers ENABLE ROW LEVEL SECURITY;
ALTER TABLE shop.promotion_shoppers FORCE ROW LEVEL SECURITY;
CREATE POLICY own_store ON shop.promotion_shoppers USING (store_id = ANY (
    ARRAY[nullif(current_setting('tradewind.store_id', true), '')::uuid]));
