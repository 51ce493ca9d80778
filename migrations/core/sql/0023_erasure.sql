-- What a person said, where they live and how they are reached is erased on request, also where
-- nothing else may be changed. Nobody can do that to a part of the history but by this function,
-- and all it can do is take personal words out of it. It acts as its owner and takes the store from
-- the transaction.
CREATE FUNCTION shop.forget_in_history(
    subjects text[], order_ids uuid[], conversation_ids uuid[], message_ids uuid[],
    grant_ids uuid[])
RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
    UPDATE shop.events e
    SET payload = e.payload || coalesce((
        SELECT jsonb_object_agg(w.name, w.nothing)
        FROM (VALUES ('email', 'null'::jsonb), ('session_id', 'null'), ('metadata', '{}'),
                     ('reason', '""'), ('tracking_number', '""'), ('tracking_url', '""'))
            AS w (name, nothing)
        WHERE e.payload ? w.name), '{}')
    WHERE e.store_id = nullif(current_setting('tradewind.store_id', true), '')::uuid
      AND e.aggregate = ANY (subjects);

    UPDATE shop.order_events
    SET note = '',
        detail = detail - ARRAY['reason', 'note', 'tracking', 'tracking_number', 'tracking_url']
    WHERE store_id = nullif(current_setting('tradewind.store_id', true), '')::uuid
      AND order_id = ANY (order_ids);

    UPDATE shop.audit_log SET detail = detail - ARRAY['reason', 'note', 'resolution']
    WHERE store_id = nullif(current_setting('tradewind.store_id', true), '')::uuid
      AND subject_type || ':' || subject_id = ANY (subjects);

    UPDATE shop.messaging_log SET identity = 'erased', reply_to = NULL
    WHERE store_id = nullif(current_setting('tradewind.store_id', true), '')::uuid
      AND (conversation_id = ANY (conversation_ids) OR id = ANY (message_ids));

    UPDATE shop.message_statuses SET provider_ref = NULL, error = ''
    WHERE store_id = nullif(current_setting('tradewind.store_id', true), '')::uuid
      AND message_id = ANY (message_ids);

    UPDATE shop.credit_entries SET note = ''
    WHERE store_id = nullif(current_setting('tradewind.store_id', true), '')::uuid
      AND grant_id = ANY (grant_ids)
$$;
REVOKE ALL ON FUNCTION shop.forget_in_history(text[], uuid[], uuid[], uuid[], uuid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION shop.forget_in_history(text[], uuid[], uuid[], uuid[], uuid[])
    TO tradewind_app;

-- Messages to an address, which belong to no conversation.
CREATE INDEX messaging_log_letters
    ON shop.messaging_log (store_id, identity) WHERE conversation_id IS NULL;

-- Where a merged cart's contents went.
CREATE INDEX carts_merged ON shop.carts (store_id, merged_into) WHERE merged_into IS NOT NULL;
