-- Which stores to ask about an account, before a store is known. What it may do in one of them is
-- the role in shop.store_members, written in the same transaction.
CREATE TABLE control.account_stores (
    account_id uuid NOT NULL REFERENCES control.accounts (id),
    store_id uuid NOT NULL REFERENCES control.stores (id),
    PRIMARY KEY (account_id, store_id)
);
CREATE INDEX account_stores_store ON control.account_stores (store_id);
GRANT SELECT, INSERT, UPDATE, DELETE ON control.account_stores TO tradewind_app;
