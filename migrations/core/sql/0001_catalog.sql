-- The store, its staff, its plugins, its catalog and its stock.
CREATE TABLE shop.store_settings (
    store_id uuid NOT NULL REFERENCES control.stores (id),
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    locale text NOT NULL DEFAULT 'en',
    time_zone text NOT NULL DEFAULT 'UTC',
    email text,
    default_region_id uuid,
    cart_days integer NOT NULL DEFAULT 7 CHECK (cart_days > 0),
    hold_minutes integer NOT NULL DEFAULT 15 CHECK (hold_minutes > 0),
    holds_per_shopper integer NOT NULL DEFAULT 20 CHECK (holds_per_shopper > 0),
    holds_per_address integer NOT NULL DEFAULT 50 CHECK (holds_per_address > 0),
    risk_on_failure text NOT NULL DEFAULT 'allow' CHECK (risk_on_failure IN ('allow', 'veto')),
    draft_first boolean NOT NULL DEFAULT false,
    retention jsonb NOT NULL DEFAULT '{}',
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (store_id)
);

CREATE TABLE shop.store_members (
    store_id uuid NOT NULL REFERENCES control.stores (id),
    account_id uuid NOT NULL REFERENCES control.accounts (id),
    role text NOT NULL CHECK (role IN ('owner', 'staff', 'read_only')),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (store_id, account_id)
);

CREATE TABLE shop.plugin_settings (
    store_id uuid NOT NULL REFERENCES control.stores (id),
    plugin text NOT NULL,
    enabled boolean NOT NULL DEFAULT false,
    settings bytea,
    failures integer NOT NULL DEFAULT 0,
    last_failed_at timestamptz,
    quarantined_at timestamptz,
    quarantine_reason text NOT NULL DEFAULT '',
    version integer NOT NULL DEFAULT 1,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (store_id, plugin)
);

CREATE TABLE shop.feature_flags (
    store_id uuid NOT NULL REFERENCES control.stores (id),
    name text NOT NULL,
    enabled boolean NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (store_id, name)
);

CREATE TABLE shop.audit_log (
    store_id uuid NOT NULL,
    id uuid NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    subject_type text NOT NULL,
    subject_id text NOT NULL,
    detail jsonb NOT NULL DEFAULT '{}',
    network_address text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL,
    PRIMARY KEY (store_id, id)
);

CREATE TABLE shop.cases (
    store_id uuid NOT NULL REFERENCES control.stores (id),
    id uuid NOT NULL,
    kind text NOT NULL,
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'closed')),
    dedupe_key text NOT NULL,
    title text NOT NULL,
    subject_type text NOT NULL,
    subject_id text NOT NULL,
    currency text,
    amount bigint,
    evidence jsonb NOT NULL DEFAULT '{}',
    actions text[] NOT NULL DEFAULT '{}',
    assigned_to text,
    opened_at timestamptz NOT NULL,
    closed_at timestamptz,
    closed_by text,
    resolution text NOT NULL DEFAULT '',
    PRIMARY KEY (store_id, id)
);
CREATE UNIQUE INDEX cases_open ON shop.cases (store_id, dedupe_key) WHERE state = 'open';

CREATE TABLE shop.regions (
    store_id uuid NOT NULL REFERENCES control.stores (id),
    id uuid NOT NULL,
    name text NOT NULL,
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    countries text[] NOT NULL,
    tax_inclusive boolean NOT NULL DEFAULT false,
    rounding text NOT NULL DEFAULT 'line' CHECK (rounding IN ('unit', 'line')),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (store_id, id)
);

CREATE TABLE shop.tax_rates (
    store_id uuid NOT NULL,
    id uuid NOT NULL,
    region_id uuid NOT NULL,
    name text NOT NULL DEFAULT 'Tax',
    rate numeric(9, 6) NOT NULL CHECK (rate >= 0 AND rate < 100),
    tax_class text NOT NULL DEFAULT 'standard',
    tax_shipping boolean NOT NULL DEFAULT false,
    province text,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (store_id, id),
    FOREIGN KEY (store_id, region_id) REFERENCES shop.regions (store_id, id)
);

