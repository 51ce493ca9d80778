-- How long an order waits for its money.
ALTER TABLE shop.store_settings
    ADD COLUMN order_minutes integer NOT NULL DEFAULT 60 CHECK (order_minutes > 0);

-- When the answer to a session's start was given up; the same attempt may be taken up again.
ALTER TABLE shop.payment_sessions ADD COLUMN lost_at timestamptz;

-- A request to give money back becomes one row for each captured object it is taken from.
ALTER TABLE shop.refunds
    ADD COLUMN request_id text NOT NULL DEFAULT '',
    ADD COLUMN object_id text NOT NULL DEFAULT '',
    ADD COLUMN code text NOT NULL DEFAULT '',
    ADD COLUMN attempts integer NOT NULL DEFAULT 0,
    ADD COLUMN leased_until timestamptz;
CREATE UNIQUE INDEX refunds_request
    ON shop.refunds (store_id, request_id, payment_id, object_id, currency)
    WHERE status <> 'failed';
CREATE UNIQUE INDEX refunds_provider_ref
    ON shop.refunds (store_id, payment_id, provider_ref) WHERE provider_ref IS NOT NULL;
CREATE INDEX refunds_order ON shop.refunds (store_id, order_id);
