-- All sessions of a customer can be ended; what is long over is removed.
CREATE INDEX sessions_customer ON control.sessions (store_id, customer_id)
    WHERE customer_id IS NOT NULL AND ended_at IS NULL;
CREATE INDEX sessions_expires ON control.sessions (expires_at);
CREATE INDEX sessions_ended ON control.sessions (ended_at) WHERE ended_at IS NOT NULL;

-- Codes are short-lived.
CREATE INDEX one_time_codes_created ON shop.one_time_codes (store_id, created_at);

-- The people behind a phone number.
CREATE INDEX customer_identities_phone ON shop.customer_identities (store_id, phone)
    WHERE phone IS NOT NULL;
