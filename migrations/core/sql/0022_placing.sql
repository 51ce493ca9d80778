-- Indexes that every order pays for and nothing reads: sessions are looked up by their cart or order
-- (and the planner, which knew no open one yet, read all of them by this index), open carts of a
-- customer by `carts_one_of_a_customer` and `carts_of_customer`; guests' orders have no customer.
DROP INDEX shop.payment_sessions_open;
DROP INDEX shop.carts_customer;
DROP INDEX shop.orders_customer;
CREATE INDEX orders_customer ON shop.orders (store_id, customer_id, id) WHERE customer_id IS NOT NULL;
