-- Customers, carts, payments, orders, the ledger and what follows a sale.
CREATE TABLE shop.customers (
    store_id uuid NOT NULL REFERENCES control.stores (id),
    id uuid NOT NULL,
    name text,
    email text,
    email_key text GENERATED ALWAYS AS (lower(email)) STORED,
    email_verified_at timestamptz,
    phone text,
    phone_verified_at timestamptz,
    locale text,
    country text,
    metadata jsonb NOT NULL DEFAULT '{}',
    provider_refs jsonb NOT NULL DEFAULT '{}',
    merged_into uuid,
    erased_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (store_id, id)
);
CREATE INDEX customers_email ON shop.customers (store_id, email_key) WHERE email IS NOT NULL;
CREATE INDEX customers_phone ON shop.customers (store_id, phone) WHERE phone IS NOT NULL;

CREATE TABLE shop.customer_identities (
    store_id uuid NOT NULL,
    channel text NOT NULL,
    identity text NOT NULL,
    customer_id uuid NOT NULL,
    phone text,
    name text,
    verified_at timestamptz,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (store_id, channel, identity),
    FOREIGN KEY (store_id, customer_id) REFERENCES shop.customers (store_id, id)
);
CREATE INDEX customer_identities_customer ON shop.customer_identities (store_id, customer_id);

CREATE TABLE shop.addresses (
    store_id uuid NOT NULL,
    id uuid NOT NULL,
    customer_id uuid NOT NULL,
    address jsonb NOT NULL,
    is_default boolean NOT NULL DEFAULT false,
    used_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (store_id, id),
    FOREIGN KEY (store_id, customer_id) REFERENCES shop.customers (store_id, id)
);
CREATE INDEX addresses_customer ON shop.addresses (store_id, customer_id, used_at);

CREATE TABLE shop.one_time_codes (
    store_id uuid NOT NULL REFERENCES control.stores (id),
    id uuid NOT NULL,
    channel text NOT NULL,
    identity text NOT NULL,
    code_hash bytea NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (store_id, id)
);
CREATE INDEX one_time_codes_identity ON shop.one_time_codes (store_id, channel, identity);

CREATE TABLE shop.carts (
    store_id uuid NOT NULL,
    id uuid NOT NULL,
    session_id text,
    customer_id uuid,
    region_id uuid NOT NULL,
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    source text NOT NULL,
    locale text NOT NULL DEFAULT 'en',
    email text,
    phone text,
    shipping_address jsonb,
    billing_address jsonb,
    shipping_method jsonb,
    codes text[] NOT NULL DEFAULT '{}',
    metadata jsonb NOT NULL DEFAULT '{}',
    status text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'completed', 'expired', 'merged')),
    version integer NOT NULL DEFAULT 1,
    quoted_version integer NOT NULL DEFAULT 0,
    quote_flags text[] NOT NULL DEFAULT '{}',
    subtotal bigint NOT NULL DEFAULT 0,
    discount_total bigint NOT NULL DEFAULT 0,
    shipping_total bigint NOT NULL DEFAULT 0,
    tax_total bigint NOT NULL DEFAULT 0,
    total bigint NOT NULL DEFAULT 0 CHECK (total >= 0),
    reminded_at timestamptz,
    abandoned_at timestamptz,
    expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (store_id, id),
    FOREIGN KEY (store_id, region_id) REFERENCES shop.regions (store_id, id),
    FOREIGN KEY (store_id, customer_id) REFERENCES shop.customers (store_id, id)
);
CREATE UNIQUE INDEX carts_session
    ON shop.carts (store_id, session_id) WHERE status = 'open' AND session_id IS NOT NULL;
CREATE INDEX carts_expiry ON shop.carts (store_id, expires_at) WHERE status = 'open';
CREATE INDEX carts_customer ON shop.carts (store_id, customer_id) WHERE status = 'open';

CREATE TABLE shop.cart_lines (
    store_id uuid NOT NULL,
    id uuid NOT NULL,
    cart_id uuid NOT NULL,
    variant_id uuid NOT NULL,
    quantity bigint NOT NULL CHECK (quantity > 0 AND quantity <= 100000),
    unit_price bigint NOT NULL CHECK (unit_price >= 0),
    subtotal bigint NOT NULL DEFAULT 0,
    discount bigint NOT NULL DEFAULT 0,
    tax bigint NOT NULL DEFAULT 0,
    total bigint NOT NULL DEFAULT 0,
    metadata jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL,
    PRIMARY KEY (store_id, id),
    UNIQUE (store_id, cart_id, variant_id),
    FOREIGN KEY (store_id, cart_id) REFERENCES shop.carts (store_id, id) ON DELETE CASCADE,
    FOREIGN KEY (store_id, variant_id) REFERENCES shop.variants (store_id, id)
);

