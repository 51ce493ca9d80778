-- What a store keeps in its media store. The same bytes are kept once for each use. `variants` are
-- the sizes that were made of a picture; `key` is where the bytes lie.
CREATE TABLE shop.media (
    store_id uuid NOT NULL REFERENCES control.stores (id),
    id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('picture', 'file', 'received')),
    key text NOT NULL,
    digest text NOT NULL CHECK (digest <> ''),
    name text NOT NULL,
    content_type text NOT NULL,
    bytes bigint NOT NULL CHECK (bytes >= 0),
    width integer CHECK (width > 0),
    height integer CHECK (height > 0),
    variants jsonb NOT NULL DEFAULT '[]',
    created_at timestamptz NOT NULL,
    PRIMARY KEY (store_id, id),
    CONSTRAINT media_kept_once UNIQUE (store_id, kind, digest)
);

ALTER TABLE shop.media ENABLE ROW LEVEL SECURITY;
ALTER TABLE shop.media FORCE ROW LEVEL SECURITY;
CREATE POLICY own_store ON shop.media USING (store_id = ANY (
    ARRAY[nullif(current_setting('tradewind.store_id', true), '')::uuid]));
