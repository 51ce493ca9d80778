-- Files that are imported. `position` is the byte behind the last row that was dealt with; it moves
-- in the transaction that writes those rows. `via` says who works on it: the worker or a command.
CREATE TABLE shop.imports (
    store_id uuid NOT NULL REFERENCES control.stores (id),
    id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('products', 'prices', 'stock')),
    state text NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'failed', 'canceled')),
    via text NOT NULL CHECK (via IN ('api', 'command')),
    file_name text NOT NULL,
    fingerprint bytea NOT NULL,
    size bigint NOT NULL CHECK (size >= 0),
    rows bigint NOT NULL CHECK (rows >= 0),
    dry_run boolean NOT NULL,
    actor text NOT NULL,
    position bigint NOT NULL DEFAULT 0,
    created bigint NOT NULL DEFAULT 0,
    changed bigint NOT NULL DEFAULT 0,
    unchanged bigint NOT NULL DEFAULT 0,
    refused bigint NOT NULL DEFAULT 0,
    error text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL,
    finished_at timestamptz,
    PRIMARY KEY (store_id, id)
);
CREATE INDEX imports_unfinished ON shop.imports (store_id, kind, fingerprint)
    WHERE state IN ('waiting', 'running');

-- The file itself, until it has been dealt with.
CREATE TABLE shop.import_chunks (
    store_id uuid NOT NULL,
    import_id uuid NOT NULL,
    number integer NOT NULL,
    data bytea NOT NULL,
    PRIMARY KEY (store_id, import_id, number),
    FOREIGN KEY (store_id, import_id) REFERENCES shop.imports (store_id, id)
);
ALTER TABLE shop.import_chunks ALTER COLUMN data SET STORAGE EXTERNAL;

CREATE TABLE shop.import_errors (
    store_id uuid NOT NULL,
    import_id uuid NOT NULL,
    number bigint NOT NULL,
    row bigint NOT NULL,
    place text NOT NULL,
    code text NOT NULL,
    message text NOT NULL,
    PRIMARY KEY (store_id, import_id, number),
    FOREIGN KEY (store_id, import_id) REFERENCES shop.imports (store_id, id)
);

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['imports', 'import_chunks', 'import_errors'] LOOP
        EXECUTE format('ALTER TABLE shop.%I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE shop.%I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format(
            'CREATE POLICY own_store ON shop.%I USING (store_id = ANY (ARRAY[nullif('
            'current_setting(''tradewind.store_id'', true), '''')::uuid]))', name);
    END LOOP;
END $$;