CREATE TABLE shop.orders (
    store_id uuid NOT NULL,
    id uuid NOT NULL,
    number bigint NOT NULL,
    cart_id uuid,
    customer_id uuid,
    region_id uuid NOT NULL,
    source text NOT NULL,
    session_id text,
    status text NOT NULL CHECK (status IN (
        'draft', 'pending', 'processing', 'completed', 'canceled', 'expired')),
    payment_status text NOT NULL CHECK (payment_status IN (
        'awaiting', 'authorized', 'partially_paid', 'paid', 'partially_refunded', 'refunded',
        'failed')),
    fulfillment_status text NOT NULL CHECK (fulfillment_status IN (
        'unfulfilled', 'partially_fulfilled', 'fulfilled', 'shipped', 'delivered', 'returned')),
    disputed boolean NOT NULL DEFAULT false,
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    locale text NOT NULL DEFAULT 'en',
    name text,
    email text,
    email_key text GENERATED ALWAYS AS (lower(email)) STORED,
    phone text,
    shipping_address jsonb,
    billing_address jsonb,
    shipping_method jsonb,
    codes text[] NOT NULL DEFAULT '{}',
    tax_inclusive boolean NOT NULL DEFAULT false,
    quote_flags text[] NOT NULL DEFAULT '{}',
    subtotal bigint NOT NULL CHECK (subtotal >= 0),
    discount_total bigint NOT NULL CHECK (discount_total >= 0),
    shipping_total bigint NOT NULL CHECK (shipping_total >= 0),
    tax_total bigint NOT NULL CHECK (tax_total >= 0),
    total bigint NOT NULL CHECK (total >= 0),
    paid_total bigint NOT NULL DEFAULT 0 CHECK (paid_total >= 0),
    refunded_total bigint NOT NULL DEFAULT 0 CHECK (refunded_total >= 0 AND refunded_total <= paid_total),
    metadata jsonb NOT NULL DEFAULT '{}',
    version integer NOT NULL DEFAULT 1,
    placed_at timestamptz,
    canceled_at timestamptz,
    completed_at timestamptz,
    expires_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (store_id, id),
    UNIQUE (store_id, number),
    UNIQUE (store_id, cart_id),
    CHECK (total = subtotal - discount_total + shipping_total
        + CASE WHEN tax_inclusive THEN 0 ELSE tax_total END)
);
CREATE INDEX orders_customer ON shop.orders (store_id, customer_id, id);
CREATE INDEX orders_session ON shop.orders (store_id, session_id, id) WHERE session_id IS NOT NULL;
CREATE INDEX orders_expiry ON shop.orders (store_id, expires_at) WHERE status = 'pending';
CREATE INDEX orders_email ON shop.orders (store_id, email_key);

CREATE TABLE shop.order_lines (
    store_id uuid NOT NULL,
    id uuid NOT NULL,
    order_id uuid NOT NULL,
    position integer NOT NULL,
    variant_id uuid NOT NULL,
    product_id uuid NOT NULL,
    sku text NOT NULL,
    title text NOT NULL,
    kind text NOT NULL,
    options jsonb NOT NULL DEFAULT '{}',
    tax_class text NOT NULL,
    tracked boolean NOT NULL,
    quantity bigint NOT NULL CHECK (quantity > 0),
    unit_price bigint NOT NULL CHECK (unit_price >= 0),
    subtotal bigint NOT NULL,
    discount bigint NOT NULL DEFAULT 0,
    tax bigint NOT NULL DEFAULT 0,
    total bigint NOT NULL,
    fulfilled bigint NOT NULL DEFAULT 0,
    returned bigint NOT NULL DEFAULT 0,
    metadata jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (store_id, id),
    FOREIGN KEY (store_id, order_id) REFERENCES shop.orders (store_id, id),
    CHECK (fulfilled >= 0 AND fulfilled <= quantity AND returned >= 0 AND returned <= fulfilled)
);
CREATE INDEX order_lines_order ON shop.order_lines (store_id, order_id, position);

-- Every tax, discount and surcharge, on the line it belongs to; line_id is null for the delivery.
CREATE TABLE shop.line_adjustments (
    store_id uuid NOT NULL,
    id uuid NOT NULL,
    cart_id uuid,
    order_id uuid,
    line_id uuid,
    kind text NOT NULL CHECK (kind IN ('tax', 'promotion', 'price', 'shipping')),
    source text NOT NULL,
    code text NOT NULL DEFAULT '',
    title text NOT NULL,
    rate numeric(9, 6),
    amount bigint NOT NULL,
    PRIMARY KEY (store_id, id),
    CHECK ((cart_id IS NULL) <> (order_id IS NULL))
);
CREATE INDEX line_adjustments_cart ON shop.line_adjustments (store_id, cart_id) WHERE cart_id IS NOT NULL;
CREATE INDEX line_adjustments_order ON shop.line_adjustments (store_id, order_id) WHERE order_id IS NOT NULL;

