-- What a plugin got wrong lately in a store, for whoever must judge it.
ALTER TABLE shop.plugin_settings ADD COLUMN failure_log jsonb NOT NULL DEFAULT '[]';

-- A delivery is held while its subscriber is switched on and cannot run.
ALTER TABLE shop.event_deliveries
    DROP CONSTRAINT event_deliveries_state_check,
    ADD CONSTRAINT event_deliveries_state_check
        CHECK (state IN ('pending', 'held', 'done', 'dead'));
