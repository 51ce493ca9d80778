-- What shoppers ask most, in one round trip: which products stand there, their versions and what is
-- free of them. A call names its store to the row policies itself, unless the transaction has one, and can be a
-- transaction of its own.
-- Row policies make every row of a sequential scan dear, which the planner's costs do not tell.

CREATE FUNCTION shop.shelf(
    store uuid, newest boolean, after uuid, most integer,
    OUT pricing_version integer, OUT product_ids uuid[], OUT versions integer[],
    OUT variant_ids uuid[], OUT available bigint[], OUT backorder boolean[]
)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
AS $$
DECLARE
    variants uuid[];
BEGIN
    IF coalesce(current_setting('tradewind.store_id', true), '') = '' THEN
        PERFORM set_config('tradewind.store_id', store::text, true);
    END IF;
    IF newest THEN
        SELECT array_agg(p.id), array_agg(p.version) INTO product_ids, versions
        FROM (SELECT p.id, p.version FROM shop.products p
              WHERE p.store_id = store AND p.status = 'published'
                AND p.id < coalesce(after, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
              ORDER BY p.id DESC LIMIT most) p;
    ELSE
        SELECT array_agg(p.id), array_agg(p.version) INTO product_ids, versions
        FROM (SELECT p.id, p.version FROM shop.products p
              WHERE p.store_id = store AND p.status = 'published'
                AND p.id > coalesce(after, '00000000-0000-0000-0000-000000000000')
              ORDER BY p.id LIMIT most) p;
    END IF;
    SELECT array_agg(v.id),
           (SELECT s.pricing_version FROM shop.store_settings s WHERE s.store_id = store)
    INTO variants, pricing_version
    FROM shop.variants v WHERE v.store_id = store AND v.product_id = ANY (product_ids);
    SELECT array_agg(l.variant_id), array_agg(l.on_hand - l.reserved - l.held),
           array_agg(l.backorder)
    INTO variant_ids, available, backorder
    FROM shop.inventory_levels l WHERE l.store_id = store AND l.variant_id = ANY (variants);
END
$$;

CREATE FUNCTION shop.shelf_of(store uuid, asked_id uuid, asked_handle text)
RETURNS TABLE (
    pricing_version integer, product_id uuid, version integer,
    variant_id uuid, available bigint, backorder boolean
)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
AS $$
BEGIN
    IF coalesce(current_setting('tradewind.store_id', true), '') = '' THEN
        PERFORM set_config('tradewind.store_id', store::text, true);
    END IF;
    IF asked_id IS NULL THEN
        SELECT p.id INTO asked_id FROM shop.products p
        WHERE p.store_id = store AND p.handle = asked_handle;
    END IF;
    RETURN QUERY
    SELECT s.pricing_version, p.id, p.version,
           l.variant_id, l.on_hand - l.reserved - l.held, l.backorder
    FROM shop.store_settings s
    LEFT JOIN shop.products p
        ON p.store_id = store AND p.id = asked_id AND p.status = 'published'
    LEFT JOIN shop.variants v ON v.store_id = store AND v.product_id = p.id
    LEFT JOIN shop.inventory_levels l ON l.store_id = store AND l.variant_id = v.id
    WHERE s.store_id = store;
END
$$;

REVOKE ALL ON FUNCTION
    shop.shelf(uuid, boolean, uuid, integer),
    shop.shelf_of(uuid, uuid, text)
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    shop.shelf(uuid, boolean, uuid, integer),
    shop.shelf_of(uuid, uuid, text)
TO tradewind_app;