CREATE TABLE shop.order_events (
    store_id uuid NOT NULL,
    id uuid NOT NULL,
    order_id uuid NOT NULL,
    sequence integer NOT NULL,
    type text NOT NULL,
    detail jsonb NOT NULL DEFAULT '{}',
    actor text NOT NULL,
    note text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL,
    PRIMARY KEY (store_id, order_id, sequence)
);

CREATE TABLE shop.payment_sessions (
    store_id uuid NOT NULL,
    id uuid NOT NULL,
    cart_id uuid,
    cart_version integer NOT NULL,
    order_id uuid,
    payment_id uuid NOT NULL,
    provider text NOT NULL,
    method text NOT NULL,
    flow text NOT NULL,
    intent text NOT NULL DEFAULT 'pay' CHECK (intent IN ('pay', 'authorize', 'save_only')),
    status text NOT NULL CHECK (status IN (
        'starting', 'open', 'completed', 'failed', 'voided', 'expired')),
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    amount bigint NOT NULL CHECK (amount >= 0),
    snapshot jsonb NOT NULL,
    inputs jsonb NOT NULL DEFAULT '{}',
    action bytea,
    data bytea,
    polls integer NOT NULL DEFAULT 0,
    next_poll_at timestamptz,
    expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (store_id, id)
);
CREATE INDEX payment_sessions_cart ON shop.payment_sessions (store_id, cart_id);
CREATE INDEX payment_sessions_order ON shop.payment_sessions (store_id, order_id);
CREATE INDEX payment_sessions_open ON shop.payment_sessions (store_id, expires_at)
    WHERE status IN ('starting', 'open');

CREATE TABLE shop.payments (
    store_id uuid NOT NULL,
    id uuid NOT NULL,
    order_id uuid,
    cart_id uuid,
    session_id uuid,
    provider text NOT NULL,
    method text NOT NULL,
    intent text NOT NULL DEFAULT 'pay',
    status text NOT NULL CHECK (status IN (
        'awaiting', 'authorized', 'partially_paid', 'paid', 'partially_refunded', 'refunded',
        'failed')),
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    amount bigint NOT NULL CHECK (amount >= 0),
    authorized bigint NOT NULL DEFAULT 0 CHECK (authorized >= 0),
    captured bigint NOT NULL DEFAULT 0 CHECK (captured >= 0),
    refunded bigint NOT NULL DEFAULT 0 CHECK (refunded >= 0),
    disputed bigint NOT NULL DEFAULT 0 CHECK (disputed >= 0),
    operation_id text NOT NULL,
    provider_ref text,
    saved_method text,
    error_code text NOT NULL DEFAULT '',
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (store_id, id),
    UNIQUE (store_id, operation_id)
);
CREATE UNIQUE INDEX payments_provider_ref
    ON shop.payments (store_id, provider, provider_ref) WHERE provider_ref IS NOT NULL;
CREATE INDEX payments_order ON shop.payments (store_id, order_id);

CREATE TABLE shop.payment_facts (
    store_id uuid NOT NULL,
    id uuid NOT NULL,
    payment_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('authorization', 'capture', 'refund', 'dispute')),
    object_id text NOT NULL,
    status text NOT NULL,
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    amount bigint NOT NULL CHECK (amount >= 0),
    fee bigint,
    code text NOT NULL DEFAULT '',
    source text NOT NULL,
    occurred_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (store_id, id),
    UNIQUE (store_id, payment_id, kind, object_id, status, amount),
    FOREIGN KEY (store_id, payment_id) REFERENCES shop.payments (store_id, id)
);

CREATE TABLE shop.refunds (
    store_id uuid NOT NULL,
    id uuid NOT NULL,
    payment_id uuid NOT NULL,
    order_id uuid,
    operation_id text NOT NULL,
    provider_ref text,
    status text NOT NULL CHECK (status IN ('pending', 'succeeded', 'failed')),
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    amount bigint NOT NULL CHECK (amount > 0),
    reason text NOT NULL DEFAULT '',
    lines jsonb NOT NULL DEFAULT '[]',
    actor text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (store_id, id),
    UNIQUE (store_id, operation_id),
    FOREIGN KEY (store_id, payment_id) REFERENCES shop.payments (store_id, id)
);
CREATE INDEX refunds_payment ON shop.refunds (store_id, payment_id);

