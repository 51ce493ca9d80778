-- Packs: how many credits a unit of a variant grants, and for how many days.
CREATE TABLE shop.pack_terms (
    store_id uuid NOT NULL REFERENCES control.stores (id),
    variant_id uuid NOT NULL,
    credits integer NOT NULL CHECK (credits > 0),
    days integer CHECK (days > 0),
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (store_id, variant_id)
);

-- Credits that came at one time and end together. `remaining` is what the entries come to; the
-- database refuses whoever takes one too many. A guest's belong to their order until they sign in.
CREATE TABLE shop.credit_grants (
    store_id uuid NOT NULL REFERENCES control.stores (id),
    id uuid NOT NULL,
    customer_id uuid,
    order_id uuid,
    line_id uuid,
    credits integer NOT NULL CHECK (credits > 0),
    remaining integer NOT NULL,
    expires_at timestamptz,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (store_id, id),
    CONSTRAINT credit_grants_once UNIQUE (store_id, line_id),
    CONSTRAINT credit_grants_never_negative CHECK (remaining >= 0 AND remaining <= credits),
    CHECK (customer_id IS NOT NULL OR order_id IS NOT NULL),
    FOREIGN KEY (store_id, customer_id) REFERENCES shop.customers (store_id, id),
    FOREIGN KEY (store_id, order_id) REFERENCES shop.orders (store_id, id)
);
CREATE INDEX credit_grants_customer ON shop.credit_grants (store_id, customer_id);
CREATE INDEX credit_grants_order ON shop.credit_grants (store_id, order_id);

-- Why credits came and went.
CREATE TABLE shop.credit_entries (
    store_id uuid NOT NULL,
    id uuid NOT NULL,
    grant_id uuid NOT NULL,
    amount integer NOT NULL CHECK (amount <> 0),
    reason text NOT NULL CHECK (reason IN ('pack', 'gift', 'taken', 'refunded')),
    actor text NOT NULL,
    note text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL,
    PRIMARY KEY (store_id, id),
    FOREIGN KEY (store_id, grant_id) REFERENCES shop.credit_grants (store_id, id)
);
CREATE INDEX credit_entries_grant ON shop.credit_entries (store_id, grant_id);
REVOKE UPDATE, DELETE ON shop.credit_entries FROM tradewind_app;

ALTER TABLE shop.pack_terms ENABLE ROW LEVEL SECURITY;
ALTER TABLE shop.pack_terms FORCE ROW LEVEL SECURITY;
CREATE POLICY own_store ON shop.pack_terms USING (store_id = ANY (
    ARRAY[nullif(current_setting('tradewind.store_id', true), '')::uuid]));
ALTER TABLE shop.credit_grants ENABLE ROW LEVEL SECURITY;
ALTER TABLE shop.credit_grants FORCE ROW LEVEL SECURITY;
CREATE POLICY own_store ON shop.credit_grants USING (store_id = ANY (
    ARRAY[nullif(current_setting('tradewind.store_id', true), '')::uuid]));
ALTER TABLE shop.credit_entries ENABLE ROW LEVEL SECURITY;
ALTER TABLE shop.credit_entries FORCE ROW LEVEL SECURITY;
CREATE POLICY own_store ON shop.credit_entries USING (store_id = ANY (
    ARRAY[nullif(current_setting('tradewind.store_id', true), '')::uuid]));
