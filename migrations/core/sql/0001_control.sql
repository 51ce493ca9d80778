-- What the host reads before it knows the store, and the queues. No row-level security here:
-- reached through tradewind.database.directory and the worker alone.
CREATE SCHEMA control;
CREATE SCHEMA shop;

CREATE TABLE control.stores (
    id uuid PRIMARY KEY,
    slug text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
    name text NOT NULL,
    created_at timestamptz NOT NULL,
    closed_at timestamptz
);

CREATE TABLE control.accounts (
    id uuid PRIMARY KEY,
    email text NOT NULL,
    name text NOT NULL DEFAULT '',
    password_hash text,
    second_factor bytea,
    operator boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL,
    disabled_at timestamptz
);
CREATE UNIQUE INDEX accounts_email ON control.accounts (lower(email));

CREATE TABLE control.sessions (
    token_hash bytea PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('staff', 'customer')),
    account_id uuid REFERENCES control.accounts (id),
    store_id uuid REFERENCES control.stores (id),
    customer_id uuid,
    csrf_hash bytea NOT NULL,
    agent text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at timestamptz
);
CREATE INDEX sessions_account ON control.sessions (account_id) WHERE ended_at IS NULL;

CREATE TABLE control.api_keys (
    id uuid PRIMARY KEY,
    store_id uuid NOT NULL REFERENCES control.stores (id),
    kind text NOT NULL CHECK (kind IN ('publishable', 'secret')),
    key_hash bytea NOT NULL UNIQUE,
    hint text NOT NULL,
    title text NOT NULL,
    role text NOT NULL DEFAULT 'owner',
    origins text[] NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL,
    revoked_at timestamptz
);
CREATE INDEX api_keys_store ON control.api_keys (store_id);

-- Which account in the outside world is whose, with the settings the webhook door needs.
CREATE TABLE control.business_channel_settings (
    plugin text NOT NULL,
    store_id uuid NOT NULL REFERENCES control.stores (id),
    address text NOT NULL DEFAULT '',
    settings bytea NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (plugin, store_id)
);
CREATE UNIQUE INDEX business_channel_settings_address
    ON control.business_channel_settings (plugin, address) WHERE address <> '';

-- Keys that were taken in already. Narrow, so that the inbox itself may be emptied earlier.
CREATE TABLE control.webhook_keys (
    plugin text NOT NULL,
    scope text NOT NULL,
    dedupe_key text NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (plugin, scope, dedupe_key)
);
CREATE INDEX webhook_keys_received ON control.webhook_keys (received_at);

CREATE TABLE control.webhook_inbox (
    id uuid PRIMARY KEY,
    plugin text NOT NULL,
    store_id uuid,
    address text NOT NULL DEFAULT '',
    lane text NOT NULL,
    dedupe_key text NOT NULL,
    body bytea NOT NULL,
    state text NOT NULL CHECK (state IN ('pending', 'done', 'dropped', 'dead')),
    attempts integer NOT NULL DEFAULT 0,
    error text NOT NULL DEFAULT '',
    received_at timestamptz NOT NULL,
    run_at timestamptz NOT NULL,
    processed_at timestamptz
);
CREATE INDEX webhook_inbox_pending
    ON control.webhook_inbox (store_id, plugin, lane, id) WHERE state = 'pending';
CREATE INDEX webhook_inbox_store ON control.webhook_inbox (store_id, id);
CREATE INDEX webhook_inbox_received ON control.webhook_inbox (received_at);

CREATE TABLE control.outbox_pointers (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    store_id uuid NOT NULL,
    event_id uuid NOT NULL,
    type text NOT NULL
);

-- A lane (for a chat: one person's conversation) has one job at most, so its lease is the lane's.
-- `again`: more came while the job was under way.
CREATE TABLE control.jobs (
    id uuid PRIMARY KEY,
    kind text NOT NULL,
    store_id uuid,
    dedupe_key text,
    payload jsonb NOT NULL,
    state text NOT NULL DEFAULT 'ready' CHECK (state IN ('ready', 'dead')),
    run_at timestamptz NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    leased_by uuid,
    leased_until timestamptz,
    again boolean NOT NULL DEFAULT false,
    error text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL
);
CREATE INDEX jobs_ready ON control.jobs (run_at) WHERE state = 'ready';
CREATE UNIQUE INDEX jobs_dedupe ON control.jobs (kind, dedupe_key) WHERE dedupe_key IS NOT NULL;
CREATE INDEX jobs_store ON control.jobs (store_id, id);

CREATE TABLE control.schedules (
    name text PRIMARY KEY,
    next_at timestamptz NOT NULL
);

CREATE TABLE control.order_numbers (
    store_id uuid PRIMARY KEY,
    next_number bigint NOT NULL
);

CREATE TABLE control.live_messages (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    store_id uuid NOT NULL,
    topic text NOT NULL,
    data jsonb NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX live_messages_topic ON control.live_messages (store_id, topic, position);
CREATE INDEX live_messages_created ON control.live_messages (created_at);
