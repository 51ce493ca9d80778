-- Files that a digital product delivers. A product may be deleted later; what was sold of it is
-- still to be had, so a file stays, archived, and its product is not referred to by a key.
CREATE TABLE shop.product_files (
    store_id uuid NOT NULL REFERENCES control.stores (id),
    id uuid NOT NULL,
    product_id uuid NOT NULL,
    variant_id uuid,
    media_id uuid NOT NULL,
    title text NOT NULL,
    days integer NOT NULL CHECK (days > 0),
    downloads integer NOT NULL CHECK (downloads > 0),
    created_at timestamptz NOT NULL,
    archived_at timestamptz,
    PRIMARY KEY (store_id, id),
    FOREIGN KEY (store_id, media_id) REFERENCES shop.media (store_id, id)
);
CREATE INDEX product_files_product ON shop.product_files (store_id, product_id);
CREATE INDEX product_files_media ON shop.product_files (store_id, media_id);

-- What a buyer may fetch, how often and until when. Whoever counts one more than is allowed is
-- refused by the database.
CREATE TABLE shop.downloads (
    store_id uuid NOT NULL,
    id uuid NOT NULL,
    order_id uuid NOT NULL,
    line_id uuid NOT NULL,
    file_id uuid NOT NULL,
    allowed integer NOT NULL CHECK (allowed > 0),
    used integer NOT NULL DEFAULT 0,
    granted_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (store_id, id),
    CONSTRAINT downloads_granted_once UNIQUE (store_id, line_id, file_id),
    CONSTRAINT downloads_within_what_is_allowed CHECK (used >= 0 AND used <= allowed),
    FOREIGN KEY (store_id, order_id) REFERENCES shop.orders (store_id, id),
    FOREIGN KEY (store_id, line_id) REFERENCES shop.order_lines (store_id, id),
    FOREIGN KEY (store_id, file_id) REFERENCES shop.product_files (store_id, id)
);
CREATE INDEX downloads_order ON shop.downloads (store_id, order_id);
CREATE INDEX downloads_file ON shop.downloads (store_id, file_id);

ALTER TABLE shop.product_files ENABLE ROW LEVEL SECURITY;
ALTER TABLE shop.product_files FORCE ROW LEVEL SECURITY;
CREATE POLICY own_store ON shop.product_files USING (store_id = ANY (
    ARRAY[nullif(current_setting('tradewind.store_id', true), '')::uuid]));
ALTER TABLE shop.downloads ENABLE ROW LEVEL SECURITY;
ALTER TABLE shop.downloads FORCE ROW LEVEL SECURITY;
CREATE POLICY own_store ON shop.downloads USING (store_id = ANY (
    ARRAY[nullif(current_setting('tradewind.store_id', true), '')::uuid]));
