-- What a shopper sent is kept under the id of its message, so that one is forgotten without the other
-- where two people sent the same.
ALTER TABLE shop.media DROP CONSTRAINT media_kept_once;
CREATE UNIQUE INDEX media_kept_once ON shop.media (store_id, kind, digest) WHERE kind <> 'received';
CREATE INDEX media_received ON shop.media (store_id, created_at) WHERE kind = 'received';

ALTER TABLE shop.store_settings
    ADD COLUMN inbound_media_days integer NOT NULL DEFAULT 30 CHECK (inbound_media_days >= 0),
    ADD COLUMN inbound_media_megabytes integer NOT NULL DEFAULT 25
        CHECK (inbound_media_megabytes > 0);
