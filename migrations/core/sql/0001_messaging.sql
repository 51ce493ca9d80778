-- Conversations, messages, events and their deliveries.
CREATE TABLE shop.conversations (
    store_id uuid NOT NULL,
    id uuid NOT NULL,
    channel text NOT NULL,
    identity text NOT NULL,
    customer_id uuid NOT NULL,
    locale text NOT NULL,
    state jsonb NOT NULL DEFAULT '{}',
    state_version integer NOT NULL DEFAULT 0,
    mode text NOT NULL DEFAULT 'bot' CHECK (mode IN ('bot', 'human')),
    assigned_to uuid,
    labels text[] NOT NULL DEFAULT '{}',
    unread integer NOT NULL DEFAULT 0,
    outbound_sequence bigint NOT NULL DEFAULT 0,
    last_inbound_at timestamptz,
    last_message_at timestamptz NOT NULL,
    window_expires_at timestamptz,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (store_id, id),
    UNIQUE (store_id, channel, identity),
    FOREIGN KEY (store_id, customer_id) REFERENCES shop.customers (store_id, id)
) WITH (fillfactor = 80);
CREATE INDEX conversations_recent ON shop.conversations (store_id, last_message_at DESC);
CREATE INDEX conversations_customer ON shop.conversations (store_id, customer_id);

CREATE TABLE shop.messaging_log (
    store_id uuid NOT NULL,
    id uuid NOT NULL,
    conversation_id uuid,
    channel text NOT NULL,
    direction text NOT NULL CHECK (direction IN ('in', 'out')),
    kind text NOT NULL,
    category text NOT NULL DEFAULT 'service',
    identity text NOT NULL,
    sequence bigint NOT NULL DEFAULT 0,
    cause text NOT NULL DEFAULT '',
    reply_to text,
    author text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL,
    PRIMARY KEY (store_id, id)
);
CREATE INDEX messaging_log_conversation ON shop.messaging_log (store_id, conversation_id, id);

-- What was said: apart from the log, so that it can be erased while the log stays.
CREATE TABLE shop.message_bodies (
    store_id uuid NOT NULL,
    message_id uuid NOT NULL,
    body jsonb NOT NULL,
    PRIMARY KEY (store_id, message_id)
);

-- The provider's id of a message, both ways; guards against handling one message twice.
CREATE TABLE shop.message_refs (
    store_id uuid NOT NULL,
    channel text NOT NULL,
    ref text NOT NULL,
    message_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (store_id, channel, ref)
);
CREATE INDEX message_refs_message ON shop.message_refs (store_id, message_id);

CREATE TABLE shop.message_statuses (
    store_id uuid NOT NULL,
    message_id uuid NOT NULL,
    status text NOT NULL CHECK (status IN (
        'sending', 'sent', 'delivered', 'read', 'failed', 'withheld')),
    attempt integer NOT NULL DEFAULT 0,
    provider_ref text,
    error_code text NOT NULL DEFAULT '',
    error text NOT NULL DEFAULT '',
    pricing jsonb,
    occurred_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (store_id, message_id, status, attempt)
);

-- Messages on their way out; a row leaves when the provider took it or it failed for good.
CREATE TABLE shop.outbound_messages (
    store_id uuid NOT NULL,
    message_id uuid NOT NULL,
    conversation_id uuid,
    channel text NOT NULL,
    identity text NOT NULL,
    phone text,
    sequence bigint NOT NULL,
    category text NOT NULL,
    reply_to text,
    dedupe_key text,
    state text NOT NULL DEFAULT 'ready' CHECK (state IN ('ready', 'sending')),
    attempts integer NOT NULL DEFAULT 0,
    run_at timestamptz NOT NULL,
    marked_at timestamptz,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (store_id, message_id)
);
CREATE INDEX outbound_messages_lane
    ON shop.outbound_messages (store_id, channel, identity, sequence, message_id);

-- One message per cause, however often the cause is told.
CREATE TABLE shop.message_keys (
    store_id uuid NOT NULL,
    dedupe_key text NOT NULL,
    message_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (store_id, dedupe_key)
);

CREATE TABLE shop.customer_channel_opt_in (
    store_id uuid NOT NULL,
    channel text NOT NULL,
    identity text NOT NULL,
    category text NOT NULL CHECK (category IN ('all', 'marketing')),
    allowed boolean NOT NULL,
    source text NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (store_id, channel, identity, category)
);

CREATE TABLE shop.message_templates (
    store_id uuid NOT NULL REFERENCES control.stores (id),
    id uuid NOT NULL,
    channel text NOT NULL,
    name text NOT NULL,
    language text NOT NULL,
    category text NOT NULL CHECK (category IN ('utility', 'marketing', 'authentication')),
    purpose text NOT NULL DEFAULT '',
    status text NOT NULL,
    body text NOT NULL,
    components jsonb NOT NULL DEFAULT '[]',
    provider_ref text,
    reason text NOT NULL DEFAULT '',
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (store_id, id),
    UNIQUE (store_id, channel, name, language)
);

CREATE TABLE shop.events (
    store_id uuid NOT NULL,
    id uuid NOT NULL,
    type text NOT NULL,
    aggregate text NOT NULL,
    sequence bigint NOT NULL,
    payload jsonb NOT NULL,
    occurred_at timestamptz NOT NULL,
    PRIMARY KEY (store_id, id)
);
CREATE INDEX events_aggregate ON shop.events (store_id, aggregate, sequence);

CREATE TABLE shop.event_deliveries (
    store_id uuid NOT NULL,
    id uuid NOT NULL,
    event_id uuid NOT NULL,
    type text NOT NULL,
    subscriber text NOT NULL,
    state text NOT NULL CHECK (state IN ('pending', 'done', 'dead')),
    attempts integer NOT NULL DEFAULT 0,
    error text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (store_id, id),
    UNIQUE (store_id, event_id, subscriber)
);
CREATE INDEX event_deliveries_state ON shop.event_deliveries (store_id, state, id);

CREATE TABLE shop.event_marks (
    store_id uuid NOT NULL,
    subscriber text NOT NULL,
    mark text NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (store_id, subscriber, mark)
);

CREATE TABLE shop.webhook_endpoints (
    store_id uuid NOT NULL REFERENCES control.stores (id),
    id uuid NOT NULL,
    url text NOT NULL,
    event_types text[] NOT NULL,
    secrets bytea NOT NULL,
    enabled boolean NOT NULL DEFAULT true,
    failures integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (store_id, id)
);

CREATE TABLE shop.idempotency_keys (
    store_id uuid NOT NULL,
    credential text NOT NULL,
    key text NOT NULL,
    fingerprint bytea NOT NULL,
    operation_id uuid NOT NULL,
    leased_until timestamptz,
    response_status integer,
    response_body bytea,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (store_id, credential, key)
);