CREATE TABLE shop.shipping_options (
    store_id uuid NOT NULL,
    id uuid NOT NULL,
    region_id uuid NOT NULL,
    name text NOT NULL,
    price bigint NOT NULL CHECK (price >= 0),
    estimate text NOT NULL DEFAULT '',
    rules jsonb NOT NULL DEFAULT '{}',
    position integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    archived_at timestamptz,
    PRIMARY KEY (store_id, id),
    FOREIGN KEY (store_id, region_id) REFERENCES shop.regions (store_id, id)
);

CREATE TABLE shop.promotions (
    store_id uuid NOT NULL REFERENCES control.stores (id),
    id uuid NOT NULL,
    code text,
    code_key text GENERATED ALWAYS AS (upper(code)) STORED,
    title text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('percentage', 'fixed', 'free_shipping', 'buy_x_get_y')),
    value numeric(18, 6) NOT NULL CHECK (value >= 0),
    currency text,
    rules jsonb NOT NULL DEFAULT '{}',
    minimum bigint,
    usage_limit integer,
    limit_per_customer integer,
    used integer NOT NULL DEFAULT 0 CHECK (used >= 0 AND (usage_limit IS NULL OR used <= usage_limit)),
    stackable boolean NOT NULL DEFAULT false,
    priority integer NOT NULL DEFAULT 0,
    starts_at timestamptz,
    ends_at timestamptz,
    created_at timestamptz NOT NULL,
    archived_at timestamptz,
    PRIMARY KEY (store_id, id)
);
CREATE UNIQUE INDEX promotions_code
    ON shop.promotions (store_id, code_key) WHERE code IS NOT NULL AND archived_at IS NULL;

CREATE TABLE shop.promotion_uses (
    store_id uuid NOT NULL,
    promotion_id uuid NOT NULL,
    order_id uuid NOT NULL,
    customer_key text NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (store_id, promotion_id, order_id),
    FOREIGN KEY (store_id, promotion_id) REFERENCES shop.promotions (store_id, id)
);

CREATE TABLE shop.categories (
    store_id uuid NOT NULL REFERENCES control.stores (id),
    id uuid NOT NULL,
    parent_id uuid,
    name text NOT NULL,
    handle text NOT NULL,
    position integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (store_id, id),
    UNIQUE (store_id, handle),
    FOREIGN KEY (store_id, parent_id) REFERENCES shop.categories (store_id, id)
);

CREATE TABLE shop.products (
    store_id uuid NOT NULL REFERENCES control.stores (id),
    id uuid NOT NULL,
    title text NOT NULL,
    handle text NOT NULL,
    description text NOT NULL DEFAULT '',
    kind text NOT NULL DEFAULT 'physical'
        CHECK (kind IN ('physical', 'digital', 'service', 'pack')),
    status text NOT NULL DEFAULT 'draft' CHECK (status IN ('draft', 'published', 'archived')),
    images text[] NOT NULL DEFAULT '{}',
    options jsonb NOT NULL DEFAULT '[]',
    metadata jsonb NOT NULL DEFAULT '{}',
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (store_id, id),
    UNIQUE (store_id, handle)
);
CREATE INDEX products_published ON shop.products (store_id, id) WHERE status = 'published';

CREATE TABLE shop.product_categories (
    store_id uuid NOT NULL,
    category_id uuid NOT NULL,
    product_id uuid NOT NULL,
    PRIMARY KEY (store_id, category_id, product_id),
    FOREIGN KEY (store_id, category_id) REFERENCES shop.categories (store_id, id),
    FOREIGN KEY (store_id, product_id) REFERENCES shop.products (store_id, id)
);
CREATE INDEX product_categories_product ON shop.product_categories (store_id, product_id);

CREATE TABLE shop.variants (
    store_id uuid NOT NULL,
    id uuid NOT NULL,
    product_id uuid NOT NULL,
    sku text NOT NULL,
    sku_key text NOT NULL GENERATED ALWAYS AS (upper(sku)) STORED,
    title text NOT NULL DEFAULT '',
    options jsonb NOT NULL DEFAULT '{}',
    tax_class text NOT NULL DEFAULT 'standard',
    tracked boolean NOT NULL DEFAULT true,
    weight_grams integer,
    position integer NOT NULL DEFAULT 0,
    image text,
    metadata jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL,
    archived_at timestamptz,
    PRIMARY KEY (store_id, id),
    FOREIGN KEY (store_id, product_id) REFERENCES shop.products (store_id, id)
);
-- upper() is not leak-proof, so an index on it would go unused under row-level security.
CREATE UNIQUE INDEX variants_sku ON shop.variants (store_id, sku_key);
CREATE INDEX variants_product ON shop.variants (store_id, product_id);

