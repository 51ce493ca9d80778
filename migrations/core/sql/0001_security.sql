-- Row-level security on everything a store owns, one search function, and what the app may touch.
DO $$
DECLARE name text;
BEGIN
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'shop' ORDER BY tablename LOOP
        EXECUTE format('ALTER TABLE shop.%I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format(
            'CREATE POLICY own_store ON shop.%I USING (store_id = ANY (ARRAY[nullif('
            'current_setting(''tradewind.store_id'', true), '''')::uuid]))', name);
        IF name <> 'product_search' THEN
            EXECUTE format('ALTER TABLE shop.%I FORCE ROW LEVEL SECURITY', name);
        END IF;
    END LOOP;
END $$;

-- Trigram operators are not leak-proof, so their index is unusable under row-level security; this
-- function reads the table as its owner and takes the store from the transaction's setting.
CREATE FUNCTION shop.search_products(query text, most integer)
RETURNS TABLE (product_id uuid, rank real)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
    SELECT s.product_id, public.word_similarity(lower(query), s.words)
    FROM shop.product_search s
    WHERE s.store_id = nullif(current_setting('tradewind.store_id', true), '')::uuid
      AND lower(query) OPERATOR(public.<%) s.words
      AND public.word_similarity(lower(query), s.words) > 0.6
    ORDER BY 2 DESC, 1
    LIMIT most
$$;

-- The same with a wider net, for "did you mean": what was typed is known to name nothing.
CREATE FUNCTION shop.nearest_products(query text, most integer)
RETURNS TABLE (product_id uuid, rank real)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
SET pg_trgm.word_similarity_threshold = 0.3
AS $$
    SELECT s.product_id, public.word_similarity(lower(query), s.words)
    FROM shop.product_search s
    WHERE s.store_id = nullif(current_setting('tradewind.store_id', true), '')::uuid
      AND lower(query) OPERATOR(public.<%) s.words
    ORDER BY 2 DESC, 1
    LIMIT most
$$;
REVOKE ALL ON FUNCTION
    shop.search_products(text, integer), shop.nearest_products(text, integer) FROM PUBLIC;

GRANT USAGE ON SCHEMA control, shop TO tradewind_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA control, shop TO tradewind_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA shop
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO tradewind_app;
GRANT EXECUTE ON FUNCTION
    shop.search_products(text, integer), shop.nearest_products(text, integer) TO tradewind_app;

-- Append-only.
REVOKE UPDATE, DELETE ON
    shop.audit_log, shop.stock_movements, shop.order_events, shop.payment_facts,
    shop.ledger_transfers, shop.messaging_log, shop.message_statuses, shop.events
FROM tradewind_app;
