-- Held money that the merchant takes: one claim at a time on a payment, never for more than is
-- held. `held` and `captured` are what the payment came to when the claim was made.
CREATE TABLE shop.captures (
    store_id uuid NOT NULL,
    id uuid NOT NULL,
    payment_id uuid NOT NULL,
    order_id uuid NOT NULL,
    request_id text NOT NULL,
    operation_id text NOT NULL,
    status text NOT NULL CHECK (status IN ('pending', 'succeeded', 'failed')),
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    amount bigint NOT NULL CHECK (amount > 0),
    held bigint NOT NULL,
    captured bigint NOT NULL CHECK (captured >= 0),
    code text NOT NULL DEFAULT '',
    actor text NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    leased_until timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (store_id, id),
    UNIQUE (store_id, operation_id),
    CONSTRAINT captures_within_what_is_held CHECK (captured + amount <= held),
    FOREIGN KEY (store_id, payment_id) REFERENCES shop.payments (store_id, id)
);
CREATE UNIQUE INDEX captures_one_at_a_time
    ON shop.captures (store_id, payment_id) WHERE status = 'pending';
CREATE UNIQUE INDEX captures_request
    ON shop.captures (store_id, request_id, payment_id) WHERE status <> 'failed';
CREATE INDEX captures_payment ON shop.captures (store_id, payment_id);

ALTER TABLE shop.captures ENABLE ROW LEVEL SECURITY;
ALTER TABLE shop.captures FORCE ROW LEVEL SECURITY;
CREATE POLICY own_store ON shop.captures USING (store_id = ANY (
    ARRAY[nullif(current_setting('tradewind.store_id', true), '')::uuid]));