CREATE TABLE shop.disputes (
    store_id uuid NOT NULL,
    id uuid NOT NULL,
    payment_id uuid NOT NULL,
    provider_ref text NOT NULL,
    status text NOT NULL,
    reason text NOT NULL DEFAULT '',
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    amount bigint NOT NULL CHECK (amount >= 0),
    due_at timestamptz,
    evidence jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (store_id, id),
    UNIQUE (store_id, payment_id, provider_ref),
    FOREIGN KEY (store_id, payment_id) REFERENCES shop.payments (store_id, id)
);

CREATE TABLE shop.payment_methods (
    store_id uuid NOT NULL,
    id uuid NOT NULL,
    customer_id uuid NOT NULL,
    provider text NOT NULL,
    ref text NOT NULL,
    title text NOT NULL,
    expires_at timestamptz,
    created_at timestamptz NOT NULL,
    removed_at timestamptz,
    PRIMARY KEY (store_id, id),
    UNIQUE (store_id, provider, ref),
    FOREIGN KEY (store_id, customer_id) REFERENCES shop.customers (store_id, id)
);

CREATE TABLE shop.ledger_accounts (
    store_id uuid NOT NULL REFERENCES control.stores (id),
    id uuid NOT NULL,
    code text NOT NULL,
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (store_id, id),
    UNIQUE (store_id, code, currency)
);

CREATE TABLE shop.ledger_transfers (
    store_id uuid NOT NULL,
    id uuid NOT NULL,
    debit_account_id uuid NOT NULL,
    credit_account_id uuid NOT NULL,
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    amount bigint NOT NULL CHECK (amount > 0),
    kind text NOT NULL,
    dedupe_key text NOT NULL,
    payment_id uuid,
    order_id uuid,
    occurred_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (store_id, id),
    UNIQUE (store_id, dedupe_key),
    CHECK (debit_account_id <> credit_account_id),
    FOREIGN KEY (store_id, debit_account_id) REFERENCES shop.ledger_accounts (store_id, id),
    FOREIGN KEY (store_id, credit_account_id) REFERENCES shop.ledger_accounts (store_id, id)
);
CREATE INDEX ledger_transfers_order ON shop.ledger_transfers (store_id, order_id);

CREATE TABLE shop.shipments (
    store_id uuid NOT NULL,
    id uuid NOT NULL,
    order_id uuid NOT NULL,
    status text NOT NULL CHECK (status IN ('created', 'shipped', 'delivered', 'canceled')),
    carrier text NOT NULL DEFAULT '',
    tracking_number text NOT NULL DEFAULT '',
    tracking_url text NOT NULL DEFAULT '',
    lines jsonb NOT NULL,
    estimated_at timestamptz,
    shipped_at timestamptz,
    delivered_at timestamptz,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (store_id, id),
    FOREIGN KEY (store_id, order_id) REFERENCES shop.orders (store_id, id)
);
CREATE INDEX shipments_order ON shop.shipments (store_id, order_id);

CREATE TABLE shop.returns (
    store_id uuid NOT NULL,
    id uuid NOT NULL,
    order_id uuid NOT NULL,
    status text NOT NULL CHECK (status IN ('requested', 'received', 'refused', 'closed')),
    lines jsonb NOT NULL,
    restock boolean NOT NULL DEFAULT true,
    exchange_order_id uuid,
    refund_id uuid,
    reason text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (store_id, id),
    FOREIGN KEY (store_id, order_id) REFERENCES shop.orders (store_id, id)
);
CREATE INDEX returns_order ON shop.returns (store_id, order_id);

CREATE TABLE shop.subscriptions (
    store_id uuid NOT NULL,
    id uuid NOT NULL,
    customer_id uuid NOT NULL,
    payment_method_id uuid,
    status text NOT NULL CHECK (status IN ('active', 'past_due', 'paused', 'canceled')),
    interval_unit text NOT NULL CHECK (interval_unit IN ('day', 'week', 'month', 'year')),
    interval_count integer NOT NULL CHECK (interval_count > 0),
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    lines jsonb NOT NULL,
    shipping_address jsonb,
    attempts integer NOT NULL DEFAULT 0,
    next_at timestamptz,
    created_at timestamptz NOT NULL,
    canceled_at timestamptz,
    PRIMARY KEY (store_id, id),
    FOREIGN KEY (store_id, customer_id) REFERENCES shop.customers (store_id, id)
);
CREATE INDEX subscriptions_due ON shop.subscriptions (store_id, next_at) WHERE status IN ('active', 'past_due');