CREATE TABLE shop.prices (
    store_id uuid NOT NULL,
    id uuid NOT NULL,
    variant_id uuid NOT NULL,
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    amount bigint NOT NULL CHECK (amount >= 0),
    region_id uuid,
    starts_at timestamptz,
    ends_at timestamptz,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (store_id, id),
    FOREIGN KEY (store_id, variant_id) REFERENCES shop.variants (store_id, id),
    FOREIGN KEY (store_id, region_id) REFERENCES shop.regions (store_id, id)
);
CREATE UNIQUE INDEX prices_plain
    ON shop.prices (store_id, variant_id, currency) WHERE region_id IS NULL AND starts_at IS NULL;
CREATE INDEX prices_variant ON shop.prices (store_id, variant_id);

-- Words to search in. Row-level security is on but not forced: shop.search_products reads it.
CREATE TABLE shop.product_search (
    store_id uuid NOT NULL,
    product_id uuid NOT NULL,
    words text NOT NULL,
    PRIMARY KEY (store_id, product_id)
);
CREATE INDEX product_search_words ON shop.product_search USING gin (words public.gin_trgm_ops);

CREATE TABLE shop.stock_locations (
    store_id uuid NOT NULL REFERENCES control.stores (id),
    id uuid NOT NULL,
    name text NOT NULL,
    priority integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (store_id, id)
);

CREATE TABLE shop.inventory_levels (
    store_id uuid NOT NULL,
    variant_id uuid NOT NULL,
    location_id uuid NOT NULL,
    sku text NOT NULL,
    on_hand bigint NOT NULL DEFAULT 0,
    reserved bigint NOT NULL DEFAULT 0,
    held bigint NOT NULL DEFAULT 0,
    backorder boolean NOT NULL DEFAULT false,
    low_at bigint,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (store_id, variant_id, location_id),
    FOREIGN KEY (store_id, variant_id) REFERENCES shop.variants (store_id, id),
    FOREIGN KEY (store_id, location_id) REFERENCES shop.stock_locations (store_id, id),
    CHECK (reserved >= 0 AND held >= 0 AND (reserved + held <= on_hand OR backorder))
) WITH (fillfactor = 80);

CREATE TABLE shop.stock_reservations (
    store_id uuid NOT NULL,
    id uuid NOT NULL,
    variant_id uuid NOT NULL,
    location_id uuid NOT NULL,
    cart_id uuid NOT NULL,
    shopper_key text NOT NULL,
    network_address text NOT NULL DEFAULT '',
    quantity bigint NOT NULL CHECK (quantity > 0),
    expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (store_id, id),
    UNIQUE (store_id, cart_id, variant_id, location_id)
);
CREATE INDEX stock_reservations_expiry ON shop.stock_reservations (store_id, expires_at);
CREATE INDEX stock_reservations_variant ON shop.stock_reservations (store_id, variant_id);
CREATE INDEX stock_reservations_shopper ON shop.stock_reservations (store_id, shopper_key);

CREATE TABLE shop.stock_movements (
    store_id uuid NOT NULL,
    id uuid NOT NULL,
    variant_id uuid NOT NULL,
    location_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN (
        'received', 'adjusted', 'reserved', 'released', 'held', 'unheld', 'consumed', 'returned')),
    on_hand bigint NOT NULL DEFAULT 0,
    reserved bigint NOT NULL DEFAULT 0,
    held bigint NOT NULL DEFAULT 0,
    order_id uuid,
    cart_id uuid,
    reason text NOT NULL DEFAULT '',
    actor text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL,
    PRIMARY KEY (store_id, id)
);
CREATE INDEX stock_movements_variant ON shop.stock_movements (store_id, variant_id, id);
